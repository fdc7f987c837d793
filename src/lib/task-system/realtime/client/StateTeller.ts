import type { ResetReason, WireTopic } from '../../types/Wire.ts';

/**
 * `connecting`: no connection, or none that was greeted. `catching-up`: a subscription is not registered yet or gets missed events.
 * `live`: all subscriptions get events as they happen. `reset`: events were lost for a subscription, which goes on from now.
 * `closed`: for good.
 */
export type FeedState = 'connecting' | 'catching-up' | 'live' | 'reset' | 'closed';

/** What there is to say about a change of state. */
export interface FeedStateDetails {
  /** With `reset`: the subscription's topics. */
  readonly topics?: readonly WireTopic[];
  /** With `reset`: why. */
  readonly reason?: ResetReason;
  /** With `connecting` and `closed`: the code with which the server closed. */
  readonly closeCode?: number;
}

/** Is told of changes of state. */
export type FeedStateListener = (state: FeedState, details: FeedStateDetails) => void;

/** The state of a client, and who wants to know. */
export class StateTeller {
  readonly #listeners = new Set<{ readonly call: FeedStateListener }>();
  #state: FeedState = 'connecting';

  get state(): FeedState {
    return this.#state;
  }

  /** Adds a listener. @returns removes it. */
  on(listener: FeedStateListener): () => void {
    const registration = { call: listener };
    this.#listeners.add(registration);
    return () => { this.#listeners.delete(registration); };
  }

  /** Changes the state and tells. A second reset is news; the rest is not. */
  set(state: FeedState, details: FeedStateDetails): void {
    if (this.#state === state && state !== 'reset') return;
    this.#state = state;
    for (const { call } of [...this.#listeners]) callSafely(() => { call(state, details); });
  }
}

/** Calls a listener. What it throws is its own fault: it must be seen, and must not disturb the feed. */
export function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}
