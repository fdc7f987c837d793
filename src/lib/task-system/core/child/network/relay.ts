import { connect, createServer } from 'node:net';
import type { ProxyOrder } from '../../../policy/network/ProxyOrder.ts';

/** Passes what comes to a port of the task's own loopback on to the socket of the proxy. @param ready is set to 1 once it does. */
export function runRelay({ port, socket: path }: ProxyOrder, ready: Int32Array): void {
  if (path === undefined) return;
  createServer((client) => {
    const proxy = connect(path);
    for (const [socket, other] of [[client, proxy], [proxy, client]] as const) {
      socket.on('error', () => { other.destroy(); });
      socket.once('close', () => { other.destroySoon(); });
      socket.pipe(other);
    }
  }).listen({ host: '127.0.0.1', port }, () => {
    Atomics.store(ready, 0, 1);
    Atomics.notify(ready, 0);
  });
}
