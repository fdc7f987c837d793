import type { TaskEventData } from '../types/Events.ts';
import type { Clock, Timer } from '../types/Ports.ts';

/** How often somebody is told, at most. */
const INTERVAL_MS = 100;
/** How much of the end of a text is told: enough for who follows it, little enough for who follows many. */
const MAX_TAIL = 4_096;

/** Tells what a model says while it says it: the newest state now and then, and the last one always. */
export class TextTeller {
  readonly #call: Pick<TaskEventData['task:text'], 'callId' | 'model'>;
  readonly #tell: (text: TaskEventData['task:text']) => void;
  readonly #clock: Clock;
  #tail = '';
  #length = 0;
  #told = 0;
  #timer: Timer | undefined;

  constructor(call: Pick<TaskEventData['task:text'], 'callId' | 'model'>, tell: (text: TaskEventData['task:text']) => void, clock: Clock) {
    this.#call = call;
    this.#tell = tell;
    this.#clock = clock;
  }

  /** Takes a piece of text. */
  add(piece: string): void {
    this.#length += piece.length;
    this.#tail = `${this.#tail}${piece}`;
    // Not with every piece: cutting a text costs as much as it is long.
    if (this.#tail.length > MAX_TAIL * 2) this.#tail = this.#tail.slice(-MAX_TAIL);
    if (this.#timer !== undefined) return;
    this.#send();
    this.#timer = this.#clock.setTimer(INTERVAL_MS, () => { this.#pass(); });
  }

  /** The text is complete: tells what has not been told. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#told < this.#length) this.#send();
  }

  #pass(): void {
    this.#timer = undefined;
    if (this.#told === this.#length) return;
    this.#send();
    this.#timer = this.#clock.setTimer(INTERVAL_MS, () => { this.#pass(); });
  }

  #send(): void {
    this.#told = this.#length;
    this.#tell({ ...this.#call, text: this.#tail.slice(-MAX_TAIL).toWellFormed(), length: this.#length });
  }
}
