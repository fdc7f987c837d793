import { request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Socket } from 'node:net';
import type { ProxyAccess } from './ProxyAccess.ts';
import { parseRequestTarget, type RequestTarget } from './target.ts';

/** What concerns one connection and not the request, and what the proxy says anew. */
const HOP_BY_HOP = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'host',
]);

/**
 * Passes a request with an absolute address on, over a connection of its own, and its response back. What the request says of its
 * own length is said anew, so both ends agree where it stops; the `Host` header is that of the address.
 * @throws what `ProxyAccess.connect` throws.
 */
export async function forward(access: ProxyAccess, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = parseRequestTarget(request.url ?? '');
  const socket = await access.connect(target, request.url ?? '');
  if (target === undefined || response.destroyed) socket.destroy();
  else await exchange(target, socket, request, response);
}

function exchange(target: RequestTarget, socket: Socket, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  const outgoing = sendRequest({
    createConnection: () => socket, method: request.method, path: target.path, setHost: false,
    headers: ['Host', target.authority, ...passedOn(request), ...(isChunked ? ['Transfer-Encoding', 'chunked'] : []), 'Connection', 'close'],
  });
  outgoing.once('response', (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, passedOn(incoming));
    pipeline(incoming, response, () => { socket.destroy(); resolve(undefined); });
  });
  outgoing.once('error', (error) => { socket.destroy(); reject(error); });
  // The request that breaks off, or whose sender is gone, takes the connection along.
  response.once('close', () => { socket.destroy(); resolve(undefined); });
  pipeline(request, outgoing, () => undefined);
  return promise.then(() => undefined);
}

/** Names and values of the headers that are meant for the other end, in their order. */
function passedOn({ rawHeaders, headers }: IncomingMessage): string[] {
  const named = new Set((headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim()));
  const result: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    const key = name.toLowerCase();
    if (!HOP_BY_HOP.has(key) && !named.has(key)) result.push(name, value);
  }
  return result;
}
