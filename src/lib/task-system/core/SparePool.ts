import type { TaskProcess } from './TaskProcess.ts';

/** Starts a process in a fresh directory. */
export type StartProcess = () => TaskProcess;

/**
 * Processes that were started ahead of need. Each is handed out once and never comes back. One that dies while it waits is
 * dropped and not replaced until the next is taken, so that a broken start cannot turn into a loop of starts.
 */
export class SparePool {
  readonly #size: number;
  readonly #start: StartProcess;
  readonly #onUnused: (spare: TaskProcess) => void;
  readonly #spares = new Set<TaskProcess>();
  #isClosed = false;

  /** @param onUnused is told of each spare that ended without having been handed out. */
  constructor(size: number, start: StartProcess, onUnused: (spare: TaskProcess) => void = () => undefined) {
    this.#size = size;
    this.#start = start;
    this.#onUnused = onUnused;
  }

  /** How many spares are waiting. */
  get size(): number {
    return this.#spares.size;
  }

  /** Starts as many as are missing. */
  fill(): void {
    while (!this.#isClosed && this.#spares.size < this.#size) {
      const spare = this.#start();
      this.#spares.add(spare);
      void spare.exited.then(() => { if (this.#spares.delete(spare)) this.#onUnused(spare); });
    }
  }

  /** The spare that has waited longest, or a new process; the pool is filled again right after. */
  take(): TaskProcess {
    // The process that is needed now goes first; its successor is started when this turn is over.
    setImmediate(() => { this.#refill(); });
    const [spare] = this.#spares;
    if (spare === undefined) return this.#start();
    this.#spares.delete(spare);
    return spare;
  }

  /** Ends all spares. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#spares].map((spare) => spare.destroy()));
  }

  #refill(): void {
    try {
      this.fill();
    } catch {
      // A full disk, no memory: nobody waits for a spare. The task that needs a process and gets none will say why.
    }
  }
}
