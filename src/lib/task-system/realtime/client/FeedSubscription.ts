import { EVENT_IS_STORED, type TaskEvent, type TaskEventMap } from '../../types/Events.ts';
import { type ClientFrame, type ResetReason, type TaskSummary, topicsOf, type WirePosition, type WireTopic } from '../../types/Wire.ts';
import { EventQueue } from './EventQueue.ts';
import { callSafely } from './StateTeller.ts';

/** Events of some topics, in order, each stored one once, across reconnections. */
export interface FeedSubscription extends AsyncIterableIterator<TaskEvent, undefined>, AsyncDisposable {
  /**
   * Resolves when the server has registered the subscription (nothing that happens after that is missed), or when it was closed.
   * Rejects as the iteration does.
   */
  readonly ready: Promise<void>;
  /** Up to where the events were received; what `since` of a later subscription wants. Undefined before `ready`. */
  readonly position: WirePosition | undefined;
  /** The tasks of the topics as they were when the subscription last began, where a snapshot was asked for. */
  readonly snapshot: readonly TaskSummary[] | undefined;
  /** Resolves when the subscription was closed. Rejects as the iteration does. */
  readonly ended: Promise<void>;
  /**
   * Calls `listener` with each event of the type; `'*'` with all. Events that came before the first listener come first. Events are
   * then no longer kept for a later iteration, only for one that has begun. What the listener throws becomes an uncaught error.
   * @returns removes it.
   */
  on<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<(...args: TaskEventMap[Type]) => void>): () => void;
  /** Ends the subscription and the iteration. */
  close(): void;
  /** Ends the subscription, as leaving a `for await` does. */
  return(): Promise<IteratorResult<TaskEvent, undefined>>;
}

const MAX_WAITING = 10_000;

/** What {@link SubscriptionState} needs. */
export interface SubscriptionSettings {
  readonly since: WirePosition | undefined;
  /** Whether to ask for the tasks of the topics. */
  readonly snapshot: boolean;
  readonly onReset: ((reason: ResetReason) => void) | undefined;
  /** It was closed from this side. */
  readonly onClose: () => void;
}

/** The client's side of one subscription. */
export class SubscriptionState implements FeedSubscription {
  readonly id: string;
  readonly topics: ReadonlySet<WireTopic>;
  readonly ready: Promise<void>;
  readonly #queue = new EventQueue(MAX_WAITING);
  readonly #ready = Promise.withResolvers<void>();
  readonly ended: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  readonly #settings: SubscriptionSettings;
  readonly #listeners = new Set<(event: TaskEvent) => void>();
  #position: WirePosition | undefined;
  #snapshot: readonly TaskSummary[] | undefined;
  /** What has come of a snapshot that is not complete yet. */
  readonly #arriving: TaskSummary[] = [];
  #isLive = false;
  #isIterated = false;
  #isHeard = false;

  constructor(id: string, topics: readonly WireTopic[], settings: SubscriptionSettings) {
    this.id = id;
    this.topics = new Set(topics);
    this.#position = settings.since;
    this.#settings = settings;
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    // Who does not look at these must not die of them; the iteration tells the error too.
    for (const promise of [this.ready, this.ended]) promise.catch(() => undefined);
  }

  get position(): WirePosition | undefined {
    return this.#position;
  }

  get snapshot(): readonly TaskSummary[] | undefined {
    return this.#snapshot;
  }

  on<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<(...args: TaskEventMap[Type]) => void>): () => void {
    const call = (event: TaskEvent): void => {
      const args: [event: TaskEvent] = [event];
      if (isFor(type, args)) callSafely(() => { listener(...args); });
    };
    this.#listeners.add(call);
    // In a moment: who adds one listener adds others in the same breath.
    if (!this.#isHeard) queueMicrotask(() => { this.#handOver(); });
    return () => { this.#listeners.delete(call); };
  }

  /** Whether live events are for this subscription too; before that only those that are addressed to it. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** The frame that registers it, from where it stands now. */
  get frame(): ClientFrame {
    const snapshot = this.#settings.snapshot ? { snapshot: true } : {};
    return { type: 'sub', id: this.id, topics: [...this.topics], ...(this.#position === undefined ? {} : { since: this.#position }), ...snapshot };
  }

  /** The connection is gone. */
  suspend(): void {
    this.#isLive = false;
    this.#arriving.length = 0;
  }

  /** The server cannot give the events since the position. */
  reset(reason: ResetReason): void {
    this.#position = undefined;
    this.#settings.onReset?.(reason);
  }

  /** The server has read the tasks of the topics, and sends them in parts. */
  see(tasks: readonly TaskSummary[], hasMore: boolean): void {
    this.#arriving.push(...tasks);
    if (!hasMore) this.#snapshot = this.#arriving.splice(0);
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
    this.#give(event);
  }

  /** Ends it; with an error the iteration throws it after the events that wait. */
  end(error?: Error): void {
    this.#isLive = false;
    this.#queue.end(error, false);
    for (const { resolve, reject } of [this.#ready, this.#ended]) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }

  next(): Promise<IteratorResult<TaskEvent, undefined>> {
    this.#isIterated = true;
    return this.#queue.next();
  }

  return(): Promise<IteratorResult<TaskEvent, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  close(): void {
    this.#queue.end(undefined, true);
    this.end();
    this.#settings.onClose();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #give(event: TaskEvent): void {
    if (this.#isHeard) for (const call of [...this.#listeners]) call(event);
    if (this.#isIterated || !this.#isHeard) this.#queue.push(event);
  }

  /** From now on events go to listeners; what has waited goes first, unless somebody iterates over it. */
  #handOver(): void {
    if (this.#isHeard) return;
    this.#isHeard = true;
    if (this.#isIterated) return;
    for (const event of this.#queue.takeAll()) this.#give(event);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

function isFor<Type extends keyof TaskEventMap>(type: Type, args: [event: TaskEvent]): args is TaskEventMap[Type] {
  return type === '*' || args[0].type === type;
}
