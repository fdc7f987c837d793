import { deserializeError, TaskSystemError } from '../../types/Errors.ts';
import type { Reply, StoreChannel, StoreOp } from './wire.ts';

interface Waiter {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers what is asked for in one tick and sends it as one batch, in order: the engine makes one transaction of it. A batch that
 * reaches `batchSize` is sent at once, so that the engine works while this thread is still asking.
 */
export class OpQueue {
  readonly #channel: StoreChannel;
  readonly #batchSize: number;
  #ops: StoreOp[] = [];
  #waiters: Waiter[] = [];
  #flush: NodeJS.Immediate | undefined;
  #closing: Promise<void> | undefined;

  constructor(channel: StoreChannel, batchSize: number) {
    this.#channel = channel;
    this.#batchSize = batchSize;
  }

  /** Asks for one operation. Rejects with the error that its reply carries, or `SYSTEM_CLOSED` after {@link close}. */
  ask(op: StoreOp): Promise<Reply> {
    if (this.#closing !== undefined) {
      return Promise.reject(new TaskSystemError('SYSTEM_CLOSED', `The store was closed before "${op[0]}"`, { operation: op[0] }));
    }
    return new Promise((resolve, reject) => {
      this.#ops.push(op);
      this.#waiters.push({ resolve, reject });
      if (this.#ops.length >= this.#batchSize) this.#send();
      else this.#flush ??= setImmediate(() => { this.#send(); });
    });
  }

  /** Sends what is left and closes the channel; a second call gets the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ops.length > 0) this.#send();
    await this.#channel.close();
  }

  #send(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    const waiters = this.#waiters;
    const replies = this.#channel.send(this.#ops);
    this.#ops = [];
    this.#waiters = [];
    replies.then(
      (all) => { deliver(waiters, all); },
      (error: unknown) => { for (const { reject } of waiters) reject(error); },
    );
  }
}

function deliver(waiters: readonly Waiter[], replies: readonly Reply[]): void {
  for (const [index, { resolve, reject }] of waiters.entries()) {
    const reply = replies[index];
    if (reply === undefined) reject(new TaskSystemError('STORE_FAILED', 'The engine gave no answer'));
    else if (reply.error === undefined) resolve(reply);
    else reject(deserializeError(reply.error));
  }
}
