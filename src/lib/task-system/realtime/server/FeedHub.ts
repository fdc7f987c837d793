import { serializeError } from '../../types/Errors.ts';
import type { TaskEvent } from '../../types/Events.ts';
import { type Clock, type EventSource, type Logger, systemClock, type Timer } from '../../types/Ports.ts';
import { topicsOf } from '../../types/Wire.ts';
import { Batch, type EncodedEvent, encodeEvent } from './Batch.ts';
import { LogTail } from './LogTail.ts';

/** Learns when live events were lost. Only a new connection that reads the log can make up for it. */
interface FeedListener {
  lose(): void;
}

/** Gets the live events of its topics, flush by flush. */
export interface FeedReceiver extends FeedListener {
  deliver(batch: Batch): void;
}

/** Is told of every event, at once. */
export interface FeedFollower extends FeedListener {
  take(encoded: EncodedEvent): void;
}

interface Group {
  readonly key: string;
  readonly topics: readonly string[];
  readonly members: Set<FeedReceiver>;
  batch: Batch;
}

/** Under load there is one flush in this time, or one in so many characters of events: what comes together is encoded and sent together. */
const FLUSH_EVERY_MS = 10;
const FLUSH_CHARACTERS = 65_536;

/**
 * Spreads live events. Receivers with the same topics form a group, and the events of one flush are encoded once and become one
 * frame for the whole group. It listens to the source only while somebody listens here.
 */
export class FeedHub {
  readonly #source: EventSource;
  readonly #logger: Logger;
  readonly #groups = new Map<string, Group>();
  readonly #groupsByTopic = new Map<string, Set<Group>>();
  readonly #groupOf = new Map<FeedReceiver, Group>();
  readonly #followers = new Set<FeedFollower>();
  readonly #dirty = new Set<Group>();
  #tail: LogTail | undefined;
  readonly #clock: Clock;
  #flushing: Timer | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #waitingCharacters = 0;

  /** @param clock paces the flushes: the machine's own, whatever clock the rest of a system has. */
  constructor(source: EventSource, logger: Logger, clock: Clock = systemClock) {
    this.#source = source;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Identity of the event log. */
  get epoch(): string {
    return this.#source.epoch;
  }

  /** Offset of the newest stored event that was spread; without listeners: of the newest there is. */
  get position(): number {
    return this.#tail?.position ?? this.#source.offset;
  }

  /** Offset of the newest stored event that is known of, spread or not. */
  get newestOffset(): number {
    return Math.max(this.position, this.#source.offset);
  }

  /** Spreads what is stored up to this offset, though some of it was not emitted yet. To be asked for by who is a follower. */
  async reach(offset: number): Promise<void> {
    await this.#tail?.reach(offset);
  }

  /** Reads the log: see `EventSource.readSince`. */
  readSince(offset: number, limit: number, taskId?: string): Promise<readonly TaskEvent[] | undefined> {
    return this.#source.readSince(offset, limit, taskId);
  }

  /** Gives a receiver the live events of these topics from now on, and no others. Without topics it leaves. */
  setTopics(receiver: FeedReceiver, topics: Iterable<string>): void {
    // What waits was meant for the members of before.
    this.flush();
    this.#leave(receiver);
    const sorted = [...new Set(topics)].sort();
    if (sorted.length > 0) this.#join(receiver, sorted);
    this.#startOrStop();
  }

  /** Tells a follower of every event from now on, without waiting for a flush. @returns ends it. */
  follow(follower: FeedFollower): () => void {
    this.#followers.add(follower);
    this.#startOrStop();
    return () => {
      this.#followers.delete(follower);
      this.#startOrStop();
    };
  }

  /** Hands out what waits for the next flush, now. */
  flush(): void {
    this.#flushing?.cancel();
    this.#flushing = undefined;
    if (this.#dirty.size === 0) return;
    this.#flushedAt = this.#clock.now();
    this.#waitingCharacters = 0;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const group of dirty) {
      const { batch } = group;
      group.batch = new Batch();
      // Who is cut off meanwhile leaves the set, which does not disturb the loop; nobody joins.
      for (const receiver of group.members) receiver.deliver(batch);
    }
  }

  #take(event: TaskEvent): void {
    let encoded: EncodedEvent | undefined;
    const touched = new Set<Group>();
    for (const topic of topicsOf(event)) {
      for (const group of this.#groupsByTopic.get(topic) ?? []) touched.add(group);
    }
    for (const group of touched) {
      encoded ??= encodeEvent(event);
      group.batch.events.push(encoded);
      this.#dirty.add(group);
    }
    for (const follower of [...this.#followers]) {
      encoded ??= encodeEvent(event);
      follower.take(encoded);
    }
    if (touched.size > 0) this.#schedule(encoded?.json.length ?? 0);
  }

  /** The first event after a pause goes out at the end of the turn; those that follow soon wait for each other. */
  #schedule(characters: number): void {
    this.#waitingCharacters += characters;
    if (this.#waitingCharacters >= FLUSH_CHARACTERS) {
      this.flush();
      return;
    }
    const sinceMs = this.#clock.now() - this.#flushedAt;
    const isBusy = sinceMs >= 0 && sinceMs < FLUSH_EVERY_MS;
    this.#flushing ??= isBusy ? this.#clock.setTimer(FLUSH_EVERY_MS - sinceMs, () => { this.flush(); }) : endOfTurn(() => { this.flush(); });
  }

  #lose(error: unknown): void {
    this.#logger.error('The live feed lost events that are no longer in the log; its clients have to connect again.', { error: serializeError(error) });
    this.#tail = undefined;
    for (const listener of [...this.#groupOf.keys(), ...this.#followers]) listener.lose();
  }

  #join(receiver: FeedReceiver, topics: readonly string[]): void {
    const key = JSON.stringify(topics);
    const group = this.#groups.get(key) ?? { key, topics, members: new Set(), batch: new Batch() };
    if (group.members.size === 0) {
      this.#groups.set(key, group);
      for (const topic of topics) this.#groupsByTopic.set(topic, (this.#groupsByTopic.get(topic) ?? new Set()).add(group));
    }
    group.members.add(receiver);
    this.#groupOf.set(receiver, group);
  }

  #leave(receiver: FeedReceiver): void {
    const group = this.#groupOf.get(receiver);
    if (group === undefined) return;
    this.#groupOf.delete(receiver);
    group.members.delete(receiver);
    if (group.members.size > 0) return;
    this.#groups.delete(group.key);
    for (const topic of group.topics) {
      const groups = this.#groupsByTopic.get(topic);
      groups?.delete(group);
      if (groups?.size === 0) this.#groupsByTopic.delete(topic);
    }
  }

  #startOrStop(): void {
    const isWanted = this.#groups.size > 0 || this.#followers.size > 0;
    if (isWanted) {
      this.#tail ??= new LogTail(this.#source, { onEvent: (event) => { this.#take(event); }, onLoss: (error) => { this.#lose(error); } });
    } else {
      this.#tail?.stop();
      this.#tail = undefined;
    }
  }
}

function endOfTurn(callback: () => void): Timer {
  const handle = setImmediate(callback);
  return { cancel: () => { clearImmediate(handle); } };
}
