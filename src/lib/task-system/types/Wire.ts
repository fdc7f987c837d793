import type { TaskEvent } from './Events.ts';
import type { Task } from './Task.ts';

/** The subprotocol that client and server agree on. */
export const WIRE_PROTOCOL = 'task-system.v1';

/**
 * Before this prefix in the list of offered subprotocols stands nothing, after it the base64url form of the client's token: browsers
 * can send no other header with a WebSocket. The server never answers with it.
 */
export const TOKEN_PROTOCOL_PREFIX = 'bearer.';

/**
 * Close codes of the protocol. After one in 4400 to 4499 a client must not come back by itself, except after `helloTimeout` and
 * `tooManyMessages`; after any other it comes back with backoff.
 */
export const WIRE_CLOSE_CODES = {
  /** The server stops serving the feed. */
  goingAway: 1001,
  /** A frame was not JSON text, or not one of the protocol. */
  badFrame: 4400,
  /** The token of a `hello` was refused. */
  unauthorized: 4401,
  /** No `hello` came in time. */
  helloTimeout: 4408,
  /** More messages than the limit. */
  tooManyMessages: 4429,
} as const;

/** What a subscription is about: `tasks` (all), `project:<name>`, `task:<id>`, or `tree:<id of the root task>`. */
export type WireTopic = 'tasks' | `project:${string}` | `task:${string}` | `tree:${string}`;

/** A position in an event log. */
export interface WirePosition {
  /** Identity of the log; empty: whichever log the server has. */
  readonly epoch: string;
  /** Offset of the last event that was seen. */
  readonly offset: number;
}

/** What a client may send. */
export type ClientFrame =
  /** Must come first. A `token` is shown to `authorize` again, in place of the one of the connection. */
  | { readonly type: 'hello'; readonly token?: string }
  /**
   * Subscribes under an id of the client's choice. With `since`, the events after that position come first, then the live ones.
   * `snapshot`: before them comes a `snap` with the tasks of the `task:` topics.
   */
  | { readonly type: 'sub'; readonly id: string; readonly topics: readonly string[]; readonly since?: WirePosition; readonly snapshot?: boolean }
  | { readonly type: 'unsub'; readonly id: string }
  /** Answered by a `pong` with the same `t`. */
  | { readonly type: 'ping'; readonly t?: number };

/** The bounds that a server announces. */
export interface WireLimits {
  /** Size of a frame from the client, in bytes. */
  readonly maxFrameBytes: number;
  /** Subscriptions of one connection. */
  readonly maxSubscriptions: number;
  /** Topics of one subscription. */
  readonly maxTopics: number;
}

/** Why a subscription starts afresh: the log is another one, its old part was pruned, or the position lies beyond its end. */
export type ResetReason = 'epoch' | 'pruned' | 'ahead';

/** Why a frame was refused: without closing the connection (`topic`, `limit`, `duplicate`, `unsupported`, `failed`), or with it (the others). */
export type WireErrorCode =
  | 'topic' | 'limit' | 'duplicate' | 'unsupported' | 'failed'
  | 'bad_frame' | 'unauthorized' | 'hello_timeout' | 'too_many_messages';

/** What a server sends. */
export type ServerFrame =
  /** The answer to `hello`. `heartbeatMs`: how often the server pings; a client that hears nothing for clearly longer should reconnect. */
  | {
      readonly type: 'welcome'; readonly protocol: typeof WIRE_PROTOCOL; readonly epoch: string; readonly offset: number;
      readonly limits: WireLimits; readonly heartbeatMs: number;
    }
  /** The tasks of the subscription's `task:` topics as they were after it was registered; tasks that do not exist are left out. */
  | { readonly type: 'snap'; readonly id: string; readonly tasks: readonly Task[] }
  /**
   * The subscription is live: frames without `sub` are for it too from now on. It has seen everything up to `offset`. `recovered`:
   * whether it has seen everything since the position it asked for; false when it asked for none.
   */
  | { readonly type: 'subok'; readonly id: string; readonly epoch: string; readonly offset: number; readonly recovered: boolean }
  /** Events, oldest first. With `sub`: replayed for that subscription alone. Without: for every live subscription with a topic of them. */
  | { readonly type: 'ev'; readonly events: readonly TaskEvent[]; readonly sub?: string }
  /** The events since the wished position cannot all be had. A `subok` with `recovered: false` follows: live from there. */
  | { readonly type: 'reset'; readonly id: string; readonly reason: ResetReason }
  | { readonly type: 'err'; readonly code: WireErrorCode; readonly message: string; readonly ref?: string }
  /** `offset`: every live subscription has been sent everything up to it. Missing while one is being caught up. */
  | { readonly type: 'pong'; readonly t?: number; readonly offset?: number }
  /** The connection is about to be closed with this code; come back not before `retryAfterMs`. */
  | { readonly type: 'bye'; readonly code: number; readonly retryAfterMs?: number };

/** The topics that an event belongs to. */
export function topicsOf(event: TaskEvent): readonly WireTopic[] {
  return ['tasks', `project:${event.project}`, `task:${event.taskId}`, `tree:${event.rootId}`];
}

/** Whether a string is a topic. */
export function isTopic(text: string): text is WireTopic {
  return text === 'tasks' || /^(?:project|task|tree):[^]+$/.test(text);
}

/** Whether a client that was closed with this code must not come back by itself. */
export function isFinalClose(code: number): boolean {
  return code >= 4400 && code < 4500 && code !== WIRE_CLOSE_CODES.helloTimeout && code !== WIRE_CLOSE_CODES.tooManyMessages;
}
