import type { TaskEvent } from './Events.ts';
import type { WebhookAttempt, WebhookEndpoint, WebhookHealth } from './Webhooks.ts';

/** A secret that messages are signed with; with `until`, it has been replaced and is used up to then. */
export interface WebhookSecret {
  readonly secret: string;
  readonly until?: number;
}

/** An endpoint as it is stored, except for how it does. */
export interface EndpointSettings extends Omit<WebhookEndpoint, keyof WebhookHealth> {
  /** The newest first; empty where there is a `secretName`. */
  readonly secrets: readonly WebhookSecret[];
}

/** An endpoint as it is stored. */
export interface StoredEndpoint {
  readonly settings: EndpointSettings;
  readonly health: WebhookHealth;
}

/** A message that was taken to be sent. */
export interface ClaimedDelivery {
  readonly id: number;
  readonly endpointId: string;
  /** Attempts that were made before. */
  readonly attempts: number;
  readonly event: TaskEvent;
}

/** When the next message for an endpoint is due; none is waiting when it is not mentioned. */
export interface EndpointDue {
  readonly endpointId: string;
  readonly at: number;
}

/** Asks for messages that are due. */
export interface ClaimDeliveries {
  /** Must be shown to report how it went. Unlike that of every other claim. */
  readonly lease: string;
  readonly time: number;
  /** When the messages may be claimed again, should nobody report. */
  readonly until: number;
  /** At most so many per endpoint. */
  readonly wanted: readonly { readonly endpointId: string; readonly limit: number }[];
}

/** How sending a claimed message went. */
export interface DeliveryReport {
  readonly id: number;
  readonly endpointId: string;
  readonly lease: string;
  readonly time: number;
  /**
   * `delivered`: it is done. `retry`: again at `dueAt`. `dead`: it is given up. `released`: it was not tried, or not to the end, and is
   * due at `dueAt`; the attempt does not count.
   */
  readonly outcome: 'delivered' | 'retry' | 'dead' | 'released';
  readonly dueAt?: number;
  readonly attempt?: WebhookAttempt;
  /** How the endpoint does now. */
  readonly health?: WebhookHealth;
}

/** A dead letter as it is stored. */
export interface StoredDeadLetter {
  readonly id: number;
  readonly endpointId: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly diedAt: number;
  readonly lastAttempt?: WebhookAttempt;
  readonly event: TaskEvent;
}

/** Which dead letters to return, the latest death first. */
export interface DeadLetterFilter {
  readonly endpointId?: string;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: { readonly diedAt: number; readonly id: number };
}

/** Which dead letters to make due again. */
export interface ReplayOrder {
  readonly time: number;
  /** This one alone. */
  readonly id?: number;
  /** Those of this endpoint. */
  readonly endpointId?: string;
  /** Of events from this time on. */
  readonly since?: number;
}

/**
 * Messages for webhooks that were not delivered yet. A store writes them by itself: whenever it stores an event, it writes in the same
 * transaction one message for each endpoint that is active and wants it (see `isWanted`). A message is claimed under a lease; only who
 * shows the lease may say how it went. For endpoints with `order: 'task'`, one message of a task is due at a time, the oldest.
 */
export interface WebhookOutbox {
  /** All endpoints, oldest first. */
  endpoints(): Promise<readonly StoredEndpoint[]>;
  /** Stores an endpoint, or replaces the settings of the one with its id and leaves how it does. */
  putEndpoint(endpoint: StoredEndpoint): Promise<void>;
  /** Replaces how an endpoint does. `bury`: its messages that wait become dead letters. Resolves with how many. */
  setHealth(endpointId: string, health: WebhookHealth, bury?: { readonly time: number }): Promise<number>;
  /** Removes an endpoint and all of its messages. */
  removeEndpoint(endpointId: string): Promise<boolean>;
  /** Takes messages that are due, oldest first, new ones a minute ahead of those that are sent again. `due`: what is next for the endpoints asked for. */
  claim(order: ClaimDeliveries): Promise<{ readonly deliveries: readonly ClaimedDelivery[]; readonly due: readonly EndpointDue[] }>;
  /** Undefined when the lease is not good any more: then nothing was written. Otherwise what is next for the endpoint. */
  report(report: DeliveryReport): Promise<readonly EndpointDue[] | undefined>;
  /** What is next for each endpoint that has messages waiting. */
  due(): Promise<readonly EndpointDue[]>;
  deadLetters(filter: DeadLetterFilter): Promise<readonly StoredDeadLetter[]>;
  /** The dead letter with this id. */
  deadLetter(id: number): Promise<StoredDeadLetter | undefined>;
  /** Makes dead letters due again, as if they were new; resolves with how many. */
  replay(order: ReplayOrder): Promise<number>;
}

/** Whether an endpoint is told of an event. */
export function isWanted({ settings, health }: StoredEndpoint, event: { readonly type: string; readonly project: string }): boolean {
  return health.state === 'active'
    && settings.events.some((type) => type === '*' || type === event.type)
    && (settings.projects === undefined || settings.projects.includes(event.project));
}
