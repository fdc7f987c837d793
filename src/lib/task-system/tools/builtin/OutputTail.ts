/** Keeps the beginning and the end of a stream, whatever its length: of a long output these say most. */
export class OutputTail {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #head: Buffer[] = [];
  #tail: Buffer[] = [];
  #headFilled = 0;
  #tailFilled = 0;
  #dropped = 0;

  /** @param maxBytes how much is kept altogether. */
  constructor(maxBytes: number) {
    this.#tailBytes = Math.floor(maxBytes / 2);
    this.#headBytes = maxBytes - this.#tailBytes;
  }

  /** What was kept, as text, and whether something is missing; a line between its parts says how much. */
  result(): { readonly text: string; readonly isCut: boolean } {
    this.#trim();
    const [head, tail] = [Buffer.concat(this.#head), Buffer.concat(this.#tail)];
    if (this.#dropped === 0) return { text: Buffer.concat([head, tail]).toString(), isCut: false };
    return { text: `${head.toString()}\n[… ${String(this.#dropped)} bytes left out …]\n${tail.toString()}`, isCut: true };
  }

  /** Takes the next piece. */
  push(chunk: Buffer): void {
    const room = this.#headBytes - this.#headFilled;
    const first = chunk.subarray(0, room);
    if (first.length > 0) this.#head.push(first);
    this.#headFilled += first.length;
    const rest = chunk.subarray(first.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailFilled += rest.length;
    // Now and then, and not for each small piece.
    if (this.#tailFilled > 2 * this.#tailBytes || this.#tail.length > 1_024) this.#trim();
  }

  #trim(): void {
    const joined = Buffer.concat(this.#tail);
    const extra = Math.max(0, joined.length - this.#tailBytes);
    // A copy: a part of a large piece would keep all of it in memory.
    this.#tail = [Buffer.from(joined.subarray(extra))];
    this.#tailFilled = joined.length - extra;
    this.#dropped += extra;
  }
}
