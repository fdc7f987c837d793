import type { Clock, Timer } from '../../types/Ports.ts';
import { isFinalClose, isTopic, type ResetReason, type ServerFrame, type WirePosition, type WireTopic } from '../../types/Wire.ts';
import { Backoff } from './Backoff.ts';
import { clientClock } from './clientClock.ts';
import { FeedError } from './FeedError.ts';
import { FeedLink, type LinkEnd } from './FeedLink.ts';
import { type FeedSubscription, SubscriptionState } from './FeedSubscription.ts';
import type { WebSocketConstructor } from './WebSocketLike.ts';

/** How to connect. */
export interface ConnectOptions {
  /** Shown to the server's `authorize`. @defaultValue none */
  readonly token?: string;
  /** Makes the connections. @defaultValue the global `WebSocket` */
  readonly WebSocket?: WebSocketConstructor;
}

/** What tests may put in place of the real thing. */
export interface ConnectDeps {
  readonly clock: Clock;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** How to subscribe. */
export interface SubscribeOptions {
  /**
   * The events after this position come first. `{ epoch: '', offset: 0 }` is the beginning of whatever log the server has.
   * @defaultValue none: only what happens from now on
   */
  readonly since?: WirePosition;
}

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

/** Connects to a live feed. The connection is made in the background and made again whenever it is lost, until `close`. */
export function connect(url: string | URL, options: ConnectOptions = {}, deps: Partial<ConnectDeps> = {}): FeedClient {
  const global: { readonly WebSocket?: WebSocketConstructor } = globalThis;
  const WebSocket = options.WebSocket ?? global.WebSocket;
  if (WebSocket === undefined) throw new FeedError('OPTIONS_INVALID', 'There is no global WebSocket here; pass the option `WebSocket`.');
  return new FeedClient(String(url), WebSocket, options.token, { clock: clientClock, random: Math.random, ...deps });
}

/** A client of a live feed. */
export class FeedClient {
  readonly #url: string;
  readonly #WebSocket: WebSocketConstructor;
  readonly #token: string | undefined;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #subscriptions = new Map<string, SubscriptionState>();
  readonly #listeners = new Set<{ readonly call: FeedStateListener }>();
  #state: FeedState = 'connecting';
  #link: FeedLink | undefined;
  #retry: Timer | undefined;
  #lastId = 0;

  /** Use {@link connect}. */
  constructor(url: string, WebSocket: WebSocketConstructor, token: string | undefined, deps: ConnectDeps) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#token = token;
    this.#clock = deps.clock;
    this.#backoff = new Backoff(deps.random);
    this.#open();
  }

  /** Where the client stands. */
  get state(): FeedState {
    return this.#state;
  }

  /** Calls `listener` at every change of state. What it throws becomes an uncaught error, and does not disturb the feed. @returns removes it. */
  on(_event: 'state', listener: FeedStateListener): () => void {
    const registration = { call: listener };
    this.#listeners.add(registration);
    return () => { this.#listeners.delete(registration); };
  }

  /**
   * Subscribes to one topic or several: `tasks`, `project:<name>`, `task:<id>`, `tree:<root id>`. Leaving a `for await` over it ends it.
   * @throws FeedError `OPTIONS_INVALID` for what is no topic, `CLIENT_CLOSED` after `close` or when the server refused for good.
   */
  subscribe(topics: WireTopic | readonly WireTopic[], options: SubscribeOptions = {}): FeedSubscription {
    const list: readonly string[] = typeof topics === 'string' ? [topics] : topics;
    if (list.length === 0 || !list.every(isTopic)) {
      throw new FeedError('OPTIONS_INVALID', `Expected one topic or several, such as "tasks" or "task:<id>", got ${JSON.stringify(list)}.`);
    }
    if (this.#state === 'closed') throw new FeedError('CLIENT_CLOSED', 'The client of the live feed is closed. Connect again.');
    this.#lastId += 1;
    const id = String(this.#lastId);
    const subscription = new SubscriptionState(id, list, options.since, () => { this.#unsubscribe(id); });
    this.#subscriptions.set(id, subscription);
    if (this.#link?.isWelcome === true) this.#link.send(subscription.frame);
    this.#update();
    return subscription;
  }

  /** Ends all subscriptions and the connection. May be called twice. */
  close(): void {
    this.#finish(undefined, {});
  }

  #open(): void {
    this.#link = new FeedLink({
      url: this.#url, token: this.#token, WebSocket: this.#WebSocket, clock: this.#clock,
      onWelcome: () => { this.#onWelcome(); },
      onFrame: (frame) => { this.#onFrame(frame); },
      onEnd: (end) => { this.#onEnd(end); },
    });
  }

  #onWelcome(): void {
    for (const subscription of this.#subscriptions.values()) this.#link?.send(subscription.frame);
    this.#update();
  }

  #onFrame(frame: ServerFrame): void {
    if (frame.type === 'ev') this.#onEvents(frame);
    else if (frame.type === 'subok') this.#onSubok(frame);
    else if (frame.type === 'reset') this.#onReset(frame);
    else if (frame.type === 'err') this.#onErr(frame);
    else if (frame.type === 'pong' && frame.offset !== undefined) {
      for (const subscription of this.#subscriptions.values()) subscription.advance(frame.offset);
    }
  }

  #onEvents({ events, sub }: Extract<ServerFrame, { readonly type: 'ev' }>): void {
    const addressed = sub === undefined ? [...this.#subscriptions.values()] : [this.#subscriptions.get(sub)];
    for (const subscription of addressed) {
      for (const event of events) subscription?.take(event, sub !== undefined);
    }
  }

  #onSubok({ id, epoch, offset }: Extract<ServerFrame, { readonly type: 'subok' }>): void {
    this.#subscriptions.get(id)?.goLive({ epoch, offset });
    this.#update();
  }

  #onReset({ id, reason }: Extract<ServerFrame, { readonly type: 'reset' }>): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    subscription.reset();
    this.#setState('reset', { topics: [...subscription.topics], reason });
  }

  #onErr({ code, message, ref }: Extract<ServerFrame, { readonly type: 'err' }>): void {
    const subscription = ref === undefined ? undefined : this.#subscriptions.get(ref);
    // Without `ref` the server closes the connection itself, with a code that says what to do.
    if (subscription === undefined) return;
    if (code === 'failed') {
      this.#link?.drop();
      return;
    }
    this.#subscriptions.delete(subscription.id);
    subscription.end(new FeedError('OPTIONS_INVALID', `The server refused the subscription: ${message}`, { reason: code }));
    this.#update();
  }

  #onEnd({ code, wasHealthy, retryAfterMs }: LinkEnd): void {
    this.#link = undefined;
    if (this.#state === 'closed') return;
    if (isFinalClose(code)) {
      this.#finish(new FeedError('CLIENT_CLOSED', `The server refused the client with close code ${String(code)}.`, { closeCode: code }), { closeCode: code });
      return;
    }
    for (const subscription of this.#subscriptions.values()) subscription.suspend();
    this.#retry = this.#clock.setTimer(this.#backoff.next(wasHealthy, retryAfterMs), () => { this.#open(); });
    this.#setState('connecting', { closeCode: code });
  }

  #unsubscribe(id: string): void {
    if (!this.#subscriptions.delete(id)) return;
    if (this.#link?.isWelcome === true) this.#link.send({ type: 'unsub', id });
    this.#update();
  }

  #finish(error: FeedError | undefined, details: FeedStateDetails): void {
    if (this.#state === 'closed') return;
    this.#retry?.cancel();
    this.#setState('closed', details);
    for (const subscription of this.#subscriptions.values()) subscription.end(error);
    this.#subscriptions.clear();
    this.#link?.drop();
  }

  #update(): void {
    if (this.#link?.isWelcome !== true) return;
    const isLive = [...this.#subscriptions.values()].every((subscription) => subscription.isLive);
    this.#setState(isLive ? 'live' : 'catching-up', {});
  }

  #setState(state: FeedState, details: FeedStateDetails): void {
    // A second reset is news; the rest is not.
    if (this.#state === state && state !== 'reset') return;
    this.#state = state;
    for (const { call } of [...this.#listeners]) {
      try {
        call(state, details);
      } catch (error) {
        // The listener's own fault: it must be seen, and must not disturb the feed.
        queueMicrotask(() => { throw error; });
      }
    }
  }
}
