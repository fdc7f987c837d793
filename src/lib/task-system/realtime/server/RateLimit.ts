import type { Clock } from '../../types/Ports.ts';

/** A bucket of permissions that refills steadily. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #filledAt: number;

  /** @param burst how many may come at once; `perSecond` how many come back each second. */
  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#filledAt = clock.now();
  }

  /** Takes one permission. False when none is left. */
  take(): boolean {
    const now = this.#clock.now();
    // A clock that was set back must not take permissions away.
    const refill = (Math.max(0, now - this.#filledAt) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + refill);
    this.#filledAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
