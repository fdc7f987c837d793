import { systemClock, type Clock, type Timer } from '../../src/lib/task-system/types/Ports.ts';

interface Pending {
  readonly due: number;
  readonly fire: () => void;
}

/**
 * The clock of the machine, on which a test can skip time. A limit of time that is meant to be met is so when the test says it, and not
 * when a slow machine has not even begun.
 */
export class SkippingClock implements Clock {
  readonly #pending = new Set<Pending>();
  #skippedMs = 0;

  now(): number {
    return systemClock.now() + this.#skippedMs;
  }

  setTimer(delayMs: number, callback: () => void, keepsAlive = false): Timer {
    const fire = (): void => {
      timer.cancel();
      callback();
    };
    const pending = { due: this.now() + Math.max(delayMs, 0), fire };
    const real = systemClock.setTimer(delayMs, fire, keepsAlive);
    const timer = { cancel: () => { real.cancel(); this.#pending.delete(pending); } };
    this.#pending.add(pending);
    return timer;
  }

  /** Moves time on at once, and calls what falls due by that, in order of time. */
  skip(byMs: number): void {
    this.#skippedMs += byMs;
    const now = this.now();
    const due = [...this.#pending].filter((pending) => pending.due <= now).sort((one, other) => one.due - other.due);
    for (const pending of due) if (this.#pending.has(pending)) pending.fire();
  }
}
