/**
 * Clients of a host that restarts. Arguments: kind, port, how many. From `restarting` on it notes when each is back; on `expect` it
 * waits until every client has that many events, or for 30 seconds, and says how it went.
 */
import { io } from 'socket.io-client';
import { connect } from '../../src/client.ts';
import { onceInOrder } from '../lib/onceInOrder.ts';

const PATIENCE_MS = 30_000;
const BUSY_MS = 100;
const [kind = '', port = '', count = '0'] = process.argv.slice(2);
/** When each client was back, in the order in which they came. */
const backAt: number[] = [];
let restartedAt = Number.POSITIVE_INFINITY;
const counts = await Promise.all(Array.from({ length: Number(count) }, () => (kind === 'socket.io' ? withSocketIo() : withOurs())));

process.on('message', (order: { readonly restarting: true } | { readonly expect: number }) => {
  if ('restarting' in order) restartedAt = Date.now();
  else waitFor(order.expect);
});
process.send?.({ ready: true });

function waitFor(expected: number): void {
  const start = Date.now();
  const timer = setInterval(() => {
    const isDone = counts.every((seen) => seen.size >= expected) && backAt.length >= counts.length;
    if (!isDone && Date.now() - start < PATIENCE_MS) return;
    clearInterval(timer);
    const once = counts.reduce((sum, seen) => sum + onceInOrder(seen), 0);
    process.send?.({ share: once / (expected * counts.length) });
    process.send?.({ returned: backAt.length / counts.length });
    process.send?.({ allBackMs: (backAt.at(-1) ?? Number.NaN) - restartedAt });
    process.send?.({ busiest: Math.max(...backAt.map((time, index) => backAt.filter((other, after) => after >= index && other < time + BUSY_MS).length)) / counts.length });
  }, 100);
}

/** A client that had been connected is connected again; it counts once. */
function returning(): () => void {
  let isBack = false;
  return () => {
    if (isBack || Date.now() < restartedAt) return;
    isBack = true;
    backAt.push(Date.now());
  };
}

function note(seen: Map<number, number>, offset: number): void {
  seen.set(offset, (seen.get(offset) ?? 0) + 1);
}

async function withSocketIo(): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true });
  socket.on('event', ({ offset }: { readonly offset: number }) => { note(seen, offset); });
  const back = returning();
  await new Promise<void>((resolve) => {
    socket.on('connect', () => {
      resolve();
      back();
    });
  });
  return seen;
}

async function withOurs(): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  const client = connect(`ws://127.0.0.1:${port}/tasks`);
  const subscription = client.subscribe('tasks');
  subscription.on('*', ({ offset }) => { note(seen, offset); });
  await subscription.ready;
  const back = returning();
  client.on('state', (state) => { if (state === 'live') back(); });
  return seen;
}
