/**
 * Clients that lose their connection about every 15 seconds and are away for 2. Arguments: kind, port, how many. On `expect` it waits
 * until every client has that many events, or for 20 seconds, and says which share of them came exactly once and in order.
 */
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { connect } from '../../src/client.ts';
import { onceInOrder } from '../lib/onceInOrder.ts';

const LOSS_EVERY_MS = 15_000;
const AWAY_MS = 2_000;
const PATIENCE_MS = 20_000;
const [kind = '', port = '', count = '0'] = process.argv.slice(2);
const counts = await Promise.all(Array.from({ length: Number(count) }, () => (kind === 'socket.io' ? withSocketIo() : withOurs())));
let isOver = false;

process.on('message', ({ expect }: { readonly expect: number }) => {
  isOver = true;
  const start = Date.now();
  const timer = setInterval(() => {
    if (counts.some((seen) => seen.size < expect) && Date.now() - start < PATIENCE_MS) return;
    clearInterval(timer);
    const once = counts.reduce((sum, seen) => sum + onceInOrder(seen), 0);
    process.send?.({ share: once / (expect * counts.length) });
  }, 100);
});
process.send?.({ ready: true });

function repeat(cut: () => void): void {
  setTimeout(() => {
    if (isOver) return;
    cut();
    repeat(cut);
  }, LOSS_EVERY_MS * (0.5 + Math.random()));
}

function note(seen: Map<number, number>, offset: number): void {
  seen.set(offset, (seen.get(offset) ?? 0) + 1);
}

async function withSocketIo(): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true, reconnectionDelay: AWAY_MS, randomizationFactor: 0 });
  socket.on('event', ({ offset }: { readonly offset: number }) => { note(seen, offset); });
  await new Promise<void>((resolve) => { socket.once('connect', () => { resolve(); }); });
  repeat(() => { socket.io.engine.close(); });
  return seen;
}

async function withOurs(): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  const open = new Set<WebSocket>();
  let awayUntil = 0;
  class Cut extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(Date.now() < awayUntil ? 'ws://127.0.0.1:1' : url, protocols);
      this.on('open', () => { open.add(this); });
      this.on('close', () => { open.delete(this); });
    }
  }
  const client = connect(`ws://127.0.0.1:${port}/tasks`, { WebSocket: Cut });
  const subscription = client.subscribe('tasks');
  subscription.on('*', ({ offset }) => { note(seen, offset); });
  await subscription.ready;
  repeat(() => {
    awayUntil = Date.now() + AWAY_MS;
    for (const socket of open) socket.terminate();
  });
  return seen;
}
