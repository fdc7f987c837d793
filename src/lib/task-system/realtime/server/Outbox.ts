import { EVENT_IS_STORED, type TaskEvent } from '../../types/Events.ts';
import type { ServerFrame } from '../../types/Wire.ts';
import { type Batch, type EncodedEvent, eventFrame } from './Batch.ts';

/** How much may wait for a client that reads slowly. */
export interface OutboxLimits {
  /** Above this only stored events are sent; of progress and usage the newest of each task wait, log lines are dropped. */
  readonly softBytes: number;
  /** Above this the connection is cut; the client resumes from its offset. */
  readonly hardBytes: number;
}

const TEXT = { binary: false } as const;

/** The part of a WebSocket that is used here. */
export interface OutboxSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly bufferedAmount: number;
  /** `callback` is called when the data has left this process, or could not. */
  send(data: string | Buffer, options: { readonly binary: boolean }, callback: () => void): void;
}

/** What goes out on one connection. */
export class Outbox {
  readonly #socket: OutboxSocket;
  readonly #limits: OutboxLimits;
  readonly #onOverflow: () => void;
  /** The newest progress and usage of each task, by type and task, that a slow client has not been sent. */
  readonly #held = new Map<string, EncodedEvent>();
  readonly #onWritten = (): void => { this.#sendHeld(); };

  /** @param onOverflow more waits than the hard limit: the connection is to be cut, nothing more is added. */
  constructor(socket: OutboxSocket, limits: OutboxLimits, onOverflow: () => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onOverflow = onOverflow;
  }

  /** Sends a frame. */
  send(frame: ServerFrame): void {
    this.#write(JSON.stringify(frame));
  }

  /** Sends a frame that is text already. */
  sendText(text: string): void {
    this.#write(text);
  }

  /** Sends text; resolves when it has left this process, or when the connection is gone. */
  async sendPaced(text: string): Promise<void> {
    if (!this.#isOpen()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.send(text, TEXT, () => { resolve(); });
    await promise;
    this.#sendHeld();
  }

  /** Sends the live events of a flush. */
  deliver(batch: Batch): void {
    if (!this.#isOpen()) return;
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > this.#limits.hardBytes) this.#onOverflow();
    else if (bufferedAmount <= this.#limits.softBytes && this.#held.size === 0) this.#write(batch.frame);
    else this.#deliverSlowly(batch);
  }

  #deliverSlowly(batch: Batch): void {
    const stored: EncodedEvent[] = [];
    for (const encoded of batch.events) {
      const { event } = encoded;
      if (EVENT_IS_STORED[event.type]) {
        stored.push(encoded);
        // What is held of a task is from before this event, and must not come after it.
        for (const type of ['task:progress', 'task:usage'] as const) this.#held.delete(keyOf(type, event.taskId));
      } else if (event.type !== 'task:log') {
        this.#held.set(keyOf(event.type, event.taskId), encoded);
      }
    }
    if (stored.length > 0) this.#write(eventFrame(stored));
    this.#sendHeld();
  }

  #sendHeld(): void {
    if (this.#held.size === 0 || !this.#isOpen() || this.#socket.bufferedAmount > this.#limits.softBytes) return;
    const held = [...this.#held.values()];
    this.#held.clear();
    this.#write(eventFrame(held));
  }

  #write(data: string | Buffer): void {
    if (!this.#isOpen()) return;
    // Answers count too: who asks and never reads must not fill the memory.
    if (this.#socket.bufferedAmount > this.#limits.hardBytes) this.#onOverflow();
    else this.#socket.send(data, TEXT, this.#onWritten);
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}

function keyOf(type: TaskEvent['type'], taskId: string): string {
  return `${type} ${taskId}`;
}
