import type { TaskEvent } from '../../../types/Events.ts';
import type {
  ClaimDeliveries, ClaimedDelivery, DeadLetterFilter, DeliveryReport, EndpointDue, ReplayOrder, StoredDeadLetter, StoredEndpoint, WebhookOutbox,
} from '../../../types/WebhookOutbox.ts';
import type { WebhookAttempt, WebhookHealth } from '../../../types/Webhooks.ts';
import type { OpQueue } from '../OpQueue.ts';
import { numberOf, optionalText, ownJson, textOf } from '../rows.ts';
import type { Row } from '../wire.ts';
import type { OutboxOp, OutboxReply } from './wire.ts';

/** The outbox of a store: turns calls into operations and rows into messages. */
export class SqliteOutbox implements WebhookOutbox {
  readonly #queue: OpQueue;

  constructor(queue: OpQueue) {
    this.#queue = queue;
  }

  async endpoints(): Promise<readonly StoredEndpoint[]> {
    return (await this.#ask(['endpoints'])).endpoints ?? [];
  }

  async putEndpoint(endpoint: StoredEndpoint): Promise<void> {
    await this.#ask(['putEndpoint', endpoint]);
  }

  async setHealth(endpointId: string, health: WebhookHealth, bury?: { readonly time: number }): Promise<number> {
    return (await this.#ask(['setHealth', endpointId, health, bury?.time ?? null])).count ?? 0;
  }

  async removeEndpoint(endpointId: string): Promise<boolean> {
    return (await this.#ask(['removeEndpoint', endpointId])).count === 1;
  }

  async claim(order: ClaimDeliveries): Promise<{ readonly deliveries: readonly ClaimedDelivery[]; readonly due: readonly EndpointDue[] }> {
    const { rows = [], due = [] } = await this.#ask(['claim', order]);
    return { deliveries: rows.map(toDelivery), due };
  }

  async report(report: DeliveryReport): Promise<readonly EndpointDue[] | undefined> {
    return (await this.#ask(['report', report])).due;
  }

  async due(): Promise<readonly EndpointDue[]> {
    return (await this.#ask(['due'])).due ?? [];
  }

  async deadLetters(filter: DeadLetterFilter): Promise<readonly StoredDeadLetter[]> {
    return ((await this.#ask(['deadLetters', filter])).rows ?? []).map(toDeadLetter);
  }

  async deadLetter(id: number): Promise<StoredDeadLetter | undefined> {
    return ((await this.#ask(['deadLetter', id])).rows ?? []).map(toDeadLetter)[0];
  }

  async replay(order: ReplayOrder): Promise<number> {
    return (await this.#ask(['replay', order])).count ?? 0;
  }

  async #ask(op: OutboxOp): Promise<OutboxReply> {
    return (await this.#queue.ask(['outbox', op])).outbox ?? {};
  }
}

function toDelivery(row: Row): ClaimedDelivery {
  return { id: numberOf(row, 'id'), endpointId: textOf(row, 'endpoint_id'), attempts: numberOf(row, 'attempts'), event: ownJson<TaskEvent>(textOf(row, 'event')) };
}

function toDeadLetter(row: Row): StoredDeadLetter {
  const lastAttempt = optionalText(row, 'attempt');
  return {
    ...toDelivery(row),
    createdAt: numberOf(row, 'created_at'),
    diedAt: numberOf(row, 'died_at'),
    ...(lastAttempt === undefined ? {} : { lastAttempt: ownJson<WebhookAttempt>(lastAttempt) }),
  };
}
