import type { Clock, Timer } from '../types/Ports.ts';

interface Pending {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock for tests: stands still until it is moved. Pass it as `clock` in the second argument of `createTaskSystem`. */
export class FakeClock implements Clock {
  #time: number;
  readonly #timers = new Set<Pending>();

  /** @param startMs milliseconds since 1970 at the start; default 1_000_000. */
  constructor(startMs = 1_000_000) {
    this.#time = startMs;
  }

  /** How many timers are waiting. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#time;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { due: this.#time + Math.max(delayMs, 0), callback };
    this.#timers.add(timer);
    return { cancel: () => { this.#timers.delete(timer); } };
  }

  /** Moves time on and calls what falls due on the way, in order of time; also what is set on the way. */
  advance(byMs: number): void {
    const until = this.#time + byMs;
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      this.#timers.delete(next);
      this.#time = Math.max(this.#time, next.due);
      next.callback();
    }
    this.#time = until;
  }

  #nextDue(until: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  }
}
