import { quantile, type Summary } from './statistics.ts';

const ROUNDS = 4_000;
const TAIL = 0.025;

/** The mean of samples that belong together, and between which values it would lie 19 times out of 20 with other samples of the kind. */
export function bootstrap(samples: readonly number[]): Summary {
  return resample(samples.length, (chosen) => meanOf(chosen.map((index) => samples[index] ?? Number.NaN)));
}

/** The same for any number that is made of some of the samples, which are told by their places. */
export function resample(count: number, statistic: (places: readonly number[]) => number): Summary {
  const random = seeded(count);
  const places = Array.from({ length: count }, (_, place) => place);
  const values = Array.from({ length: ROUNDS }, () => statistic(places.map(() => Math.floor(random() * count))));
  return { median: statistic(places), low: quantile(values, TAIL), high: quantile(values, 1 - TAIL), count };
}

/** The mean; not a number for no samples. */
export function meanOf(samples: readonly number[]): number {
  return samples.reduce((sum, value) => sum + value, 0) / samples.length;
}

/** Numbers from 0 to 1 that look random and are the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
