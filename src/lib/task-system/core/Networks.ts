import { join } from 'node:path';
import type { NetworkAccess, NetworkProxy } from '../policy/network/NetworkProxy.ts';
import type { LaunchNetwork } from '../policy/Sandbox.ts';
import type { IsolationLevel } from '../types/Isolation.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';
import { networkProgramOf } from './childEntry.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 10_000;

/** The ways of task processes to the network: the proxy, which is only loaded where some task may use it, and who has which way. */
export class Networks {
  readonly #options: ResolvedOptions;
  readonly #program: string;
  readonly #accesses = new Map<string, NetworkAccess>();
  #proxy: NetworkProxy | undefined;

  /** @param entry absolute path of the script that child processes run. */
  constructor(options: ResolvedOptions, entry: string) {
    this.#options = options;
    this.#program = networkProgramOf(entry);
  }

  /** Loads and opens the proxy. @param isShared whether there are tasks without a network of their own. */
  async open(isShared: boolean): Promise<void> {
    const { NetworkProxy: Proxy } = await import('../policy/network/NetworkProxy.ts');
    const { allowLoopback, allow, maxConnections, idleTimeoutMs } = this.#options.network;
    const limits = { maxConnections, idleTimeoutMs, connectTimeoutMs: CONNECT_TIMEOUT_MS, headersTimeoutMs: HEADERS_TIMEOUT_MS };
    this.#proxy = new Proxy({ folder: join(this.#options.root, 'sockets'), rules: { allowLoopback, allow }, limits });
    if (isShared) await this.#proxy.listen();
  }

  /** A way for a process that is about to start; undefined before `open`. */
  admit(processId: string, level: IsolationLevel): LaunchNetwork | undefined {
    const admitted = this.#proxy?.admit(level === 'kernel');
    if (admitted === undefined) return undefined;
    this.#accesses.set(processId, admitted);
    return { order: admitted.order, mounts: admitted.mounts, program: this.#program };
  }

  /** The way of a process, if it has one. */
  of(processId: string): NetworkAccess | undefined {
    return this.#accesses.get(processId);
  }

  /** Threads of a process that are not its task's: one passes on what programs send, where the process has a network of its own. */
  threadsOf(processId: string): number {
    return this.of(processId)?.order.socket === undefined ? 0 : 1;
  }

  /** Ends the way of a process. */
  forget(processId: string): void {
    this.#accesses.get(processId)?.close();
    this.#accesses.delete(processId);
  }

  /** Ends all of them. */
  close(): void {
    this.#proxy?.close();
  }
}
