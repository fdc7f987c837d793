import type { ClaimDeliveries, DeadLetterFilter, DeliveryReport, EndpointDue, ReplayOrder, StoredEndpoint } from '../../../types/WebhookOutbox.ts';
import type { WebhookHealth } from '../../../types/Webhooks.ts';
import type { Row } from '../Row.ts';

/** One thing asked of the outbox. */
export type OutboxOp =
  | readonly ['endpoints']
  | readonly ['putEndpoint', endpoint: StoredEndpoint]
  | readonly ['setHealth', endpointId: string, health: WebhookHealth, buriedAt: number | null]
  | readonly ['removeEndpoint', endpointId: string]
  | readonly ['claim', order: ClaimDeliveries]
  | readonly ['report', report: DeliveryReport]
  | readonly ['due']
  | readonly ['deadLetters', filter: DeadLetterFilter]
  | readonly ['deadLetter', id: number]
  | readonly ['replay', order: ReplayOrder];

/** What the outbox says to one operation; which fields are there depends on the operation. */
export interface OutboxReply {
  readonly endpoints?: readonly StoredEndpoint[];
  /** Messages, with their columns. */
  readonly rows?: readonly Row[];
  readonly due?: readonly EndpointDue[];
  readonly count?: number;
}
