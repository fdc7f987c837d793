import http from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Tunnels } from './Tunnels.ts';

/** Where `fetch` and `WebSocket` of Node look for what makes their connections; a copy of undici that the task brings along does so too. */
const DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** What undici says of a connection that it needs. */
interface ConnectOptions {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | null;
}

type Done = (error: Error | null, socket: Duplex | null) => void;

/**
 * Lets `fetch` make its connections through tunnels. Where this Node has no such place any more, its own support of proxies by
 * variables of the environment does the same, with less to read in its errors.
 */
export function installFetch(tunnels: Tunnels): void {
  // Node loads what is behind it with the first use.
  new Response();
  const present: unknown = Reflect.get(globalThis, DISPATCHER);
  const Agent: unknown = typeof present === 'object' && present !== null ? present.constructor : undefined;
  if (typeof Agent === 'function' && Agent.name === 'Agent') {
    const connect = (options: ConnectOptions, done: Done): void => { void open(tunnels, options).then((socket) => { done(null, socket); }, (error: unknown) => { done(asError(error), null); }); };
    Reflect.set(globalThis, DISPATCHER, Reflect.construct(Agent, [{ connect }]));
  } else {
    const setProxy: unknown = Reflect.get(http, 'setGlobalProxyFromEnv');
    if (typeof setProxy === 'function') Reflect.apply(setProxy, http, []);
  }
}

function open(tunnels: Tunnels, { hostname, protocol, port, servername }: ConnectOptions): Promise<Duplex> {
  const number = port === '' ? DEFAULT_PORTS[protocol] ?? 0 : Number(port);
  if (protocol !== 'https:') return tunnels.open(hostname, number);
  const name = servername ?? (isIP(hostname) === 0 ? hostname : '');
  return tunnels.openTls(hostname, number, { servername: name, ALPNProtocols: ['http/1.1'] });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new TypeError(String(thrown));
}
