import type { Mark, Measure } from './Benchmark.ts';
import { summarise } from './statistics.ts';

/** Somebody who does the work. */
export interface Contestant {
  readonly name: string;
  /** Does the work once and returns the measured value. */
  readonly measure: () => Promise<number>;
}

/** The samples of each contestant, in the order of the rounds. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/** Name under which our own samples are kept. */
export const OURS = 'task-system';

/**
 * Lets the contestants work in turns, so that what slows the machine down for a while hits all of them. Each round begins with
 * another one. What happens in `warmUps` rounds before is not counted.
 */
export async function runRounds(contestants: readonly Contestant[], rounds: number, warmUps = 1): Promise<Rounds> {
  const samples = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    const shift = (round + warmUps) % contestants.length;
    for (const { name, measure } of [...contestants.slice(shift), ...contestants.slice(0, shift)]) {
      const value = await measure();
      if (round >= 0) samples.get(name)?.push(value);
    }
  }
  return samples;
}

/** Sets our samples against those of the peers. */
export function toMeasure(what: string, unit: Measure['unit'], rounds: Rounds, extra: MeasureExtra = {}): Measure {
  const { ours: oursName = OURS, peers = [...rounds.keys()].filter((name) => name !== oursName), mark, note } = extra;
  const ours = rounds.get(oursName) ?? [];
  const measure: Measure = {
    what,
    unit,
    ours: summarise(ours),
    peers: peers.map((name) => {
      const theirs = rounds.get(name) ?? [];
      return { name, value: summarise(theirs), ratio: summarise(theirs.map((value, index) => (ours[index] ?? Number.NaN) / value)) };
    }),
    ...(note === undefined ? {} : { note }),
  };
  return mark === undefined ? measure : { ...measure, mark: mark(measure) };
}

/** What a measure may have beside its numbers. */
export interface MeasureExtra {
  /** Whose samples are ours. @defaultValue `OURS` */
  readonly ours?: string;
  /** @defaultValue everybody else */
  readonly peers?: readonly string[];
  readonly mark?: (measure: Measure) => Mark;
  readonly note?: string;
}

/** The ratio against a peer; not a number when it did not take part. */
export function ratioTo(measure: Measure, peer: string): number {
  return measure.peers.find(({ name }) => name === peer)?.ratio.median ?? Number.NaN;
}
