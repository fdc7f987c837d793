import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AddressGuard, type AddressRules, type ResolveAll } from '../../types/AddressGuard.ts';
import type { Mount } from '../sandbox/bubblewrap.ts';
import { ProxyAccess, type AccessLimits, type Pause } from './ProxyAccess.ts';
import { INNER_SOCKET, RELAY_PORT, type ProxyOrder } from './ProxyOrder.ts';
import { createProxyServer, type ServerLimits } from './ProxyServer.ts';

/** Room for the name of a socket in the address of one (108 bytes with its end), with the name of a file at the end of the folder. */
const MAX_FOLDER = 90;
/** Connections that have not said yet who they are, beside those that are used. */
const SPARE_CLIENTS = 32;
/** For tasks that share a server, at the weaker levels. */
const MAX_SHARED_CLIENTS = 1_024;

/** What a proxy is made of. */
export interface NetworkProxyOptions {
  /** Where sockets may lie; another place is found when the path is too long for one. Made with all that is above it; emptied first. */
  readonly folder: string;
  /** Which addresses may be reached beside public ones. */
  readonly rules: AddressRules;
  readonly limits: AccessLimits & Pick<ServerLimits, 'headersTimeoutMs'>;
  /** Resolves names. @defaultValue the system's resolver */
  readonly resolve?: ResolveAll;
  /** @defaultValue the system's timer */
  readonly pause?: Pause;
}

/** The way to the network that one task process has. */
export interface NetworkAccess {
  readonly order: ProxyOrder;
  /** What the sandbox has to show. */
  readonly mounts: readonly Mount[];
  readonly access: ProxyAccess;
  /** Ends it: no connection is left, and no new one is possible. */
  readonly close: () => void;
}

/**
 * The proxy of a host. Each sandboxed process gets a unix socket of its own in a folder that only the host may enter; what runs in no
 * network of its own shares a port of the loopback. Both ask for the token of the process.
 */
export class NetworkProxy {
  readonly #options: NetworkProxyOptions;
  readonly #guard: AddressGuard;
  readonly #folder: string;
  readonly #shared = new Map<string, ProxyAccess>();
  readonly #open = new Set<NetworkAccess>();
  #count = 0;
  #server: Server | undefined;
  #port = 0;

  constructor(options: NetworkProxyOptions) {
    this.#options = options;
    this.#guard = new AddressGuard(options.rules, options.resolve);
    this.#folder = prepareFolder(options.folder);
  }

  /** Begins to listen on the loopback, for processes that have no network of their own. */
  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const server = createProxyServer((token) => this.#shared.get(nameOf(token)), { ...this.#options.limits, maxClients: MAX_SHARED_CLIENTS });
    server.once('error', reject).listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => { resolve(undefined); });
    await promise;
    this.#server = server;
    const address = server.address();
    this.#port = typeof address === 'object' ? address?.port ?? 0 : 0;
    // A host that has nothing else to do may end.
    server.unref();
  }

  /** Whether processes without a network of their own can be let in. */
  get isListening(): boolean {
    return this.#server !== undefined;
  }

  /** A way for one process; shut until it is granted something. @param sandboxed whether it has a network of its own. */
  admit(sandboxed: boolean): NetworkAccess {
    const access = new ProxyAccess(this.#guard, this.#options.limits, this.#options.pause);
    const admitted = sandboxed ? this.#admitBySocket(access) : this.#admitByPort(access);
    this.#open.add(admitted);
    return admitted;
  }

  /** Ends everything. */
  close(): void {
    for (const admitted of this.#open) admitted.close();
    this.#server?.close();
    this.#server?.closeAllConnections();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #admitBySocket(access: ProxyAccess): NetworkAccess {
    const { limits } = this.#options;
    const path = join(this.#folder, String(this.#count++));
    const own = nameOf(access.token);
    const server = createProxyServer((token) => (nameOf(token) === own ? access : undefined), { ...limits, maxClients: limits.maxConnections + SPARE_CLIENTS });
    // Within its folder the host alone can reach it; in the sandbox the task is another user than the host.
    server.listen({ path, exclusive: true, readableAll: true, writableAll: true }).unref();
    const admitted: NetworkAccess = {
      access, order: { token: access.token, socket: INNER_SOCKET, port: RELAY_PORT, mayRelay: true }, mounts: [{ from: path, to: INNER_SOCKET }],
      close: () => {
        access.close();
        server.close();
        server.closeAllConnections();
        this.#open.delete(admitted);
      },
    };
    return admitted;
  }

  #admitByPort(access: ProxyAccess): NetworkAccess {
    const name = nameOf(access.token);
    this.#shared.set(name, access);
    const admitted: NetworkAccess = {
      access, order: { token: access.token, port: this.#port, mayRelay: true }, mounts: [],
      close: () => {
        this.#shared.delete(name);
        access.close();
        this.#open.delete(admitted);
      },
    };
    return admitted;
  }
}

/** Tokens are compared by their hashes: how long that takes says nothing of them. */
function nameOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function prepareFolder(wanted: string): string {
  if (Buffer.byteLength(wanted) > MAX_FOLDER) return mkdtempSync(join(shortTemporary(), 'task-system-'));
  rmSync(wanted, { recursive: true, force: true });
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  return wanted;
}

function shortTemporary(): string {
  return Buffer.byteLength(tmpdir()) > MAX_FOLDER / 2 ? '/tmp' : tmpdir();
}
