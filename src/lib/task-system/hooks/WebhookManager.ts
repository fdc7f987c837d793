import { AddressGuard, type ResolveAll } from '../types/AddressGuard.ts';
import { TaskSystemError } from '../types/Errors.ts';
import { EVENT_IS_STORED } from '../types/Events.ts';
import type { Clock, EventSource, Logger } from '../types/Ports.ts';
import type { ResolvedWebhooks } from '../types/ResolvedOptions.ts';
import { type EndpointSettings, isWanted, type StoredDeadLetter, type WebhookOutbox } from '../types/WebhookOutbox.ts';
import type {
  DeadLetterListOptions, DeadLetterPage, ReplayTarget, RotateSecretOptions, WebhookAttempt, WebhookControl, WebhookEndpoint, WebhookEndpointOptions,
  WebhookEventMap, WebhookHealth,
} from '../types/Webhooks.ts';
import { Dispatcher } from './webhooks/Dispatcher.ts';
import { EndpointBook } from './webhooks/EndpointBook.ts';
import { headersOf, type Message, secretsOf, testMessage } from './webhooks/message.ts';
import { parseDeadLetterList, parseEndpoint, parseReplay, rotated, shownEndpoint, shownLetter, writeCursor } from './webhooks/requests.ts';
import { send, type SendOutcome, type SendPorts } from './webhooks/send.ts';
import { WebhookListeners } from './webhooks/WebhookListeners.ts';

/** What {@link WebhookManager} needs. */
export interface WebhookManagerPorts {
  readonly options: ResolvedWebhooks;
  readonly outbox: WebhookOutbox;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly hostId: string;
  /** Makes the ids of endpoints and of test messages. */
  readonly generateId: () => string;
  /** What resolves the names of endpoints. @defaultValue the system's resolver */
  readonly resolve?: ResolveAll;
}

/** How much longer than an attempt can take a message is claimed for, in milliseconds. */
const LEASE_MARGIN_MS = 15_000;
/** How long closing waits for messages that are on their way, in milliseconds. */
const CLOSE_GRACE_MS = 1_000;

/** The webhooks of one system: who is told, and the telling. The store writes the messages, with the events they tell of. */
export class WebhookManager implements WebhookControl {
  readonly #ports: WebhookManagerPorts;
  readonly #book: EndpointBook;
  readonly #sendPorts: SendPorts;
  readonly #dispatcher: Dispatcher;
  readonly #listeners: WebhookListeners;
  readonly #closing = new AbortController();
  #changes: Promise<unknown> = Promise.resolve();
  #unwatch: (() => void) | undefined;

  constructor(ports: WebhookManagerPorts) {
    const { options, outbox, clock, random, logger, hostId } = ports;
    this.#ports = ports;
    this.#book = new EndpointBook(outbox);
    this.#listeners = new WebhookListeners(logger);
    this.#sendPorts = { guard: new AddressGuard(options, ports.resolve), clock, timeoutMs: options.attemptTimeoutMs, ca: options.ca };
    this.#dispatcher = new Dispatcher({
      outbox, book: this.#book, clock, random, logger, hostId, limits: options, leaseMs: options.attemptTimeoutMs + LEASE_MARGIN_MS,
      send: (message, settings, signal) => this.#send(message, settings, signal),
      emit: (type, event) => { this.#listeners.emit(type, event); },
    });
  }

  /** Reads what is stored, and sends what is due. From now on the events of `source` say when there is something to send. */
  async open(source: Pick<EventSource, 'on'>): Promise<void> {
    await this.#book.open();
    this.#unwatch = source.on('*', (event) => {
      if (!EVENT_IS_STORED[event.type]) return;
      for (const endpoint of this.#book.all()) {
        if (isWanted(endpoint, event)) this.#dispatcher.note({ endpointId: endpoint.settings.id, at: event.time });
      }
    });
    await this.#dispatcher.open();
  }

  add(options: WebhookEndpointOptions): Promise<WebhookEndpoint & { readonly secret: string }> {
    return this.#change(async () => {
      const { options: { allowHttp, secrets }, generateId, clock } = this.#ports;
      const settings = parseEndpoint(options, { allowHttp, secrets, find: (id) => this.#book.get(id)?.settings, createId: generateId, now: clock.now() });
      this.#sendPorts.guard.requireHost(new URL(settings.url).hostname);
      const endpoint = await this.#book.put(settings);
      // An event may have been stored for it before this host knew of it.
      this.#dispatcher.note({ endpointId: settings.id, at: clock.now() });
      return { ...shownEndpoint(endpoint), secret: secretsOf(settings, secrets, clock.now())[0] ?? '' };
    });
  }

  async list(): Promise<readonly WebhookEndpoint[]> {
    await this.#change(() => Promise.resolve());
    return [...this.#book.all()].map(shownEndpoint);
  }

  remove(endpointId: string): Promise<boolean> {
    return this.#change(async () => {
      const existed = await this.#book.remove(endpointId);
      this.#dispatcher.forget(endpointId);
      return existed;
    });
  }

  enable(endpointId: string): Promise<WebhookEndpoint> {
    return this.#change(async () => {
      const now = this.#ports.clock.now();
      await this.#setHealth(endpointId, { state: 'active', failures: 0 }, now);
      this.#dispatcher.note({ endpointId, at: now });
      return shownEndpoint(this.#book.demand(endpointId));
    });
  }

  disable(endpointId: string): Promise<WebhookEndpoint> {
    return this.#change(async () => {
      const { health } = this.#book.demand(endpointId);
      const now = this.#ports.clock.now();
      if (health.state === 'active') {
        const deadLetters = await this.#setHealth(endpointId, { ...health, state: 'disabled', disabledReason: 'manual', disabledAt: now }, now);
        this.#dispatcher.forget(endpointId);
        this.#listeners.emit('webhook:disabled', { endpointId, reason: 'manual', time: now, deadLetters });
      }
      return shownEndpoint(this.#book.demand(endpointId));
    });
  }

  rotateSecret(endpointId: string, options: RotateSecretOptions = {}): Promise<string> {
    return this.#change(async () => {
      const { settings } = await this.#book.put(rotated(this.#book.demand(endpointId).settings, options, this.#ports.clock.now()));
      return settings.secrets[0]?.secret ?? '';
    });
  }

  async test(endpointId: string): Promise<WebhookAttempt> {
    await this.#change(() => Promise.resolve());
    const { clock, generateId } = this.#ports;
    const { settings } = this.#book.demand(endpointId);
    const sent = await this.#send(testMessage(generateId(), endpointId, clock.now()), settings, this.#closing.signal);
    if (sent === undefined) throw closedError();
    const health = this.#book.get(endpointId)?.health;
    // It is there again: what was held back for its failures need not wait any longer.
    if (sent.attempt.ok && health?.state === 'active' && health.failures > 0) await this.enable(endpointId);
    return sent.attempt;
  }

  async deadLetters(options: DeadLetterListOptions = {}): Promise<DeadLetterPage> {
    this.#assertOpen();
    const { limit, ...filter } = parseDeadLetterList(options);
    const letters = await this.#ports.outbox.deadLetters({ ...filter, limit: limit + 1 });
    const page = letters.slice(0, limit);
    const last: StoredDeadLetter | undefined = page.at(-1);
    return { deadLetters: page.map(shownLetter), ...(letters.length > limit && last !== undefined ? { nextCursor: writeCursor(last) } : {}) };
  }

  replay(target: ReplayTarget): Promise<number> {
    return this.#change(async () => {
      const order = parseReplay(target);
      const { outbox, clock } = this.#ports;
      const time = clock.now();
      const letter = 'id' in order ? await outbox.deadLetter(order.id) : undefined;
      if ('id' in order && letter === undefined) throw new TaskSystemError('WEBHOOK_NOT_FOUND', `Dead letter ${String(order.id)}`, { id: order.id });
      const { settings: { id: endpointId }, health } = this.#book.demand('id' in order ? letter?.endpointId ?? '' : order.endpointId);
      if (health.state === 'disabled') throw new TaskSystemError('WEBHOOK_DISABLED', `Endpoint "${endpointId}"`, { endpointId });
      const count = await outbox.replay({ ...order, time });
      this.#dispatcher.note({ endpointId, at: time });
      return count;
    });
  }

  on<Type extends keyof WebhookEventMap>(type: Type, listener: (event: WebhookEventMap[Type]) => unknown): () => void {
    return this.#listeners.on(type, listener);
  }

  /** Resolves when nothing is on its way, which does not mean that nothing is waiting. */
  idle(): Promise<void> {
    return this.#dispatcher.idle();
  }

  /** Sends nothing new; gives what is on its way `graceMs`, but at most (and by default) a second to arrive. What did not is sent at the next start. */
  async close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#unwatch?.();
    const changes = this.#changes;
    this.#closing.abort();
    await changes;
    await this.#dispatcher.close(Math.min(options.graceMs ?? CLOSE_GRACE_MS, CLOSE_GRACE_MS));
  }

  #send(message: Message, settings: EndpointSettings, signal: AbortSignal): Promise<SendOutcome | undefined> {
    const { options, clock } = this.#ports;
    const secrets = secretsOf(settings, options.secrets, clock.now());
    // Unsigned it must not go out. The next start may know the name again.
    if (secrets.length === 0) return Promise.resolve({ attempt: { ok: false, error: `The option webhooks.secrets has no "${settings.secretName ?? ''}"`, durationMs: 0 } });
    return send({ url: settings.url, headers: headersOf(message, secrets, clock.now()), body: message.body }, this.#sendPorts, signal);
  }

  /** Runs changes one after the other: each builds on what the one before has stored. */
  #change<Value>(work: () => Promise<Value>): Promise<Value> {
    const change = this.#changes.then(() => {
      this.#assertOpen();
      return work();
    });
    this.#changes = change.catch(() => undefined);
    return change;
  }

  #setHealth(endpointId: string, health: WebhookHealth, now: number): Promise<number> {
    this.#book.demand(endpointId);
    return this.#book.setHealth(endpointId, health, now);
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }
}

function closedError(): TaskSystemError {
  return new TaskSystemError('SYSTEM_CLOSED', 'close() was called');
}
