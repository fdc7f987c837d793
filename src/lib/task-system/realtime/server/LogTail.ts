import { EVENT_IS_STORED, type TaskEvent } from '../../types/Events.ts';
import type { EventSource } from '../../types/Ports.ts';

/** What {@link LogTail} tells. */
export interface LogTailListener {
  /** The next event. Stored ones come in order of their offsets, each once. */
  onEvent(event: TaskEvent): void;
  /** Events are missing that cannot be read any more. Nothing comes after this. */
  onLoss(error: unknown): void;
}

const PAGE = 256;

/**
 * The live end of the log. Stored events may be emitted in another order than they were stored in, or not at all; a watcher that
 * remembers only one offset would lose them. An offset that is not the next one is therefore a reason to read the log, which is
 * always ahead of what is emitted.
 */
export class LogTail {
  readonly #source: EventSource;
  readonly #listener: LogTailListener;
  readonly #held: TaskEvent[] = [];
  readonly #stop: () => void;
  #position: number;
  #repairing: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  /** Starts at the newest event. */
  constructor(source: EventSource, listener: LogTailListener) {
    this.#source = source;
    this.#listener = listener;
    this.#position = source.offset;
    this.#stop = source.on('*', (event) => { this.#take(event); });
  }

  /** Offset of the newest stored event that was told. */
  get position(): number {
    return this.#position;
  }

  /** Tells what is stored up to this offset, though some of it was not emitted yet. Resolves when it was told, or when the tail has ended. */
  async reach(offset: number): Promise<void> {
    while (this.#position < offset && !this.#isStopped()) await (this.#repairing ?? this.#startRepair(offset));
  }

  /** Ends it; nothing is told any more. */
  stop(): void {
    this.#stopped.abort();
    this.#stop();
  }

  #take(event: TaskEvent): void {
    if (this.#repairing !== undefined) {
      this.#held.push(event);
    } else if (!EVENT_IS_STORED[event.type]) {
      this.#listener.onEvent(event);
    } else if (event.offset === this.#position + 1) {
      this.#tell(event);
    } else if (event.offset > this.#position) {
      this.#held.push(event);
      void this.#startRepair(event.offset);
    }
  }

  #startRepair(until: number): Promise<void> {
    this.#repairing = this.#repair(until);
    return this.#repairing;
  }

  #tell(event: TaskEvent): void {
    this.#position = event.offset;
    this.#listener.onEvent(event);
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #repair(until: number): Promise<void> {
    try {
      while (this.#position < until && !this.#isStopped()) {
        const page = await this.#source.readSince(this.#position, PAGE);
        if (this.#isStopped()) return;
        if (page === undefined || page.length === 0) throw new RangeError(`The events after offset ${String(this.#position)} are gone.`);
        for (const event of page) if (event.offset <= until) this.#tell(event);
      }
    } catch (error) {
      if (this.#isStopped()) return;
      this.stop();
      this.#listener.onLoss(error);
      return;
    }
    this.#repairing = undefined;
    for (const event of this.#held.splice(0)) this.#take(event);
  }
}
