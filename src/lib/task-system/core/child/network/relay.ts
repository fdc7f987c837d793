import { connect, createServer } from 'node:net';
import type { ProxyOrder } from '../../../policy/network/ProxyOrder.ts';

/** Passes what comes to a port of the task's own loopback on to the socket of the proxy. */
export function runRelay({ port, socket: path }: ProxyOrder): void {
  if (path === undefined) return;
  createServer((client) => {
    const proxy = connect(path);
    for (const [socket, other] of [[client, proxy], [proxy, client]] as const) {
      socket.on('error', () => { other.destroy(); });
      socket.once('close', () => { other.destroySoon(); });
      socket.pipe(other);
    }
  }).listen({ host: '127.0.0.1', port });
}
