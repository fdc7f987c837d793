import type { Clock, Timer } from '../types/Ports.ts';

/**
 * Lets a value through at once and after that the newest one per interval, so that a busy loop cannot flood who listens.
 * The last value is never lost: it leaves when the interval is over, or with `close`.
 */
export class LatestGate<Value> {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #send: (value: Value) => void;
  #waiting: { readonly value: Value } | undefined;
  #timer: Timer | undefined;

  constructor(intervalMs: number, clock: Clock, send: (value: Value) => void) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#send = send;
  }

  /** Sends the value now, or keeps it until the interval is over unless a newer one comes. */
  push(value: Value): void {
    if (this.#timer !== undefined) {
      this.#waiting = { value };
      return;
    }
    this.#send(value);
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => {
      this.#timer = undefined;
      const next = this.#waiting;
      this.#waiting = undefined;
      if (next !== undefined) this.push(next.value);
    });
  }

  /** Sends the value that waits, if any, and stops the timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const last = this.#waiting;
    this.#waiting = undefined;
    if (last !== undefined) this.#send(last.value);
  }
}
