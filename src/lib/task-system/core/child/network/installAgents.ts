import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { Tunnels } from './Tunnels.ts';

type CreateConnection = NonNullable<http.Agent['createConnection']>;
type Options = Parameters<CreateConnection>[0];
type Done = Parameters<CreateConnection>[1];

/** As Node has them. */
const SETTINGS = { keepAlive: true, scheduling: 'lifo', timeout: 5_000 } as const;

/** Lets requests of `http` and `https` that name no agent of their own make their connections through tunnels. */
export function installAgents(tunnels: Tunnels): void {
  http.globalAgent = new PlainAgent(tunnels);
  https.globalAgent = new SecureAgent(tunnels);
}

class PlainAgent extends http.Agent {
  readonly #tunnels: Tunnels;

  constructor(tunnels: Tunnels) {
    super(SETTINGS);
    this.#tunnels = tunnels;
  }

  override createConnection(options: Options, done?: Done): Duplex | null | undefined {
    if (typeof options.socketPath === 'string') return super.createConnection(options, done);
    settle(this.#tunnels.open(options.host ?? 'localhost', Number(options.port ?? 80)), done);
    return undefined;
  }
}

class SecureAgent extends https.Agent {
  readonly #tunnels: Tunnels;

  constructor(tunnels: Tunnels) {
    super(SETTINGS);
    this.#tunnels = tunnels;
  }

  override createConnection(options: https.RequestOptions, done?: Done): Duplex | null | undefined {
    if (typeof options.socketPath === 'string') return super.createConnection(options, done);
    const opening = this.#tunnels.open(options.host ?? 'localhost', Number(options.port ?? 443));
    // With a socket that stands already, Node adds the encryption and its own bookkeeping of sessions.
    settle(opening.then((socket) => super.createConnection(Object.assign({ ...options }, { socket }))), done);
    return undefined;
  }
}

function settle(opening: Promise<Duplex | null | undefined>, done: Done): void {
  const tell = (error: unknown, socket?: Duplex | null): void => { if (done !== undefined) Reflect.apply(done, undefined, [error, socket]); };
  void opening.then((socket) => { tell(null, socket); }, tell);
}
