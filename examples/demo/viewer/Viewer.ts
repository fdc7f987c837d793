import type { TaskEvent } from 'task-system';
import { Screen } from '../terminal/Screen.ts';
import type { Glyphs, Style } from '../terminal/style.ts';
import { cut, printable } from '../terminal/text.ts';
import { renderFrame } from './frame.ts';
import { lineFor } from './lines.ts';
import { TaskBoard, type BoardRow } from './TaskBoard.ts';

/** The output that a viewer writes to. */
export interface Output {
  write(text: string): unknown;
  /** Whether it is a terminal, that can be drawn over. */
  readonly isTTY?: boolean;
  /** Size of the terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

const FRAME_MS = 100;
const DEFAULT_COLUMNS = 100;
const DEFAULT_ROWS = 30;

/**
 * Shows tasks by their events: on a terminal as bars that move, elsewhere one line per change. It knows nothing but the events
 * it is given.
 */
export class Viewer {
  readonly board = new TaskBoard();
  /** Something about the view as a whole that is shown while it lasts. */
  note: string | undefined;
  readonly #output: Output;
  readonly #style: Style;
  readonly #glyphs: Glyphs;
  readonly #screen: Screen | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #warnings = new Set<string>();

  constructor(output: Output, style: Style, glyphs: Glyphs) {
    this.#output = output;
    this.#style = style;
    this.#glyphs = glyphs;
    if (output.isTTY !== true) return;
    this.#screen = new Screen(output);
    this.#timer = setInterval(() => { this.#draw(); }, FRAME_MS);
  }

  /** Columns of the output. */
  get width(): number {
    return this.#output.columns ?? DEFAULT_COLUMNS;
  }

  /** Takes one event in and shows what it changed. */
  show(event: TaskEvent): void {
    const change = this.board.apply(event);
    if (change === undefined) return;
    if (event.type === 'task:warning') this.#warn(event.data.code, event.data.message);
    // What a task was told is worth a line that stays, beside the bars as well.
    else if (this.#screen === undefined || event.type === 'task:context') this.#sayLine(lineFor(event, change.before, change.after));
    for (const check of this.#waiting) check();
  }

  /** Prints a line that stays. */
  say(line = ''): void {
    if (this.#screen === undefined) this.#output.write(`${line}\n`);
    else this.#screen.print(line);
  }

  /** Resolves once the tasks are as `condition` wants them; rejects when the signal is aborted first. */
  async until(condition: (rows: readonly BoardRow[]) => boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const check = (): void => { if (condition(this.board.rows)) resolve(undefined); };
    const stop = (): void => { reject(signal.reason instanceof Error ? signal.reason : new Error('stopped')); };
    this.#waiting.add(check);
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      check();
      await promise;
    } finally {
      this.#waiting.delete(check);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Ends the live view: the bars go, what was said stays. */
  finish(): void {
    clearInterval(this.#timer);
    this.#screen?.clear();
  }

  #draw(): void {
    this.#screen?.draw(renderFrame(this.board, {
      width: this.width, height: this.#output.rows ?? DEFAULT_ROWS, now: Date.now(), style: this.#style, glyphs: this.#glyphs, note: this.note,
    }));
  }

  #sayLine(line: string | undefined): void {
    if (line !== undefined) this.say(line);
  }

  /** Each kind of warning is told once: with many tasks it is the same one many times. */
  #warn(code: string, message: string): void {
    if (this.#warnings.has(code)) return;
    this.#warnings.add(code);
    this.say(this.#style.yellow(cut(printable(`warning ${code}: ${message}`), this.width - 1)));
  }
}
