import type { EVENT_IS_STORED, TaskEvent, TaskEventType } from './Events.ts';

/** An event that a webhook can be told of: one that is stored. */
export type WebhookEventType = { [Type in TaskEventType]: (typeof EVENT_IS_STORED)[Type] extends true ? Type : never }[TaskEventType];

/** What `tasks.webhooks.add` takes. */
export interface WebhookEndpointOptions {
  /** Where to send: `https:`, without user name and password; `http:` only with the option `webhooks.allowHttp`. */
  readonly url: string;
  /** Name of the endpoint. Adding one that exists replaces its settings; its secret, its state and what waits for it stay. @defaultValue a new one */
  readonly id?: string;
  /** Which events; `'*'` for every stored one. @defaultValue ['task:complete', 'task:error', 'task:cancel'] */
  readonly events?: readonly (WebhookEventType | '*')[];
  /** Of which projects. @defaultValue all */
  readonly projects?: readonly string[];
  /**
   * `'task'`: the events of one task arrive in their order, so a failed one holds up those behind it until it is delivered or given
   * up. `'none'`: each on its own; order them by `data.offset`. @defaultValue 'none'
   */
  readonly order?: 'none' | 'task';
  /** The key to sign with: `whsec_` and 24 to 64 bytes in base64. @defaultValue a new random one */
  readonly secret?: string;
  /** Name of a secret in the option `webhooks.secrets`, which then is not stored; not beside `secret`. @defaultValue none */
  readonly secretName?: string;
  /** For people. @defaultValue none */
  readonly description?: string;
}

/** Why an endpoint is disabled: it answered 410, every attempt of five days failed, or somebody said so. */
export type WebhookDisabledReason = 'gone' | 'failing' | 'manual';

/** How an endpoint has been doing. */
export interface WebhookHealth {
  readonly state: 'active' | 'disabled';
  readonly disabledReason?: WebhookDisabledReason;
  /** Milliseconds since 1970, as all times here. */
  readonly disabledAt?: number;
  /** Failed attempts since the last one that went well. */
  readonly failures: number;
  /** When the first of them was. */
  readonly failingSince?: number;
  /** Nothing is sent before this: it asked for a pause, or failed many times in a row. */
  readonly heldUntil?: number;
}

/** An endpoint, without its secrets. */
export interface WebhookEndpoint extends WebhookHealth {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly projects?: readonly string[];
  readonly order: 'none' | 'task';
  readonly secretName?: string;
  readonly description?: string;
  readonly createdAt: number;
}

/** How one attempt to deliver went. */
export interface WebhookAttempt {
  /** Whether the answer was a 2xx. */
  readonly ok: boolean;
  /** The status of the answer, if there was one. */
  readonly status?: number;
  /** What went wrong, for people. */
  readonly error?: string;
  /** The beginning of the answer to a failed attempt, up to 1,024 characters. It is never read as anything but text. */
  readonly answer?: string;
  readonly durationMs: number;
}

/** A message that was given up. */
export interface WebhookDeadLetter {
  readonly id: number;
  readonly endpointId: string;
  /** The `webhook-id` that it is sent with; also after a replay. */
  readonly messageId: string;
  /** How many attempts were made. */
  readonly attempts: number;
  readonly createdAt: number;
  readonly diedAt: number;
  /** How its last attempt went; missing when none was made. */
  readonly lastAttempt?: WebhookAttempt;
  readonly event: TaskEvent;
}

/** What `tasks.webhooks.deadLetters` takes. */
export interface DeadLetterListOptions {
  readonly endpointId?: string;
  /** 1 to 1,000. @defaultValue 50 */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** A page of dead letters, the latest death first. */
export interface DeadLetterPage {
  readonly deadLetters: readonly WebhookDeadLetter[];
  readonly nextCursor?: string;
}

/** Which dead letters to send again: one, or those of an endpoint (with `since`: of events from that time on). */
export type ReplayTarget = { readonly id: number } | { readonly endpointId: string; readonly since?: number };

/** What `tasks.webhooks.rotateSecret` takes. */
export interface RotateSecretOptions {
  /** How long messages are signed with the old secret as well, in milliseconds. @defaultValue 86_400_000 (24 hours) */
  readonly overlapMs?: number;
  /** The new secret. @defaultValue a new random one */
  readonly secret?: string;
  /** Whether to rotate although the overlap of the last rotation is not over. @defaultValue false */
  readonly force?: boolean;
}

/** What a test message is about. */
export interface WebhookTestData {
  readonly type: 'webhook:test';
  readonly endpointId: string;
}

/** The body of every message. */
export interface WebhookPayload<Data = TaskEvent> {
  /** Name of the event with dots: `task.complete`, `task.tool.start`; `webhook.test` of a test. */
  readonly type: string;
  /** When the event happened, in ISO 8601. */
  readonly timestamp: string;
  /** The event, as listeners get it. */
  readonly data: Data;
  /** The body would have been larger than 256 KiB: the `data` inside `data` was left out. */
  readonly truncated?: true;
}

/** What is told of a delivery. */
export interface WebhookDeliveryEvent extends WebhookAttempt {
  readonly endpointId: string;
  readonly messageId: string;
  /** The task that the message is about. */
  readonly taskId: string;
  readonly eventType: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** When it was over. */
  readonly time: number;
}

/** What `tasks.webhooks.on` can listen to. These events are not stored and not part of the live feed. */
export interface WebhookEventMap {
  /** The receiver has the message. */
  'webhook:delivered': WebhookDeliveryEvent;
  /** An attempt failed. `retryAt`: when it is tried again; missing when it became a dead letter. */
  'webhook:failed': WebhookDeliveryEvent & { readonly retryAt?: number };
  /** An endpoint gets nothing any more. What waited for it (`deadLetters` many) became dead letters. */
  'webhook:disabled': { readonly endpointId: string; readonly reason: WebhookDisabledReason; readonly time: number; readonly deadLetters: number };
}

/** `tasks.webhooks`: who is told over HTTP. Every method rejects with `SYSTEM_CLOSED` after `close`. */
export interface WebhookControl {
  /**
   * Adds an endpoint, or replaces the settings of the one with this id: safe to call at every start.
   * @returns the endpoint, with the secret that the receiver needs.
   * @throws TaskSystemError `OPTIONS_INVALID`, `ADDRESS_REFUSED`.
   */
  add(options: WebhookEndpointOptions): Promise<WebhookEndpoint & { readonly secret: string }>;
  /** All endpoints, oldest first. */
  list(): Promise<readonly WebhookEndpoint[]>;
  /** Removes an endpoint with everything that waits for it, dead letters included. False when there is none. */
  remove(endpointId: string): Promise<boolean>;
  /** Sends to a disabled endpoint again, from the next event on; forgets its failures. @throws TaskSystemError `WEBHOOK_NOT_FOUND`. */
  enable(endpointId: string): Promise<WebhookEndpoint>;
  /** Sends nothing any more; what waits becomes dead letters. @throws TaskSystemError `WEBHOOK_NOT_FOUND`. */
  disable(endpointId: string): Promise<WebhookEndpoint>;
  /**
   * Signs with a new secret, and for a while with the old one as well, so that the receiver can change over without missing anything.
   * @returns the new secret.
   * @throws TaskSystemError `WEBHOOK_NOT_FOUND`, `WEBHOOK_ROTATING`, `OPTIONS_INVALID`.
   */
  rotateSecret(endpointId: string, options?: RotateSecretOptions): Promise<string>;
  /** Sends a `webhook.test` message at once, once. @throws TaskSystemError `WEBHOOK_NOT_FOUND`. */
  test(endpointId: string): Promise<WebhookAttempt>;
  /** Messages that were given up. @throws TaskSystemError `CURSOR_INVALID`, `OPTIONS_INVALID`. */
  deadLetters(options?: DeadLetterListOptions): Promise<DeadLetterPage>;
  /** Sends dead letters again, with all their attempts; resolves with how many. @throws TaskSystemError `WEBHOOK_NOT_FOUND`, `WEBHOOK_DISABLED`. */
  replay(target: ReplayTarget): Promise<number>;
  /** Calls `listener` with each event of the type. A listener that throws is logged. @returns removes it. */
  on<Type extends keyof WebhookEventMap>(type: Type, listener: (event: WebhookEventMap[Type]) => unknown): () => void;
}
