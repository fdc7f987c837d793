import { randomBytes } from 'node:crypto';
import { connect as openSocket, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { AddressGuard } from '../../types/AddressGuard.ts';
import { TaskSystemError } from '../../types/Errors.ts';
import type { NetworkDenial } from '../../types/Events.ts';
import { fitsHost } from '../hosts.ts';
import { bareHost, isLiteral, type Target } from './target.ts';

const TOKEN_BYTES = 24;
const MAX_TOLD = 32;
const MAX_WRITTEN = 260;
/** How many refusals are answered at once; whoever goes on asking gets slower answers, so that deciding cannot keep the host busy. */
const PROMPT_REFUSALS = 100;
const REFUSAL_PAUSE_MS = 1_000;

/** What an attempt may reach, and who hears what it may not. */
export interface NetworkGrant {
  /** Patterns in the notation of policies. */
  readonly hosts: readonly string[];
  /** Told once for each host and reason, of the first 32. */
  readonly onDenied: (denial: NetworkDenial) => void;
}

/** Bounds of one access. */
export interface AccessLimits {
  /** Connections open at once. */
  readonly maxConnections: number;
  /** How long a connection may take to be made, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long nothing may pass in either direction, in milliseconds. */
  readonly idleTimeoutMs: number;
}

/** Waits; does not keep the host alive. */
export type Pause = (ms: number) => Promise<unknown>;

/** What passed through an access so far. */
export interface NetworkTraffic {
  readonly connections: number;
  readonly denied: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/**
 * The way of one task process through the proxy: known by a token, shut until an attempt is granted something, and shut for good once
 * the attempt is over. It makes all connections, so nothing gets out that was not decided here.
 */
export class ProxyAccess {
  /** Nobody but the process is told it. */
  readonly token = randomBytes(TOKEN_BYTES).toString('base64url');
  readonly limits: AccessLimits;
  readonly #guard: AddressGuard;
  readonly #pause: Pause;
  /** Connections to hosts, and those of the task that wait for one or use one. */
  readonly #upstreams = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  readonly #told = new Set<string>();
  #grant: NetworkGrant | undefined;
  #isClosed = false;
  #past = { connections: 0, denied: 0, sentBytes: 0, receivedBytes: 0 };

  constructor(guard: AddressGuard, limits: AccessLimits, pause: Pause = (ms) => setTimeout(ms, undefined, { ref: false })) {
    this.#guard = guard;
    this.limits = limits;
    this.#pause = pause;
  }

  /** What passed so far, open connections included. */
  get traffic(): NetworkTraffic {
    const open = [...this.#upstreams];
    return {
      ...this.#past,
      sentBytes: open.reduce((sum, { bytesWritten }) => sum + bytesWritten, this.#past.sentBytes),
      receivedBytes: open.reduce((sum, { bytesRead }) => sum + bytesRead, this.#past.receivedBytes),
    };
  }

  /** Opens the way for the attempt that the process was taken for. */
  grant(grant: NetworkGrant): void {
    this.#grant = grant;
  }

  /** Shuts the way for good and cuts every connection. */
  close(): void {
    this.#isClosed = true;
    this.#grant = undefined;
    for (const socket of [...this.#upstreams, ...this.#clients]) socket.destroy();
  }

  /** Makes a connection of the task one that ends with the access. */
  adopt(client: Socket): void {
    if (this.#isClosed) client.destroy();
    if (client.destroyed || this.#clients.has(client)) return;
    this.#clients.add(client);
    client.once('close', () => { this.#clients.delete(client); });
  }

  /**
   * Connects to a host that the attempt may reach, at an address that was looked up once, for this connection, and checked.
   * @param target undefined where `written`, which is what the task asked for, is not in the strict notation.
   * @throws TaskSystemError `NETWORK_DENIED`, `ADDRESS_REFUSED`, `NETWORK_BUSY`; or the error of the system.
   */
  async connect(target: Target | undefined, written: string): Promise<Socket> {
    const grant = this.#grant;
    try {
      const allowed = this.#decide(grant, target, written);
      return await this.#open(allowed);
    } catch (error) {
      if (TaskSystemError.isInstance(error)) this.#deny(grant, error, target, written);
      if (this.#past.denied > PROMPT_REFUSALS) await this.#pause(REFUSAL_PAUSE_MS);
      throw error;
    }
  }

  #decide(grant: NetworkGrant | undefined, target: Target | undefined, written: string): Target {
    if (grant === undefined) throw denied('no task is running for which it could be reached', { reason: 'over', host: shown(written) });
    if (target === undefined && /^https:/i.test(written)) {
      throw denied(`${JSON.stringify(shown(written))} was asked for in the open: https goes through a tunnel (CONNECT), as fetch, curl and git do by themselves`, { reason: 'name', host: shown(written) });
    }
    if (target === undefined) throw denied(`${JSON.stringify(shown(written))} is not a plain host with a port`, { reason: 'name', host: shown(written) });
    const { host, port } = target;
    // A pattern with a wildcard means names: an address has to be named as it is.
    const patterns = isLiteral(target) ? grant.hosts.filter((pattern) => !pattern.startsWith('*')) : grant.hosts;
    if (!patterns.some((pattern) => fitsHost(pattern, { host, port: String(port) }))) {
      throw denied(`"${host}", port ${String(port)}, is not among them: ${grant.hosts.join(', ') || 'none'}`, { reason: 'host', host, port });
    }
    this.#guard.requireHost(host);
    const { maxConnections } = this.limits;
    if (this.#upstreams.size >= maxConnections) throw new TaskSystemError('NETWORK_BUSY', `${String(maxConnections)} connections are open`, { host, port, maxConnections });
    return target;
  }

  #open({ host, port }: Target): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = openSocket({ host: bareHost(host), port, lookup: this.#guard.lookup, noDelay: true });
    this.#upstreams.add(socket);
    this.#past = { ...this.#past, connections: this.#past.connections + 1 };
    const fail = (error: Error): void => { reject(error); socket.destroy(); };
    socket.setTimeout(this.limits.connectTimeoutMs, () => { fail(timedOut(host, port)); });
    socket.on('error', fail);
    socket.once('close', () => {
      this.#upstreams.delete(socket);
      const { sentBytes, receivedBytes } = this.#past;
      this.#past = { ...this.#past, sentBytes: sentBytes + socket.bytesWritten, receivedBytes: receivedBytes + socket.bytesRead };
      reject(denied('the attempt is over', { reason: 'over', host, port }));
    });
    socket.once('connect', () => {
      socket.removeAllListeners('timeout');
      socket.setTimeout(this.limits.idleTimeoutMs, () => { socket.destroy(); });
      resolve(socket);
    });
    return promise;
  }

  #deny(grant: NetworkGrant | undefined, error: TaskSystemError, target: Target | undefined, written: string): void {
    if (error.code === 'NETWORK_BUSY') return;
    this.#past = { ...this.#past, denied: this.#past.denied + 1 };
    const host = target?.host ?? shown(written);
    const denial = { code: error.code, host, ...(target === undefined ? {} : { port: target.port }), message: error.message };
    const key = `${error.code} ${host} ${String(target?.port)}`;
    if (grant === undefined || this.#told.has(key) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(key);
    grant.onDenied(denial);
  }
}

function denied(what: string, details: { readonly reason: string; readonly host: string; readonly port?: number }): TaskSystemError {
  return new TaskSystemError('NETWORK_DENIED', what, { ...details });
}

function timedOut(host: string, port: number): Error {
  return Object.assign(new Error(`connect ETIMEDOUT ${host}:${String(port)}`), { code: 'ETIMEDOUT', syscall: 'connect', address: host, port });
}

/** What a task wrote, short enough and harmless enough for an event. */
function shown(written: string): string {
  return written.slice(0, MAX_WRITTEN).replace(/[^\x20-\x7e]/g, '?');
}
