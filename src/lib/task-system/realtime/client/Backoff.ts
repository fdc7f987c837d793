const BASE_MS = 500;
/** A restart or a deployment is over in seconds: who waits 20 for a host that was away for 8 shows a page that stands still. */
const SHORT_OUTAGE_MAX_MS = 5_000;
/** With waits of 2.5 seconds on average these are spent after half a minute: from then on it is no restart, and attempts are only load. */
const SHORT_OUTAGE_FAILURES = 14;
const MAX_MS = 20_000;

/**
 * How long to wait before the next attempt to connect: exponential with full jitter, 0.5 to 5 seconds at most, and after half a
 * minute of failures up to 20.
 */
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
    const delay = this.#random() * boundAfter(this.#failures);
    this.#failures += 1;
    return Math.max(delay, notBeforeMs * (1 + this.#random()));
  }
}

function boundAfter(failures: number): number {
  const beyond = Math.max(0, failures + 1 - SHORT_OUTAGE_FAILURES);
  return Math.min(MAX_MS, Math.min(SHORT_OUTAGE_MAX_MS, BASE_MS * 2 ** failures) * 2 ** beyond);
}
