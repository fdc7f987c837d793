import type { TaskProcess } from './TaskProcess.ts';

/** Starts a process of a kind in a fresh directory. */
export type StartProcess<Kind> = (kind: Kind) => TaskProcess;

/** How many kinds of processes are kept ready. One that was not among the last few is started when it is needed. */
const MAX_KINDS = 4;

/**
 * Processes that were started ahead of need. Each is handed out once and never comes back. What is fixed when a process starts
 * makes its kind; a task only gets a spare of its own kind. One that dies while it waits is dropped and not replaced until the
 * next of its kind is taken, so that a broken start cannot turn into a loop of starts.
 */
export class SparePool<Kind> {
  readonly #size: number;
  readonly #nameOf: (kind: Kind) => string;
  readonly #start: StartProcess<Kind>;
  readonly #onUnused: (spare: TaskProcess) => void;
  /** The kinds that were asked for last, most recent last, each with its spares. */
  readonly #kinds = new Map<string, Set<TaskProcess>>();
  #isClosed = false;

  /**
   * @param size how many of each kind; @param nameOf is the same for kinds that can take each other's place;
   * @param onUnused is told of each spare that ended without having been handed out.
   */
  constructor(size: number, nameOf: (kind: Kind) => string, start: StartProcess<Kind>, onUnused: (spare: TaskProcess) => void = () => undefined) {
    this.#size = size;
    this.#nameOf = nameOf;
    this.#start = start;
    this.#onUnused = onUnused;
  }

  /** How many spares are waiting. */
  get size(): number {
    return [...this.#kinds.values()].reduce((sum, spares) => sum + spares.size, 0);
  }

  /** Starts as many of a kind as are missing. */
  fill(kind: Kind): void {
    const name = this.#nameOf(kind);
    const spares = this.#kinds.get(name) ?? new Set<TaskProcess>();
    this.#kinds.set(name, spares);
    while (!this.#isClosed && spares.size < this.#size) {
      const spare = this.#start(kind);
      spares.add(spare);
      void spare.exited.then(() => { if (spares.delete(spare)) this.#onUnused(spare); });
    }
  }

  /**
   * The spare that has waited longest, or a new process: none that has just ended, of which nobody may have told yet. The pool is filled again afterwards, if this kind is asked for repeatedly.
   * @param busy what goes before the successor: starting a process holds the host up for milliseconds.
   */
  take(kind: Kind, busy?: Promise<unknown>): TaskProcess {
    const name = this.#nameOf(kind);
    const spares = this.#kinds.get(name);
    this.#use(name, spares ?? new Set());
    // The process that is needed now goes first; its successor is started when this turn is over.
    const refillSoon = (): void => { setImmediate(() => { this.#refill(kind); }); };
    if (spares !== undefined && busy === undefined) refillSoon();
    else if (spares !== undefined) void busy?.then(refillSoon, refillSoon);
    const spare = [...spares ?? []].find(({ isThere }) => isThere);
    if (spare === undefined) return this.#start(kind);
    spares?.delete(spare);
    return spare;
  }

  /** Ends all spares. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#kinds.values()].flatMap((spares) => [...spares].map((spare) => spare.destroy())));
  }

  /** Makes a kind the most recent one, and lets go of the oldest. */
  #use(name: string, spares: Set<TaskProcess>): void {
    this.#kinds.delete(name);
    this.#kinds.set(name, spares);
    for (const [oldest, left] of this.#kinds) {
      if (this.#kinds.size <= MAX_KINDS) return;
      this.#kinds.delete(oldest);
      for (const spare of left) void spare.destroy();
    }
  }

  #refill(kind: Kind): void {
    try {
      if (this.#kinds.has(this.#nameOf(kind))) this.fill(kind);
    } catch {
      // A full disk, no memory: nobody waits for a spare. The task that needs a process and gets none will say why.
    }
  }
}
