import { EVENT_IS_STORED, type TaskEvent } from '../../types/Events.ts';
import { type ClientFrame, topicsOf, type WirePosition, type WireTopic } from '../../types/Wire.ts';
import { EventQueue } from './EventQueue.ts';

/** Events of some topics, in order, each stored one once, across reconnections. */
export interface FeedSubscription extends AsyncIterableIterator<TaskEvent, undefined>, AsyncDisposable {
  /**
   * Resolves when the server has registered the subscription (nothing that happens after that is missed), or when it was closed.
   * Rejects as the iteration does.
   */
  readonly ready: Promise<void>;
  /** Up to where the events were received; what `since` of a later subscription wants. Undefined before `ready`. */
  readonly position: WirePosition | undefined;
  /** Ends the subscription and the iteration. */
  close(): void;
  /** Ends the subscription, as leaving a `for await` does. */
  return(): Promise<IteratorResult<TaskEvent, undefined>>;
}

const MAX_WAITING = 10_000;

/** The client's side of one subscription. */
export class SubscriptionState implements FeedSubscription {
  readonly id: string;
  readonly topics: ReadonlySet<WireTopic>;
  readonly ready: Promise<void>;
  readonly #queue = new EventQueue(MAX_WAITING);
  readonly #ready = Promise.withResolvers<void>();
  readonly #onClose: () => void;
  #position: WirePosition | undefined;
  #isLive = false;

  constructor(id: string, topics: readonly WireTopic[], since: WirePosition | undefined, onClose: () => void) {
    this.id = id;
    this.topics = new Set(topics);
    this.#position = since;
    this.#onClose = onClose;
    this.ready = this.#ready.promise;
    // Who does not look at `ready` must not die of it; the iteration tells the error too.
    this.ready.catch(() => undefined);
  }

  get position(): WirePosition | undefined {
    return this.#position;
  }

  /** Whether live events are for this subscription too; before that only those that are addressed to it. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** The frame that registers it, from where it stands now. */
  get frame(): ClientFrame {
    return { type: 'sub', id: this.id, topics: [...this.topics], ...(this.#position === undefined ? {} : { since: this.#position }) };
  }

  /** The connection is gone. */
  suspend(): void {
    this.#isLive = false;
  }

  /** The server cannot give the events since the position. */
  reset(): void {
    this.#position = undefined;
  }

  /** The server has registered it and sent everything up to this position. */
  goLive(position: WirePosition): void {
    // The live end of the server may be behind what its log has shown already.
    const isBehind = this.#position?.epoch === position.epoch && this.#position.offset > position.offset;
    if (!isBehind) this.#position = position;
    this.#isLive = true;
    this.#ready.resolve();
  }

  /** The server has sent everything up to this offset. */
  advance(offset: number): void {
    if (this.#isLive && this.#position !== undefined && offset > this.#position.offset) this.#position = { ...this.#position, offset };
  }

  /** Takes an event that was addressed to it, or a live one of its topics. Stored ones that it has seen are left out. */
  take(event: TaskEvent, isAddressed: boolean): void {
    const isMeant = isAddressed || (this.#isLive && topicsOf(event).some((topic) => this.topics.has(topic)));
    if (!isMeant) return;
    if (EVENT_IS_STORED[event.type]) {
      const { epoch, offset } = event;
      if (this.#position?.epoch === epoch && offset <= this.#position.offset) return;
      this.#position = { epoch, offset };
    }
    this.#queue.push(event);
  }

  /** Ends it; with an error the iteration throws it after the events that wait. */
  end(error?: Error): void {
    this.#isLive = false;
    this.#queue.end(error, false);
    if (error === undefined) this.#ready.resolve();
    else this.#ready.reject(error);
  }

  next(): Promise<IteratorResult<TaskEvent, undefined>> {
    return this.#queue.next();
  }

  return(): Promise<IteratorResult<TaskEvent, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  close(): void {
    this.#queue.end(undefined, true);
    this.end();
    this.#onClose();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
