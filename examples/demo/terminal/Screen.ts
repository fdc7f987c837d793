/** Where a screen draws: a terminal, or anything like it. */
export interface ScreenStream {
  write(text: string): unknown;
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const WRAP_OFF = '\u001b[?7l';
const WRAP_ON = '\u001b[?7h';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** A region at the end of a terminal's output that is drawn again and again, with ordinary lines above it. */
export class Screen {
  readonly #stream: ScreenStream;
  #drawn: readonly string[] = [];
  #isHidden = false;

  constructor(stream: ScreenStream) {
    this.#stream = stream;
  }

  /** Replaces the region. Lines must not be wider than the terminal. */
  draw(lines: readonly string[]): void {
    const start = this.#isHidden ? '' : HIDE_CURSOR;
    this.#isHidden = true;
    this.#stream.write(`${start}${WRAP_OFF}${this.#home()}${lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}${WRAP_ON}`);
    this.#drawn = lines;
  }

  /** Prints a line above the region; it stays. */
  print(line: string): void {
    this.#stream.write(`${this.#home()}${CLEAR_BELOW}${line}\n`);
    const region = this.#drawn;
    this.#drawn = [];
    if (region.length > 0) this.draw(region);
  }

  /** Removes the region and gives the cursor back. */
  clear(): void {
    this.#stream.write(`${this.#home()}${CLEAR_BELOW}${this.#isHidden ? SHOW_CURSOR : ''}`);
    this.#drawn = [];
    this.#isHidden = false;
  }

  #home(): string {
    return this.#drawn.length === 0 ? '' : `\u001b[${this.#drawn.length}A\r`;
  }
}
