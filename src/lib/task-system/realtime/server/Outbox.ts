import { EVENT_IS_STORED, type TaskEvent } from '../../types/Events.ts';
import type { ServerFrame } from '../../types/Wire.ts';
import { type Batch, type EncodedEvent, eventFrame } from './Batch.ts';

/** How much may wait for a client that reads slowly. */
export interface OutboxLimits {
  /** Above this only stored events are sent; of progress, usage and text the newest of each task wait, log lines are dropped. */
  readonly softBytes: number;
  /** Above this the connection is cut; the client resumes from its offset. */
  readonly hardBytes: number;
}

/** The way out of this process. `callback` is called when what was sent has left it, or could not. */
export interface OutboxSocket {
  readonly isOpen: boolean;
  /** How many bytes have not left yet. */
  readonly bufferedBytes: number;
  /** Sends text as one message. */
  sendText(text: string, callback: () => void): void;
  /** Sends bytes that are a message already. Without a callback it costs a tenth less. */
  sendMessage(message: Buffer, callback?: () => void): void;
}

/** What goes out on one connection. */
export class Outbox {
  readonly #socket: OutboxSocket;
  readonly #limits: OutboxLimits;
  readonly #onOverflow: () => void;
  /** The newest progress, usage and text of each task, by type and task, that a slow client has not been sent. */
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
    if (!this.#socket.isOpen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.sendText(text, () => { resolve(); });
    await promise;
    this.#sendHeld();
  }

  /** Sends the live events of a flush. */
  deliver(batch: Batch): void {
    if (!this.#socket.isOpen) return;
    const { bufferedBytes } = this.#socket;
    const { softBytes, hardBytes } = this.#limits;
    if (bufferedBytes > hardBytes) this.#onOverflow();
    else if (bufferedBytes > softBytes || this.#held.size > 0) this.#deliverSlowly(batch);
    // Alone it does not reach the soft limit: whatever does comes behind it, and calls back.
    else if (bufferedBytes === 0 && batch.message.length <= softBytes) this.#socket.sendMessage(batch.message);
    else this.#socket.sendMessage(batch.message, this.#onWritten);
  }

  #deliverSlowly(batch: Batch): void {
    const stored: EncodedEvent[] = [];
    for (const encoded of batch.events) {
      const { event } = encoded;
      if (EVENT_IS_STORED[event.type]) {
        stored.push(encoded);
        // What is held of a task is from before this event, and must not come after it.
        for (const type of ['task:progress', 'task:usage', 'task:text'] as const) this.#held.delete(keyOf(type, event.taskId));
      } else if (event.type !== 'task:log') {
        this.#held.set(keyOf(event.type, event.taskId), encoded);
      }
    }
    if (stored.length > 0) this.#write(eventFrame(stored));
    this.#sendHeld();
  }

  #sendHeld(): void {
    if (this.#held.size === 0 || !this.#socket.isOpen || this.#socket.bufferedBytes > this.#limits.softBytes) return;
    const held = [...this.#held.values()];
    this.#held.clear();
    this.#write(eventFrame(held));
  }

  #write(text: string): void {
    if (!this.#socket.isOpen) return;
    // Answers count too: who asks and never reads must not fill the memory.
    if (this.#socket.bufferedBytes > this.#limits.hardBytes) this.#onOverflow();
    else this.#socket.sendText(text, this.#onWritten);
  }
}

function keyOf(type: TaskEvent['type'], taskId: string): string {
  return `${type} ${taskId}`;
}
