import type { AnswerScope, Approval, ApprovalListOptions } from './Approvals.ts';
import type { SerializedError } from './Errors.ts';
import type { TaskEvent } from './Events.ts';
import type { ListOptions, SubmitOptions } from './Options.ts';
import type { Task } from './Task.ts';

/** The subprotocol that client and server agree on. */
export const WIRE_PROTOCOL = 'task-system.v1';

/**
 * Before this prefix in the list of offered subprotocols stands nothing, after it the base64url form of the client's token: browsers
 * can send no other header with a WebSocket. The server never answers with it.
 */
export const TOKEN_PROTOCOL_PREFIX = 'bearer.';

/**
 * Close codes of the protocol. After one in 4400 to 4499 a client must not come back by itself, except after `helloTimeout`,
 * `tooManyMessages` and, with a new token, `tokenExpired`; after any other it comes back with backoff.
 */
export const WIRE_CLOSE_CODES = {
  /** The server stops serving the feed. */
  goingAway: 1001,
  /** A frame was not JSON text, or not one of the protocol. */
  badFrame: 4400,
  /** The token of a `hello` was refused, or was needed and missing. */
  unauthorized: 4401,
  /** No `hello` came in time. */
  helloTimeout: 4408,
  /** The client's admission has run out: it may come back with a new token. */
  tokenExpired: 4419,
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
   * `snapshot`: before them comes a `snap` with the tasks of the topics.
   */
  | { readonly type: 'sub'; readonly id: string; readonly topics: readonly string[]; readonly since?: WirePosition; readonly snapshot?: boolean }
  | { readonly type: 'unsub'; readonly id: string }
  /** Answered by a `pong` with the same `t`. */
  | { readonly type: 'ping'; readonly t?: number }
  | CommandFrame;

/** What a client may ask to be done, where it is allowed; each is answered by a `done` or an `err` with `ref: id`. */
export type CommandFrame =
  /** As `tasks.submit`. */
  | { readonly type: 'submit'; readonly id: string; readonly options: SubmitOptions }
  /** As `tasks.cancel`; answered when the task has ended. */
  | { readonly type: 'cancel'; readonly id: string; readonly taskId: string; readonly reason?: string }
  /** As `tasks.retry`. */
  | { readonly type: 'retry'; readonly id: string; readonly taskId: string }
  /** As `tasks.get`. */
  | { readonly type: 'get'; readonly id: string; readonly taskId: string }
  /** As `tasks.list`, without the inputs and results. */
  | { readonly type: 'list'; readonly id: string; readonly options?: ListOptions }
  /** As `tasks.approve`, by the id of the approval. */
  | { readonly type: 'approve'; readonly id: string; readonly approvalId: string; readonly reason?: string; readonly remember?: AnswerScope }
  /** As `tasks.deny`, by the id of the approval. */
  | { readonly type: 'deny'; readonly id: string; readonly approvalId: string; readonly reason?: string; readonly remember?: AnswerScope }
  /** As `tasks.approvals`. */
  | { readonly type: 'approvals'; readonly id: string; readonly options?: ApprovalListOptions };

/** Name of a command. */
export type CommandName = CommandFrame['type'];

/** A task without what may be large: `get` has the rest. */
export type TaskSummary = Omit<Task, 'input' | 'result'>;

/** What each command answers. */
export interface CommandReplies {
  /** The new task, or the one with the same idempotency key. */
  readonly submit: { readonly taskId: string };
  /** Whether this cancellation is the outcome. */
  readonly cancel: { readonly cancelled: boolean };
  /** The new task. */
  readonly retry: { readonly taskId: string };
  /** Null when there is no such task. */
  readonly get: { readonly task: Task | null };
  readonly list: { readonly tasks: readonly TaskSummary[]; readonly nextCursor?: string };
  readonly approve: { readonly state: 'allowed' };
  readonly deny: { readonly state: 'denied' };
  readonly approvals: { readonly approvals: readonly Approval[] };
}

/** The answer to a command that was carried out. */
export type DoneFrame = { [Name in CommandName]: { readonly type: 'done'; readonly ref: string; readonly command: Name; readonly value: CommandReplies[Name] } }[CommandName];

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

/**
 * Why a frame was refused: without closing the connection (`topic`, `limit`, `duplicate`, `unsupported`, `forbidden`, `command`,
 * `failed`), or with it (the others). `command`: the command was allowed and failed; `error` tells how.
 */
export type WireErrorCode =
  | 'topic' | 'limit' | 'duplicate' | 'unsupported' | 'forbidden' | 'command' | 'failed'
  | 'bad_frame' | 'unauthorized' | 'hello_timeout' | 'too_many_messages';

/** What a server sends. */
export type ServerFrame =
  /** The answer to `hello`. `heartbeatMs`: how often the server pings; a client that hears nothing for clearly longer should reconnect. */
  | {
      readonly type: 'welcome'; readonly protocol: typeof WIRE_PROTOCOL; readonly epoch: string; readonly offset: number;
      readonly limits: WireLimits; readonly heartbeatMs: number;
    }
  /**
   * Tasks as they were when the event of that offset was the newest: those of `task:` topics, whole trees, and of `tasks` and
   * `project:` topics those that have not ended; of the latter at most the newest 1,000. What does not exist is left out. `more`:
   * another part follows, in a frame of its own. Without `since` the first event that follows is the next one after `offset`:
   * nothing is missing, nothing comes twice.
   */
  | { readonly type: 'snap'; readonly id: string; readonly offset: number; readonly tasks: readonly TaskSummary[]; readonly more?: true }
  /**
   * The subscription is live: frames without `sub` are for it too from now on. It has seen everything up to `offset`. `recovered`:
   * whether it has seen everything since the position it asked for; false when it asked for none.
   */
  | { readonly type: 'subok'; readonly id: string; readonly epoch: string; readonly offset: number; readonly recovered: boolean }
  /** Events, oldest first. With `sub`: replayed for that subscription alone. Without: for every live subscription with a topic of them. */
  | { readonly type: 'ev'; readonly events: readonly TaskEvent[]; readonly sub?: string }
  /** The events since the wished position cannot all be had. A `subok` with `recovered: false` follows: live from there. */
  | { readonly type: 'reset'; readonly id: string; readonly reason: ResetReason }
  | { readonly type: 'err'; readonly code: WireErrorCode; readonly message: string; readonly ref?: string; readonly error?: SerializedError }
  | DoneFrame
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
  const { helloTimeout, tooManyMessages, tokenExpired } = WIRE_CLOSE_CODES;
  return code >= 4400 && code < 4500 && code !== helloTimeout && code !== tooManyMessages && code !== tokenExpired;
}
