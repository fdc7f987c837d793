import type { FoundValue } from './values.ts';

/** Who wrote a value, by how likely it is needed again: what the user said counts most, what only the model said least. */
const SOURCE_WEIGHTS = { user: 4, call: 3, note: 3, result: 1.5, assistant: 1 } as const;

/** What comes up again and again will do so once more: three times is about twice as good as once. */
const TIMES_POWER = 0.7;
const MAX_TIMES = 5;

/** Who wrote a value. */
export type ValueSource = keyof typeof SOURCE_WEIGHTS;

/** A value that may go into the note. */
export interface LedgerEntry {
  readonly value: string;
  readonly key: string;
  readonly score: number;
}

interface Sighting {
  readonly order: number;
  readonly sources: Set<ValueSource>;
  key: string;
  best: number;
  lastPlace: number;
  times: number;
}

/** Gathers the values of a conversation and ranks them: by who wrote them and how many did, how late, how often, and among how many like them. */
export class Ledger {
  readonly #seen = new Map<string, Sighting>();
  readonly #length: number;

  /** @param length number of messages of the conversation. */
  constructor(length: number) {
    this.#length = Math.max(length, 1);
  }

  /** Notes down what was found in the message at this place. */
  add(found: readonly FoundValue[], source: ValueSource, place: number): void {
    const recency = 0.4 + 0.6 * (place + 1) / this.#length;
    for (const { value, key, siblings, shape } of found) {
      const weight = SOURCE_WEIGHTS[source] * shape * recency / Math.sqrt(siblings);
      const known = this.#seen.get(value);
      if (known === undefined) {
        this.#seen.set(value, { order: this.#seen.size, sources: new Set([source]), key, best: weight, lastPlace: place, times: 1 });
        continue;
      }
      if (place !== known.lastPlace) known.times++;
      known.lastPlace = place;
      known.sources.add(source);
      known.best = Math.max(known.best, weight);
      if (known.key === '') known.key = key;
    }
  }

  /** Every value, the one most likely needed first. */
  rank(): readonly LedgerEntry[] {
    return [...this.#seen].map(([value, { key, best, times, sources, order }]) => ({ value, key, order, score: best * Math.min(times, MAX_TIMES) ** TIMES_POWER * Math.sqrt(sources.size) }))
      .sort((left, right) => right.score - left.score || right.order - left.order);
  }
}
