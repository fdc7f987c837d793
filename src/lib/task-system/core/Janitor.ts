import { serializeError } from '../types/Errors.ts';
import type { Clock, Logger, Timer } from '../types/Ports.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';
import type { TaskStore } from '../types/TaskStore.ts';
import type { Artifacts } from './Artifacts.ts';
import type { Workspaces } from './Workspaces.ts';

const INTERVAL_MS = 5 * 60_000;
const BATCH = 500;

/** What the janitor works with. */
export interface JanitorPorts {
  readonly options: ResolvedOptions;
  readonly store: TaskStore;
  readonly workspaces: Workspaces;
  readonly artifacts: Pick<Artifacts, 'sweep'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Removes ended tasks and what they kept, old events, logs and workspaces, every few minutes and in small batches. */
export class Janitor {
  readonly #ports: JanitorPorts;
  #timer: Timer | undefined;
  #round: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(ports: JanitorPorts) {
    this.#ports = ports;
  }

  /** Starts the rounds; the first one comes after one interval, so that start-up is not slowed down. */
  start(): void {
    if (this.#isClosed) return;
    this.#timer = this.#ports.clock.setTimer(INTERVAL_MS, () => {
      this.#round = this.tidy().catch((error: unknown) => {
        this.#ports.logger.warn('tidying up failed; it is tried again later', { error: serializeError(error) });
      }).finally(() => { this.start(); });
    });
  }

  /** One round. */
  async tidy(): Promise<void> {
    const { options, store, workspaces, artifacts, clock } = this.#ports;
    const { maxAgeMs, maxCount } = options.storage.retention;
    for (let hasMore = true; hasMore && !this.#isClosed;) {
      const removed = await store.prune({ before: clock.now() - maxAgeMs, keep: maxCount, batch: BATCH });
      hasMore = removed.tasks === BATCH || removed.events === BATCH;
    }
    if (!this.#isClosed) await workspaces.sweep(options.workspaces.keepFailedMs, maxAgeMs);
    if (!this.#isClosed) await artifacts.sweep();
  }

  /** Ends the rounds; waits for the one under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#round;
  }
}
