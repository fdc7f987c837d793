import type { ClientFrame, ServerFrame, WireTopic } from '../../types/Wire.ts';
import { type SubscriptionSettings, SubscriptionState } from './FeedSubscription.ts';

/** The frames that are about subscriptions. */
export type SubscriptionFrame = Extract<ServerFrame, { readonly type: 'ev' | 'subok' | 'snap' | 'reset' | 'pong' }>;

/** The subscriptions of a client. */
export class SubscriptionSet {
  readonly #byId = new Map<string, SubscriptionState>();
  #lastId = 0;

  /** Whether all get events as they happen. */
  get isLive(): boolean {
    return [...this.#byId.values()].every((subscription) => subscription.isLive);
  }

  /** The frames that register all of them, each from where it stands. */
  get frames(): readonly ClientFrame[] {
    return [...this.#byId.values()].map(({ frame }) => frame);
  }

  get(id: string): SubscriptionState | undefined {
    return this.#byId.get(id);
  }

  add(topics: readonly WireTopic[], settings: Omit<SubscriptionSettings, 'onClose'>, onClose: (id: string) => void): SubscriptionState {
    this.#lastId += 1;
    const id = String(this.#lastId);
    const subscription = new SubscriptionState(id, topics, { ...settings, onClose: () => { if (this.#byId.delete(id)) onClose(id); } });
    this.#byId.set(id, subscription);
    return subscription;
  }

  /** Ends one with an error. */
  fail(id: string, error: Error): void {
    const subscription = this.#byId.get(id);
    this.#byId.delete(id);
    subscription?.end(error);
  }

  /** Takes a frame that is about subscriptions. */
  take(frame: SubscriptionFrame): void {
    if (frame.type === 'ev') this.#takeEvents(frame);
    else if (frame.type === 'subok') this.#byId.get(frame.id)?.goLive({ epoch: frame.epoch, offset: frame.offset });
    else if (frame.type === 'snap') this.#byId.get(frame.id)?.see(frame.tasks, frame.more === true);
    else if (frame.type === 'reset') this.#byId.get(frame.id)?.reset(frame.reason);
    else if (frame.offset !== undefined) for (const subscription of this.#byId.values()) subscription.advance(frame.offset);
  }

  /** The connection is gone. */
  suspend(): void {
    for (const subscription of this.#byId.values()) subscription.suspend();
  }

  /** Ends all. */
  end(error: Error | undefined): void {
    for (const subscription of this.#byId.values()) subscription.end(error);
    this.#byId.clear();
  }

  #takeEvents({ events, sub }: Extract<ServerFrame, { readonly type: 'ev' }>): void {
    const addressed = sub === undefined ? [...this.#byId.values()] : [this.#byId.get(sub)];
    for (const subscription of addressed) {
      for (const event of events) subscription?.take(event, sub !== undefined);
    }
  }
}
