import { serializeError } from '../../types/Errors.ts';
import type { Logger } from '../../types/Ports.ts';
import type { TaskControl } from '../../types/TaskControl.ts';
import { type ClientFrame, isTopic, type ServerFrame, type WireErrorCode, type WireLimits } from '../../types/Wire.ts';
import { type CatchUpOutcome, catchUp } from './catchUp.ts';
import type { FeedHub, FeedReceiver } from './FeedHub.ts';
import type { Outbox } from './Outbox.ts';
import type { Permissions } from './Permissions.ts';
import { snapshotFrames, snapshotOf } from './snapshotOf.ts';

/** What {@link Subscriptions} needs. */
export interface SubscriptionsOptions {
  readonly hub: FeedHub;
  /** The connection: gets the live events, and is told when some were lost. */
  readonly receiver: FeedReceiver;
  readonly outbox: Outbox;
  readonly permissions: Permissions;
  readonly limits: WireLimits;
  readonly control: TaskControl | undefined;
  readonly logger: Logger;
}

type SubFrame = Extract<ClientFrame, { readonly type: 'sub' }>;

interface Subscription {
  readonly id: string;
  readonly topics: ReadonlySet<string>;
  readonly ended: AbortController;
  isLive: boolean;
}

/** The subscriptions of one connection. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #byId = new Map<string, Subscription>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Whether every subscription is live, that is, none is being caught up. */
  get isLive(): boolean {
    return [...this.#byId.values()].every(({ isLive }) => isLive);
  }

  /** Answers a `sub` frame. Never rejects. */
  async add(frame: SubFrame): Promise<void> {
    const { outbox, logger } = this.#options;
    const problem = this.#problemOf(frame);
    if (problem !== undefined) {
      outbox.send({ type: 'err', ...problem, ref: frame.id });
      return;
    }
    const subscription: Subscription = { id: frame.id, topics: new Set(frame.topics), ended: new AbortController(), isLive: false };
    this.#byId.set(frame.id, subscription);
    try {
      if (await this.#isAllowed(frame)) {
        if (!subscription.ended.signal.aborted) await this.#start(subscription, frame);
      } else if (!subscription.ended.signal.aborted) {
        this.remove(frame.id);
        outbox.send({ type: 'err', code: 'forbidden', message: 'Watching one of these topics is not allowed.', ref: frame.id });
      }
    } catch (error) {
      if (subscription.ended.signal.aborted) return;
      this.remove(frame.id);
      logger.error('A subscription to the live feed failed.', { error: serializeError(error) });
      outbox.send({ type: 'err', code: 'failed', message: 'The events or tasks could not be read.', ref: frame.id });
    }
  }

  /** Ends one; an unknown id is fine. */
  remove(id: string): void {
    this.#byId.get(id)?.ended.abort();
    if (this.#byId.delete(id)) this.#updateTopics();
  }

  /** Ends all. */
  clear(): void {
    for (const { ended } of this.#byId.values()) ended.abort();
    this.#byId.clear();
    this.#updateTopics();
  }

  #problemOf({ id, topics, snapshot }: SubFrame): { readonly code: WireErrorCode; readonly message: string } | undefined {
    const { limits, control } = this.#options;
    if (this.#byId.has(id)) return { code: 'duplicate', message: 'This id is in use.' };
    if (this.#byId.size >= limits.maxSubscriptions) return { code: 'limit', message: `At most ${String(limits.maxSubscriptions)} subscriptions.` };
    if (topics.length > limits.maxTopics) return { code: 'limit', message: `At most ${String(limits.maxTopics)} topics.` };
    if (!topics.every(isTopic)) return { code: 'topic', message: 'A topic is "tasks", "project:…", "task:…" or "tree:…".' };
    if (snapshot === true && control === undefined) return { code: 'unsupported', message: 'This server gives no snapshots.' };
    return undefined;
  }

  /** Asks for every topic, also when a client comes back: what it was allowed then may not be allowed now. */
  async #isAllowed({ topics, since }: SubFrame): Promise<boolean> {
    const { permissions } = this.#options;
    if (permissions.areOpen) return true;
    for (const topic of topics.filter(isTopic)) {
      if (!await permissions.may('subscribe', topic)) return false;
      if (since !== undefined && !await permissions.may('replay', topic)) return false;
    }
    return true;
  }

  async #start(subscription: Subscription, { since, snapshot }: SubFrame): Promise<void> {
    const { hub, outbox, receiver } = this.#options;
    if (since === undefined && snapshot !== true) {
      this.#goLive(subscription, undefined);
      return;
    }
    const knownOffset = snapshot === true ? await this.#sendSnapshot(subscription) : undefined;
    if (subscription.ended.signal.aborted) return;
    // Without a position of its own a subscription goes on where its snapshot ends: what that reflects does not come again.
    const from = since ?? { epoch: hub.epoch, offset: knownOffset ?? hub.position };
    await catchUp({
      hub, id: subscription.id, topics: subscription.topics, since: from, signal: subscription.ended.signal,
      ...(knownOffset === undefined ? {} : { knownOffset }),
      sendPaced: (text) => outbox.sendPaced(text),
      sendNow: (text) => { outbox.sendText(text); },
      onLoss: () => { receiver.lose(); },
    }, (outcome) => { this.#goLive(subscription, since === undefined && outcome === 'recovered' ? undefined : outcome); });
  }

  /** @returns the offset up to which the snapshot goes. */
  async #sendSnapshot({ id, topics, ended }: Subscription): Promise<number | undefined> {
    const { outbox, control } = this.#options;
    if (control === undefined) return undefined;
    const snapshot = await snapshotOf(topics, control);
    for (const frame of snapshotFrames(id, snapshot)) {
      if (ended.signal.aborted) break;
      await outbox.sendPaced(frame);
    }
    return snapshot.offset;
  }

  /** All of it happens in one turn: what is spread afterwards reaches the subscription live. */
  #goLive(subscription: Subscription, outcome: CatchUpOutcome | undefined): void {
    const { hub, outbox } = this.#options;
    const { id } = subscription;
    hub.flush();
    if (outcome !== undefined && outcome !== 'recovered') outbox.send({ type: 'reset', id, reason: outcome });
    const answer: ServerFrame = { type: 'subok', id, epoch: hub.epoch, offset: hub.position, recovered: outcome === 'recovered' };
    outbox.send(answer);
    subscription.isLive = true;
    this.#updateTopics();
  }

  #updateTopics(): void {
    const live = [...this.#byId.values()].filter(({ isLive }) => isLive);
    this.#options.hub.setTopics(this.#options.receiver, live.flatMap(({ topics }) => [...topics]));
  }
}
