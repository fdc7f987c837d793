import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { NetworkProxy, type NetworkAccess, type NetworkProxyOptions } from '../../../src/lib/task-system/policy/network/NetworkProxy.ts';
import { authorizationOf } from '../../../src/lib/task-system/policy/network/ProxyOrder.ts';
import type { ResolveAll } from '../../../src/lib/task-system/types/AddressGuard.ts';
import type { NetworkDenial } from '../../../src/lib/task-system/types/Events.ts';
import { temporaryDirectory } from '../../core/support.ts';

export const LIMITS = { maxConnections: 8, connectTimeoutMs: 10_000, idleTimeoutMs: 60_000, headersTimeoutMs: 10_000 };

/** Answers names from a table, and counts how often it was asked. */
export function resolverOf(table: Readonly<Record<string, readonly string[]>>): ResolveAll & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolve: ResolveAll = (name, _options, callback) => {
    asked.push(name);
    const addresses = table[name];
    if (addresses === undefined) callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []);
    else callback(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  };
  return Object.assign(resolve, { asked });
}

/** A proxy in a folder of its own that may reach this machine, and resolves `*.test` to it. */
export function openProxy(options: Partial<NetworkProxyOptions> = {}): { readonly proxy: NetworkProxy; readonly folder: string } {
  const folder = join(temporaryDirectory(), 'sockets');
  const resolve = resolverOf({ 'web.test': ['127.0.0.1'], 'other.test': ['127.0.0.1'] });
  const proxy = new NetworkProxy({ folder, rules: { allowLoopback: true }, limits: LIMITS, resolve, ...options });
  onTestFinished(() => { proxy.close(); });
  return { proxy, folder };
}

/** A process's way through a proxy, with what it was denied. */
export interface Admitted extends NetworkAccess {
  readonly denials: NetworkDenial[];
  /** The host's path of its socket. */
  readonly path: string;
  readonly authorization: string;
}

/** Lets a process in that may reach some hosts. */
export function admit(proxy: NetworkProxy, hosts: readonly string[]): Admitted {
  const admitted = proxy.admit(true);
  const denials: NetworkDenial[] = [];
  admitted.access.grant({ hosts, onDenied: (denial) => { denials.push(denial); } });
  return { ...admitted, denials, path: admitted.mounts[0]?.from ?? '', authorization: authorizationOf(admitted.order.token) };
}

/** A server on the loopback that is closed when the test is over. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => { server.close(); });
  return portOf(server);
}

/** A web server on the loopback. */
export async function webServer(listener: RequestListener): Promise<number> {
  const server = createHttpServer(listener);
  onTestFinished(() => { server.closeAllConnections(); });
  return listening(server);
}

/** A server that says what it was sent, in upper case. */
export async function echoServer(onSocket: (socket: Socket) => void = () => undefined): Promise<number> {
  return listening(createServer((socket) => {
    onSocket(socket);
    socket.on('error', () => undefined).on('data', (data: Buffer) => { socket.write(data.toString().toUpperCase()); });
    socket.on('end', () => { socket.end(); });
  }));
}

export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' ? address?.port ?? 0 : 0;
}

/** A connection to the socket of a process. */
export async function dial(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  onTestFinished(() => { socket.destroy(); });
  await once(socket, 'connect');
  return socket;
}

/** Everything that comes back for some bytes, until the proxy ends the connection. */
export async function ask(path: string, bytes: string): Promise<string> {
  const socket = await dial(path);
  socket.write(bytes);
  return text(socket);
}

/** The head of a request for a tunnel. */
export function connectRequest(target: string, authorization: string): string {
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: ${authorization}\r\n\r\n`;
}

/** A request for a plain address; the connection ends with it. */
export function getRequest(url: string, authorization: string, headers = ''): string {
  return `GET ${url} HTTP/1.1\r\nHost: ignored\r\nProxy-Authorization: ${authorization}\r\nConnection: close\r\n${headers}\r\n`;
}

/** Opens a tunnel, and gives the connection back when it stands. */
export async function openTunnel(admitted: Admitted, target: string): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const socket = await dial(admitted.path);
  socket.write(connectRequest(target, admitted.authorization));
  const [answer]: unknown[] = await once(socket, 'data');
  return { socket, answer: String(answer) };
}
