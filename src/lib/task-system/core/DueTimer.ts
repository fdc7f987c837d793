import type { Clock, Timer } from '../types/Ports.ts';

/** One timer for the earliest of many due times. */
export class DueTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #armed: { readonly at: number; readonly timer: Timer } | undefined;
  #isClosed = false;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Makes sure that `onDue` is called at `time` or before; it asks for the next time itself. */
  wakeAt(time: number): void {
    if (this.#isClosed || (this.#armed !== undefined && this.#armed.at <= time)) return;
    this.#armed?.timer.cancel();
    const timer = this.#clock.setTimer(Math.max(0, time - this.#clock.now()), () => {
      this.#armed = undefined;
      this.#onDue();
    });
    this.#armed = { at: time, timer };
  }

  /** Never calls `onDue` again. */
  close(): void {
    this.#isClosed = true;
    this.#armed?.timer.cancel();
  }
}
