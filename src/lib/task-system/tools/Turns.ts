/** Lets only so many of something go on at once; the others wait their turn, in order. */
export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Starts the work as soon as there is room, and gives what comes of it. */
  async take<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#running < this.#most) {
      this.#running++;
    } else {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#waiting.push(() => { resolve(undefined); });
      await promise;
    }
    try {
      return await work();
    } finally {
      // The place is handed over, not given back: nobody can come between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
