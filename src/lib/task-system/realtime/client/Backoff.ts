const BASE_MS = 500;
const MAX_MS = 20_000;

/** How long to wait before the next attempt to connect: exponential with full jitter, 0.5 to 20 seconds at most. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random a number from 0 (inclusive) to 1 (exclusive). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * The wait after a connection has ended, in milliseconds.
   * @param wasHealthy whether it had been up for a while: then counting begins anew. Not at once, or all clients of a host that restarts would be back in one moment.
   * @param notBeforeMs what the server asked for; clients spread over as much again, so that they do not all come at once.
   */
  next(wasHealthy: boolean, notBeforeMs: number): number {
    if (wasHealthy) this.#failures = 0;
    const delay = this.#random() * Math.min(MAX_MS, BASE_MS * 2 ** this.#failures);
    this.#failures += 1;
    return Math.max(delay, notBeforeMs * (1 + this.#random()));
  }
}
