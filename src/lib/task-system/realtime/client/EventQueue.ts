import { EVENT_IS_STORED, type TaskEvent } from '../../types/Events.ts';

interface Waiter {
  readonly resolve: (result: IteratorResult<TaskEvent, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/** Events between the connection and whoever iterates over them. */
export class EventQueue {
  readonly #maxWaiting: number;
  readonly #events: TaskEvent[] = [];
  readonly #waiters: Waiter[] = [];
  #end: { readonly error: Error | undefined } | undefined;

  /** @param maxWaiting with so many events waiting, those that are not stored (progress, log, usage) are dropped. */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** Adds an event. */
  push(event: TaskEvent): void {
    if (this.#end !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve({ done: false, value: event });
    else if (this.#events.length < this.#maxWaiting || EVENT_IS_STORED[event.type]) this.#events.push(event);
  }

  /** Everything that waits. */
  takeAll(): readonly TaskEvent[] {
    return this.#events.splice(0);
  }

  /** The next event, as soon as there is one. After the end: done, or the error that ended it (once). */
  next(): Promise<IteratorResult<TaskEvent, undefined>> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#end === undefined) return new Promise((resolve, reject) => { this.#waiters.push({ resolve, reject }); });
    const { error } = this.#end;
    this.#end = { error: undefined };
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  /** No more events. What waits can still be taken unless it is dropped. */
  end(error: Error | undefined, drop: boolean): void {
    if (drop) this.#events.length = 0;
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const waiter of this.#waiters.splice(0)) void this.next().then(waiter.resolve, waiter.reject);
  }
}
