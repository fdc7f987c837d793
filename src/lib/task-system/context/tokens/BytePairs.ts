const RANK_STEP = 2 ** 32;
const NOT_ASCII = /[^\0-\x7f]/;
const ASCII_PAIR = /[\0-\x7f]{2}/;

/** The vocabulary of an encoding: at each rank the text of the token, or its bytes where they are no text. */
export type Vocabulary = readonly (string | readonly number[] | undefined)[];

/**
 * Byte-pair merging in `n log n`. The tokenizer's own looks at every neighbour before each merge: a run of 80,000 Thai characters
 * takes it half a minute. This one keeps the neighbours in a heap and gives the same number.
 */
export class BytePairs {
  readonly #vocabulary: Vocabulary;
  /** Ranks by the bytes of the token, one character per byte. */
  readonly #ranks = new Map<string, number>();
  /** Ranks of the tokens of two bytes, by these; -1 for none. Every merging begins with a look at each pair of bytes. */
  readonly #pairs = new Int32Array(0x10000).fill(-1);
  #hasAscii = false;
  #hasOther = false;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** The number of tokens of one piece: a stretch of text that the encoding's pattern does not split. */
  count(piece: string): number {
    this.#learnFor(piece);
    const bytes = isAscii(piece) ? piece : bytesOf(piece);
    return this.#ranks.has(bytes) ? 1 : this.#merge(bytes);
  }

  /** A run of Thai needs no word of English: of the tokens only those are read that the piece can be made of. */
  #learnFor(piece: string): void {
    const needsOther = !this.#hasOther && !isAscii(piece);
    const needsAscii = !this.#hasAscii && ASCII_PAIR.test(piece);
    if (!needsOther && !needsAscii) return;
    this.#vocabulary.forEach((token, rank) => {
      if (token === undefined) return;
      const isPlain = typeof token === 'string' && isAscii(token);
      if (isPlain ? !needsAscii : !needsOther) return;
      const bytes = isPlain ? token : bytesOf(token);
      this.#ranks.set(bytes, rank);
      if (bytes.length === 2) this.#pairs[pairAt(bytes, 0)] = rank;
    });
    this.#hasOther ||= needsOther;
    this.#hasAscii ||= needsAscii;
  }

  #merge(bytes: string): number {
    const { length } = bytes;
    const next = Uint32Array.from({ length: length + 1 }, (_, index) => index + 1);
    const previous = Int32Array.from({ length: length + 1 }, (_, index) => index - 1);
    /** Rank of what the part at this place and its right neighbour would make; -1 for nothing. */
    const ranks = new Int32Array(length).fill(-1);
    const heap = new Heap(length);
    const look = (at: number): void => {
      const middle = next[at] ?? length;
      const end = next[middle] ?? length;
      const rank = middle >= length ? -1 : end - at === 2 ? this.#pairs[pairAt(bytes, at)] ?? -1 : this.#ranks.get(bytes.slice(at, end)) ?? -1;
      ranks[at] = rank;
      if (rank >= 0) heap.push(rank * RANK_STEP + at);
    };
    for (let at = 0; at < length - 1; at++) look(at);
    let parts = length;
    for (let best = heap.pop(); best !== undefined; best = heap.pop()) {
      const at = best % RANK_STEP;
      // A neighbour has been merged since, so this pair is no more.
      if (ranks[at] !== Math.floor(best / RANK_STEP)) continue;
      const gone = next[at] ?? length;
      const after = next[gone] ?? length;
      ranks[gone] = -1;
      next[at] = after;
      previous[after] = at;
      parts--;
      look(at);
      const before = previous[at] ?? -1;
      if (before >= 0) look(before);
    }
    return parts;
  }
}

function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

function pairAt(bytes: string, at: number): number {
  return bytes.charCodeAt(at) * 256 + bytes.charCodeAt(at + 1);
}

function bytesOf(token: string | readonly number[]): string {
  return (typeof token === 'string' ? Buffer.from(token, 'utf8') : Buffer.from(token)).toString('latin1');
}

/** Gives back the smallest number first. */
class Heap {
  #items: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#items = new Float64Array(Math.max(capacity, 16));
  }

  push(item: number): void {
    if (this.#size === this.#items.length) this.#grow();
    let hole = this.#size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = this.#at(parent);
      if (above <= item) break;
      this.#items[hole] = above;
      hole = parent;
    }
    this.#items[hole] = item;
  }

  pop(): number | undefined {
    if (this.#size === 0) return undefined;
    const top = this.#at(0);
    const last = this.#at(--this.#size);
    let hole = 0;
    for (let child = 1; child < this.#size; child = 2 * hole + 1) {
      if (child + 1 < this.#size && this.#at(child + 1) < this.#at(child)) child++;
      if (this.#at(child) >= last) break;
      this.#items[hole] = this.#at(child);
      hole = child;
    }
    this.#items[hole] = last;
    return top;
  }

  #at(index: number): number {
    return this.#items[index] ?? Infinity;
  }

  #grow(): void {
    const larger = new Float64Array(this.#items.length * 2);
    larger.set(this.#items);
    this.#items = larger;
  }
}
