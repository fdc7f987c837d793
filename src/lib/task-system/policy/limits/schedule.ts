/** How closely a new attempt is watched, and for how long. */
const CLOSE_MS = 100;
const CLOSE_WATCH_MS = 5_000;
/** Share of a limit above which it is watched closely again. */
const CLOSE_SHARE = 0.7;
/** How closely a quiet attempt is watched. */
const LOOSE_MS = 200;
/** The shortest step, for what grows so fast that it is over its limit before the next ordinary sample. */
const SHORTEST_MS = 20;

/** How near an attempt is to its limits. */
export interface Nearness {
  /** Age of the attempt, in milliseconds. */
  readonly ageMs: number;
  /** Highest share of any limit that is in use; 1 is all of it. */
  readonly share: number;
  /** In how many milliseconds the first limit is reached, if what grows goes on like that. `Infinity`: never. */
  readonly msToLimit: number;
}

/** When to take the next sample: 100 ms in the first 5 s or above 70 % of a limit, 200 ms otherwise, and at once where a limit is near. */
export function nextSampleMs({ ageMs, share, msToLimit }: Nearness): number {
  const step = ageMs < CLOSE_WATCH_MS || share > CLOSE_SHARE ? CLOSE_MS : LOOSE_MS;
  return Math.max(SHORTEST_MS, Math.min(step, msToLimit / 2));
}

/** One value that grows towards its limit. */
export class Trend {
  readonly #limit: number;
  #value = 0;
  #time: number;
  #msToLimit = Infinity;
  #peak = 0;

  /** @param limit `Infinity` for none. @param time when the value was 0, in milliseconds. */
  constructor(limit: number, time: number) {
    this.#limit = limit;
    this.#time = time;
  }

  /** Takes a new value. */
  push(value: number, time: number): void {
    const rate = (value - this.#value) / Math.max(1, time - this.#time);
    this.#msToLimit = rate > 0 ? Math.max(0, (this.#limit - value) / rate) : Infinity;
    this.#value = value;
    this.#time = time;
    this.#peak = Math.max(this.#peak, value);
  }

  /** The newest value. */
  get value(): number {
    return this.#value;
  }

  /** The highest value. */
  get peak(): number {
    return this.#peak;
  }

  /** Share of the limit in use. */
  get share(): number {
    return this.#value / this.#limit;
  }

  /** In how many milliseconds the limit is reached at the present rate. */
  get msToLimit(): number {
    return this.#msToLimit;
  }

  /** Whether the newest value is above the limit. */
  get isOver(): boolean {
    return this.#value > this.#limit;
  }
}
