import type { EventDraft } from '../types/Events.ts';
import type { Caller } from '../types/HostCalls.ts';

/** What one write takes at most. */
const MAX_BATCH = 256;

/**
 * Stores events of one attempt in their order without anybody waiting for the disk: while a write is under way, what comes is gathered for
 * the next. Who makes many events asks for `room` first, which there is none of while too many are unwritten.
 */
export class EventWriter {
  readonly #record: Caller['record'];
  readonly #most: number;
  readonly #onLost: (error: unknown) => void;
  readonly #waiting: EventDraft[] = [];
  #room = Promise.withResolvers<undefined>();
  #isWriting = false;

  /** @param most how many events may be unwritten before there is no more room. @param onLost called for each write that failed. */
  constructor(record: Caller['record'], most: number, onLost: (error: unknown) => void) {
    this.#record = record;
    this.#most = most;
    this.#onLost = onLost;
  }

  /** Takes events to be stored soon. */
  push(...events: readonly EventDraft[]): void {
    this.#waiting.push(...events);
    if (!this.#isWriting) void this.#write();
  }

  /** Resolves when there is room; at once where there is some. */
  async room(): Promise<void> {
    while (this.#waiting.length >= this.#most) await this.#room.promise;
  }

  /** Hands everything to the store now: what is given to it later comes after. */
  flush(): void {
    const rest = this.#waiting.splice(0);
    if (rest.length > 0) this.#record(rest).catch(this.#onLost);
    this.#openRoom();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    // What comes in the same turn goes into the same write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      await this.#record(batch).catch(this.#onLost);
      this.#openRoom();
    }
    this.#isWriting = false;
  }

  #openRoom(): void {
    this.#room.resolve(undefined);
    this.#room = Promise.withResolvers<undefined>();
  }
}
