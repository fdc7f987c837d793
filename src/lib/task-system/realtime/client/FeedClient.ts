import type { AnswerOptions, Approval, ApprovalListOptions } from '../../types/Approvals.ts';
import type { ListOptions, SubmitOptions } from '../../types/Options.ts';
import type { Clock, Timer } from '../../types/Ports.ts';
import type { Task } from '../../types/Task.ts';
import { type CommandReplies, isFinalClose, isTopic, type ResetReason, type ServerFrame, WIRE_CLOSE_CODES, type WirePosition, type WireTopic } from '../../types/Wire.ts';
import { Backoff } from './Backoff.ts';
import { Calls, errorOf } from './Calls.ts';
import { clientClock } from './clientClock.ts';
import { type ClientTask, clientTask } from './ClientTask.ts';
import { FeedError } from './FeedError.ts';
import { FeedLink, type LinkEnd } from './FeedLink.ts';
import type { FeedSubscription } from './FeedSubscription.ts';
import { type FeedState, type FeedStateDetails, type FeedStateListener, StateTeller } from './StateTeller.ts';
import { SubscriptionSet } from './SubscriptionSet.ts';
import { uniqueKey } from './uniqueKey.ts';
import type { WebSocketConstructor } from './WebSocketLike.ts';

/** A token, or what gives one: asked anew for every connection. */
export type TokenSource = string | (() => string | Promise<string>);

/** How to connect. */
export interface ConnectOptions {
  /** Shown to the server's `authenticate`. With a function a client whose token has expired comes back with a new one. @defaultValue none */
  readonly token?: TokenSource;
  /** Makes the connections. @defaultValue the global `WebSocket` */
  readonly WebSocket?: WebSocketConstructor;
}

/** What tests may put in place of the real thing. */
export interface ConnectDeps {
  readonly clock: Clock;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** What a client says with its answer to an approval. */
export type ClientAnswer = Pick<AnswerOptions, 'reason' | 'remember'>;

/** How to subscribe. */
export interface SubscribeOptions {
  /**
   * The events after this position come first. `{ epoch: '', offset: 0 }` is the beginning of whatever log the server has.
   * @defaultValue none: only what happens from now on
   */
  readonly since?: WirePosition;
  /** Whether to ask for the tasks of the topics first, at every beginning: see `subscription.snapshot`. @defaultValue false */
  readonly snapshot?: boolean;
  /** Called when the events since the position cannot all be had; live events follow. @defaultValue none: see the state `reset` */
  readonly onReset?: (reason: ResetReason) => void;
}

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
  readonly #token: TokenSource | undefined;
  readonly #deps: ConnectDeps;
  readonly #backoff: Backoff;
  readonly #subscriptions = new SubscriptionSet();
  readonly #calls = new Calls((frame) => this.#link?.isWelcome === true && this.#link.send(frame));
  readonly #teller = new StateTeller();
  #link: FeedLink | undefined;
  #retry: Timer | undefined;

  /** Use {@link connect}. */
  constructor(url: string, WebSocket: WebSocketConstructor, token: TokenSource | undefined, deps: ConnectDeps) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#token = token;
    this.#deps = deps;
    this.#backoff = new Backoff(deps.random);
    void this.#open();
  }

  /** Where the client stands. */
  get state(): FeedState {
    return this.#teller.state;
  }

  /** Calls `listener` at every change of state. What it throws becomes an uncaught error, and does not disturb the feed. @returns removes it. */
  on(_event: 'state', listener: FeedStateListener): () => void {
    return this.#teller.on(listener);
  }

  /**
   * Subscribes to one topic or several: `tasks`, `project:<name>`, `task:<id>`, `tree:<root id>`. Leaving a `for await` over it ends it.
   * @throws FeedError `OPTIONS_INVALID` for what is no topic, `CLIENT_CLOSED` after `close` or when the server refused for good. The
   * iteration throws `FEED_FORBIDDEN` when the server does not allow it.
   */
  subscribe(topics: WireTopic | readonly WireTopic[], options: SubscribeOptions = {}): FeedSubscription {
    const list: readonly string[] = typeof topics === 'string' ? [topics] : topics;
    if (list.length === 0 || !list.every(isTopic)) {
      throw new FeedError('OPTIONS_INVALID', `Expected one topic or several, such as "tasks" or "task:<id>", got ${JSON.stringify(list)}.`);
    }
    this.#assertOpen();
    const { since, snapshot = false, onReset } = options;
    const subscription = this.#subscriptions.add(list, { since, snapshot, onReset }, (id) => {
      if (this.#link?.isWelcome === true) this.#link.send({ type: 'unsub', id });
      this.#update();
    });
    if (this.#link?.isWelcome === true) this.#link.send(subscription.frame);
    this.#update();
    return subscription;
  }

  /** A task on the server, by its id; it is not checked whether it exists. */
  task(id: string): ClientTask {
    return clientTask(id, {
      get: (taskId) => this.get(taskId),
      cancel: (taskId, reason) => this.cancel(taskId, reason),
      follow: (taskId, onReset) => this.subscribe(`task:${taskId}`, { since: { epoch: '', offset: 0 }, onReset }),
    });
  }

  /**
   * Submits a task, as `tasks.submit` does; exactly once also when the connection is lost meanwhile: a submission without an
   * `idempotencyKey` is given one.
   * @throws FeedError `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`, and what `tasks.submit` throws.
   */
  async submit(options: SubmitOptions): Promise<ClientTask> {
    this.#assertOpen();
    const { taskId } = await this.#calls.ask('submit', { type: 'submit', options: { idempotencyKey: uniqueKey(), ...options } });
    return this.task(taskId);
  }

  /** The task as it stands now, or undefined. @throws FeedError `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`. */
  async get(taskId: string): Promise<Task | undefined> {
    this.#assertOpen();
    return (await this.#calls.ask('get', { type: 'get', taskId })).task ?? undefined;
  }

  /** Tasks, newest first, in pages, without inputs and results. @throws FeedError `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`, `OPTIONS_INVALID`. */
  async list(options: ListOptions = {}): Promise<CommandReplies['list']> {
    this.#assertOpen();
    return this.#calls.ask('list', { type: 'list', options });
  }

  /** Cancels a task; true when this is the outcome. @throws FeedError `TASK_NOT_FOUND`, `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`. */
  async cancel(taskId: string, reason?: string): Promise<boolean> {
    this.#assertOpen();
    return (await this.#calls.ask('cancel', { type: 'cancel', taskId, ...(reason === undefined ? {} : { reason }) })).cancelled;
  }

  /**
   * Submits an ended task once more, as a new one.
   * @throws FeedError `TASK_NOT_FOUND`, `TASK_NOT_TERMINAL`, `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`; `FEED_DISCONNECTED`
   * when the connection was lost before the answer: it is not known whether there is a new task.
   */
  async retry(taskId: string): Promise<ClientTask> {
    this.#assertOpen();
    return this.task((await this.#calls.ask('retry', { type: 'retry', taskId })).taskId);
  }

  /**
   * Allows a call of a tool that waits, by the id of its approval. Who answers is what the server's `authenticate` said.
   * @throws FeedError `APPROVAL_NOT_FOUND`, `APPROVAL_CLOSED`, `APPROVAL_EXPIRED`, `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`.
   */
  async approve(approvalId: string, options: ClientAnswer = {}): Promise<void> {
    this.#assertOpen();
    await this.#calls.ask('approve', { type: 'approve', approvalId, ...options });
  }

  /** Denies one. @throws FeedError as `approve` does. */
  async deny(approvalId: string, options: ClientAnswer = {}): Promise<void> {
    this.#assertOpen();
    await this.#calls.ask('deny', { type: 'deny', approvalId, ...options });
  }

  /** Calls of tools that wait for an answer, or that did; newest first. @throws FeedError `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`, `OPTIONS_INVALID`. */
  async approvals(options: ApprovalListOptions = {}): Promise<readonly Approval[]> {
    this.#assertOpen();
    return (await this.#calls.ask('approvals', { type: 'approvals', options })).approvals;
  }

  /** Ends all subscriptions and the connection; commands without an answer reject with `CLIENT_CLOSED`. May be called twice. */
  close(): void {
    this.#finish(undefined, {});
  }

  async #open(): Promise<void> {
    let token: string | undefined;
    if (typeof this.#token === 'function') {
      try {
        token = await this.#token();
      } catch {
        // Where tokens come from may be down for a while, as the feed may be.
        this.#onEnd({ code: 1006, wasHealthy: false, retryAfterMs: 0 });
        return;
      }
      if (this.state === 'closed') return;
    } else {
      token = this.#token;
    }
    this.#link = new FeedLink({
      url: this.#url, token, WebSocket: this.#WebSocket, clock: this.#deps.clock,
      onWelcome: () => {
        for (const frame of this.#subscriptions.frames) this.#link?.send(frame);
        this.#calls.resume();
        this.#update();
      },
      onFrame: (frame) => { this.#onFrame(frame); },
      onEnd: (end) => { this.#onEnd(end); },
    });
  }

  #onFrame(frame: ServerFrame): void {
    if (frame.type === 'done') this.#calls.take(frame);
    else if (frame.type === 'err') this.#onErr(frame);
    else if (frame.type !== 'welcome' && frame.type !== 'bye') this.#subscriptions.take(frame);
    if (frame.type === 'subok') this.#update();
    if (frame.type === 'reset') this.#teller.set('reset', { topics: [...this.#subscriptions.get(frame.id)?.topics ?? []], reason: frame.reason });
  }

  #onErr(frame: Extract<ServerFrame, { readonly type: 'err' }>): void {
    // Without `ref` the server closes the connection itself, with a code that says what to do.
    if (frame.ref === undefined || this.#calls.take(frame) || this.#subscriptions.get(frame.ref) === undefined) return;
    if (frame.code === 'failed') {
      this.#link?.drop();
      return;
    }
    this.#subscriptions.fail(frame.ref, errorOf(frame));
    this.#update();
  }

  #onEnd({ code, wasHealthy, retryAfterMs }: LinkEnd): void {
    this.#link = undefined;
    if (this.state === 'closed') return;
    const isFinal = isFinalClose(code) || (code === WIRE_CLOSE_CODES.tokenExpired && typeof this.#token !== 'function');
    if (isFinal) {
      this.#finish(new FeedError('CLIENT_CLOSED', `The server refused the client with close code ${String(code)}.`, { closeCode: code }), { closeCode: code });
      return;
    }
    this.#subscriptions.suspend();
    this.#calls.suspend();
    this.#retry = this.#deps.clock.setTimer(this.#backoff.next(wasHealthy, retryAfterMs), () => { void this.#open(); });
    this.#teller.set('connecting', { closeCode: code });
  }

  #finish(error: FeedError | undefined, details: FeedStateDetails): void {
    if (this.state === 'closed') return;
    this.#retry?.cancel();
    this.#teller.set('closed', details);
    this.#subscriptions.end(error);
    this.#calls.end(error ?? closedError());
    this.#link?.drop();
  }

  #update(): void {
    if (this.#link?.isWelcome === true) this.#teller.set(this.#subscriptions.isLive ? 'live' : 'catching-up', {});
  }

  #assertOpen(): void {
    if (this.state === 'closed') throw closedError();
  }
}

function closedError(): FeedError {
  return new FeedError('CLIENT_CLOSED', 'The client of the live feed is closed. Connect again.');
}
