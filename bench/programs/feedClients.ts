/** Many clients of one server of live events. Arguments: kind, port, how many. Says `ready`, and then each time so many events have come. */
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

const [kind = '', port = '', count = '0'] = process.argv.slice(2);
let received = 0;
let wanted = Number.POSITIVE_INFINITY;

process.on('message', (order: { readonly expect: number }) => {
  wanted = order.expect;
  check();
});
await Promise.all(Array.from({ length: Number(count) }, () => (kind === 'socket.io' ? withSocketIo() : withWebSocket())));
process.send?.({ ready: true });

function take(events: number): void {
  received += events;
  check();
}

function check(): void {
  if (received < wanted) return;
  process.send?.({ received });
  wanted = Number.POSITIVE_INFINITY;
}

async function withSocketIo(): Promise<void> {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true });
  socket.on('event', () => { take(1); });
  await new Promise<void>((resolve) => { socket.on('connect', () => { resolve(); }); });
}

async function withWebSocket(): Promise<void> {
  const isOurs = kind === 'task-system';
  const socket = new WebSocket(`ws://127.0.0.1:${port}${isOurs ? '/tasks' : ''}`);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  socket.on('open', () => { if (isOurs) socket.send('{"type":"hello"}'); else resolve(undefined); });
  socket.on('message', (data) => {
    const frame: { readonly type: string; readonly events?: readonly unknown[] } = JSON.parse(data instanceof Buffer ? data.toString() : '');
    if (!isOurs) take(1);
    else if (frame.type === 'welcome') socket.send('{"type":"sub","id":"a","topics":["tasks"]}');
    else if (frame.type === 'subok') resolve(undefined);
    else if (frame.type === 'ev') take(frame.events?.length ?? 0);
  });
  await promise;
}
