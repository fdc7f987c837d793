import type { Clock, Timer } from '../types/Ports.ts';
import { unlessAborted } from '../types/unlessAborted.ts';

/** How many calls of one model may be under way and begin. */
export interface GateSettings {
  readonly maxParallel: number;
  readonly requestsPerMinute: number | false;
}

const MINUTE_MS = 60_000;

interface Waiter {
  readonly pass: () => void;
}

/** The way to one model, for all tasks: who cannot pass waits in line. */
export class ModelGate {
  readonly #settings: GateSettings;
  readonly #clock: Clock;
  readonly #line: Waiter[] = [];
  /** When the calls of the last minute began. */
  readonly #begun: number[] = [];
  #inside = 0;
  #closedUntil = 0;
  #timer: Timer | undefined;

  constructor(settings: GateSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Waits for a turn. @returns gives it back; call it once. @throws the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const waiter = { pass: () => { resolve(undefined); } };
    this.#line.push(waiter);
    this.#admit();
    await unlessAborted(promise, signal, (reason) => {
      const place = this.#line.indexOf(waiter);
      // Whoever was let in a moment before the abort is inside, and leaves as everybody does.
      if (place >= 0) this.#line.splice(place, 1);
      return reason;
    });
    return () => {
      this.#inside--;
      this.#admit();
    };
  }

  /** Lets nobody in for a while: the provider asked all of us to wait. */
  close(forMs: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, this.#clock.now() + forMs);
  }

  #admit(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#line.length > 0 && this.#inside < this.#settings.maxParallel) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#timer = this.#clock.setTimer(waitMs, () => { this.#admit(); });
        return;
      }
      this.#inside++;
      if (this.#settings.requestsPerMinute !== false) this.#begun.push(this.#clock.now());
      this.#line.shift()?.pass();
    }
  }

  #waitMs(): number {
    const now = this.#clock.now();
    const { requestsPerMinute } = this.#settings;
    while ((this.#begun[0] ?? now) + MINUTE_MS <= now && this.#begun.length > 0) this.#begun.shift();
    const oldest = requestsPerMinute !== false && this.#begun.length >= requestsPerMinute ? this.#begun[0] : undefined;
    return Math.max(this.#closedUntil - now, oldest === undefined ? 0 : oldest + MINUTE_MS - now);
  }
}
