import { serializeError } from '../../types/Errors.ts';
import type { Clock, Logger, Timer } from '../../types/Ports.ts';
import type { ClaimedDelivery, EndpointDue, EndpointSettings, StoredEndpoint, WebhookOutbox } from '../../types/WebhookOutbox.ts';
import type { WebhookEventMap } from '../../types/Webhooks.ts';
import { DueTimes } from './DueTimes.ts';
import type { EndpointBook } from './EndpointBook.ts';
import { judge, type Verdict } from './judge.ts';
import { type Message, messageIdOf, messageOf } from './message.ts';
import type { SendOutcome } from './send.ts';
import { Slots, type Contender, type SlotLimits } from './Slots.ts';

/** What the dispatcher works with. */
export interface DispatcherPorts {
  readonly outbox: WebhookOutbox;
  readonly book: EndpointBook;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** This host; it begins every lease. */
  readonly hostId: string;
  readonly limits: SlotLimits;
  /** How long a message is claimed for, in milliseconds: longer than an attempt can take. */
  readonly leaseMs: number;
  /** Makes one attempt; undefined when it was cut short. */
  readonly send: (message: Message, settings: EndpointSettings, signal: AbortSignal) => Promise<SendOutcome | undefined>;
  readonly emit: <Type extends keyof WebhookEventMap>(type: Type, event: WebhookEventMap[Type]) => void;
}

/** After the store failed, it is asked again this much later. */
const STORE_PAUSE_MS = 5_000;

/** Takes messages out of the outbox when they are due, sends them, and writes what became of them. */
export class Dispatcher {
  readonly #ports: DispatcherPorts;
  readonly #due = new DueTimes();
  readonly #slots: Slots;
  readonly #closing = new AbortController();
  #pausedUntil = 0;
  #leases = 0;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  #isClosed = false;
  #idle = Promise.withResolvers<void>();

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
    this.#slots = new Slots(ports.limits);
  }

  /** Begins with what is waiting already. */
  async open(): Promise<void> {
    for (const due of await this.#ports.outbox.due()) this.#due.note(due);
    this.wake();
  }

  /** Something may be due for an endpoint. */
  note(due: EndpointDue): void {
    this.#due.note(due);
    this.wake();
  }

  /** Forgets an endpoint that is gone. */
  forget(endpointId: string): void {
    this.#due.takeOut([endpointId]);
    this.#slots.forget(endpointId);
  }

  /** Sends what can be sent now, and sees to it that the rest is sent when its time has come. */
  wake(): void {
    if (this.#isClosed || this.#round !== undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const now = this.#ports.clock.now();
    const next = this.#nextRound();
    if (next === undefined) return;
    if (next > now) this.#timer = this.#ports.clock.setTimer(next - now, () => { this.wake(); });
    else this.#startRound(now);
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    while (this.#round !== undefined || this.#slots.used > 0) await Promise.race([this.#idle.promise, this.#round ?? this.#idle.promise]);
  }

  /** Sends nothing new; gives what is on its way `graceMs` to arrive, then cuts it short: it is due again at the next start. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    const cutShort = (): void => { this.#closing.abort(); };
    if (graceMs === 0) cutShort();
    const timer = this.#ports.clock.setTimer(graceMs, cutShort);
    await this.idle();
    timer.cancel();
  }

  #startRound(now: number): void {
    this.#round = this.#claim(now).finally(() => {
      this.#round = undefined;
      this.#settle();
      this.wake();
    });
  }

  /** The earliest time at which something is due for an endpoint that may have a slot. */
  #nextRound(): number | undefined {
    const times = [...this.#due].flatMap(([endpointId, at]) => {
      const endpoint = this.#sendable(endpointId);
      return endpoint !== undefined && this.#slots.hasRoom(contenderOf(endpoint)) ? [Math.max(at, endpoint.health.heldUntil ?? 0)] : [];
    });
    return times.length === 0 ? undefined : Math.max(this.#pausedUntil, times.reduce((first, time) => Math.min(first, time)));
  }

  async #claim(now: number): Promise<void> {
    const { outbox, clock, hostId, leaseMs, logger } = this.#ports;
    const taken = this.#slots.take(this.#contenders(now));
    const lease = `${hostId}:${String(++this.#leases)}`;
    const wanted = [...taken].map(([endpointId, { count }]) => ({ endpointId, limit: count }));
    this.#due.takeOut(taken.keys());
    const left = new Map([...taken].map(([endpointId, { count }]) => [endpointId, count]));
    try {
      const { deliveries, due } = await outbox.claim({ lease, time: now, until: now + leaseMs, wanted });
      for (const next of due) this.#due.note(next);
      for (const delivery of deliveries) {
        left.set(delivery.endpointId, (left.get(delivery.endpointId) ?? 0) - 1);
        void this.#deliver(delivery, lease, taken.get(delivery.endpointId)?.isFailing ?? false);
      }
    } catch (error) {
      logger.error('The messages for webhooks could not be read; it is tried again.', { error: serializeError(error) });
      this.#pausedUntil = clock.now() + STORE_PAUSE_MS;
      for (const endpointId of taken.keys()) this.#due.note({ endpointId, at: now });
    }
    for (const [endpointId, count] of left) this.#slots.release({ endpointId, isFailing: taken.get(endpointId)?.isFailing ?? false }, count);
  }

  #contenders(now: number): readonly Contender[] {
    return [...this.#due].flatMap(([endpointId, at]) => {
      const endpoint = this.#sendable(endpointId);
      return endpoint !== undefined && Math.max(at, endpoint.health.heldUntil ?? 0) <= now ? [contenderOf(endpoint)] : [];
    });
  }

  #sendable(endpointId: string): StoredEndpoint | undefined {
    const endpoint = this.#ports.book.get(endpointId);
    return endpoint?.health.state === 'active' ? endpoint : undefined;
  }

  /** Never rejects. Holds one slot from beginning to end. */
  async #deliver(delivery: ClaimedDelivery, lease: string, isFailing: boolean): Promise<void> {
    const { endpointId } = delivery;
    try {
      const outcome = await this.#attempt(delivery);
      if (outcome === undefined) await this.#giveBack(delivery, lease);
      else await this.#conclude(delivery, lease, outcome);
    } catch (error) {
      // The lease ends by itself: then the message is sent again.
      this.#ports.logger.error(`What became of a message to webhook endpoint "${endpointId}" could not be stored; it will be sent again.`, { error: serializeError(error) });
    }
    this.#slots.release({ endpointId, isFailing });
    this.#settle();
    this.wake();
  }

  async #attempt(delivery: ClaimedDelivery): Promise<SendOutcome | undefined> {
    const endpoint = this.#sendable(delivery.endpointId);
    if (endpoint === undefined) return undefined;
    return this.#ports.send(messageOf(delivery.event), endpoint.settings, this.#closing.signal);
  }

  async #giveBack({ id, endpointId }: ClaimedDelivery, lease: string): Promise<void> {
    const time = this.#ports.clock.now();
    const due = await this.#ports.outbox.report({ id, endpointId, lease, time, outcome: 'released', dueAt: time });
    for (const next of due ?? []) this.#due.note(next);
  }

  async #conclude(delivery: ClaimedDelivery, lease: string, sent: SendOutcome): Promise<void> {
    const { outbox, book, clock, random } = this.#ports;
    const { id, endpointId, attempts } = delivery;
    const time = clock.now();
    const before = book.get(endpointId)?.health;
    if (before === undefined) return;
    const verdict = judge({ attempts, sent, health: before, now: time, random });
    book.note(endpointId, verdict.health);
    const { outcome, dueAt, health } = verdict;
    const due = await outbox.report({
      id, endpointId, lease, time, outcome, attempt: sent.attempt, ...(dueAt === undefined ? {} : { dueAt }), ...(health === before ? {} : { health }),
    });
    // Somebody else has the message by now, and will say what becomes of it.
    if (due === undefined) return;
    for (const next of due) this.#due.note(next);
    this.#tell(delivery, sent, verdict, time);
    if (verdict.disable !== undefined && book.get(endpointId)?.health.state === 'active') await this.#disable(endpointId, verdict, time);
  }

  #tell({ endpointId, event, attempts }: ClaimedDelivery, { attempt }: SendOutcome, { outcome, dueAt }: Verdict, time: number): void {
    const told = { ...attempt, endpointId, messageId: messageIdOf(event), taskId: event.taskId, eventType: event.type, attempt: attempts + 1, time };
    if (outcome === 'delivered') this.#ports.emit('webhook:delivered', told);
    else this.#ports.emit('webhook:failed', { ...told, ...(dueAt === undefined ? {} : { retryAt: dueAt }) });
  }

  async #disable(endpointId: string, { health, disable: reason }: Verdict, time: number): Promise<void> {
    if (reason === undefined) return;
    const { heldUntil: _heldUntil, ...rest } = health;
    const deadLetters = await this.#ports.book.setHealth(endpointId, { ...rest, state: 'disabled', disabledReason: reason, disabledAt: time }, time);
    this.forget(endpointId);
    this.#ports.logger.warn(`Webhook endpoint "${endpointId}" is disabled: ${reason === 'gone' ? 'it answered 410' : 'every attempt of five days failed'}.`, { endpointId, deadLetters });
    this.#ports.emit('webhook:disabled', { endpointId, reason, time, deadLetters });
  }

  /** Wakes who waits for rest, when there is rest. */
  #settle(): void {
    if (this.#slots.used > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }
}

function contenderOf({ settings, health }: StoredEndpoint): Contender {
  return { endpointId: settings.id, isFailing: health.failures > 0 };
}
