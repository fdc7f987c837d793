/** One step of work for a task. */
export interface ChainJob {
  /** Whether a newer job of this kind replaces this one while it waits as the last of its task. */
  readonly conflates: boolean;
  /** Must not reject. */
  run(): Promise<void>;
}

/** Runs the jobs of one task one after the other, and those of different tasks side by side. */
export class TaskChains {
  /** The waiting jobs of each task that has one running; the running one is not in the list. */
  readonly #waiting = new Map<string, ChainJob[]>();
  #idle = Promise.withResolvers<void>();

  /** Adds a job behind the others of its task. It never starts within this call. */
  push(taskId: string, job: ChainJob): void {
    const waiting = this.#waiting.get(taskId);
    if (waiting === undefined) {
      this.#waiting.set(taskId, [job]);
      void this.#run(taskId);
    } else if (job.conflates && waiting.at(-1)?.conflates === true) {
      waiting[waiting.length - 1] = job;
    } else {
      waiting.push(job);
    }
  }

  /** Resolves when no job is running or waiting. */
  async idle(): Promise<void> {
    if (this.#waiting.size > 0) await this.#idle.promise;
  }

  /** Drops the jobs that have not started; returns how many. */
  clear(): number {
    let dropped = 0;
    for (const waiting of this.#waiting.values()) dropped += waiting.splice(0).length;
    return dropped;
  }

  async #run(taskId: string): Promise<void> {
    await Promise.resolve();
    const waiting = this.#waiting.get(taskId) ?? [];
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job.run();
    this.#waiting.delete(taskId);
    if (this.#waiting.size > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }
}
