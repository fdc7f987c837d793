import type { ContextCompaction, ContextFileReport } from './Context.ts';
import type { AnswerScope } from './Approvals.ts';
import type { SerializedError } from './Errors.ts';
import type { JsonValue } from './Json.ts';
import type { CancelCause } from './Subtasks.ts';
import type { TaskProgress } from './Task.ts';

/** What every event carries besides its `type` and `data`. */
export interface EventEnvelope {
  /** Identity of the event log; changes only with a new database. */
  readonly epoch: string;
  /** Position in the log. Stored events alone advance it, so a gap is always a loss; the others carry the current one. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly taskId: string;
  readonly project: string;
  readonly taskType: string;
  readonly parentId?: string;
  readonly rootId: string;
  /** The attempt it belongs to; 0 before the first one. */
  readonly attempt: number;
  /** Number of the event within its task, for events that are not stored. */
  readonly seq?: number;
}

/** The data of each event. */
export interface TaskEventData {
  /** Accepted and on disk. */
  'task:create': { readonly priority: number; readonly runAt?: number; readonly retryOf?: string };
  /** An attempt was claimed and is being started. */
  'task:start': { readonly queuedMs: number };
  /**
   * The handler reported progress; at most 10 a second per task, the last one always. Of a task with children also how far they are,
   * at most 10 a second per tree, the last one of each task always.
   */
  'task:progress': TaskProgress;
  /** The task called a tool. `input` is a copy without secrets, cut where it is long. `approvalId`: somebody allowed it, or allowed such calls. */
  'task:tool:start': { readonly callId: string; readonly tool: string; readonly input: JsonValue; readonly approvalId?: string };
  /** A tool call ended. `message` says why it did not end well, `rule` which rule of the policy denied it. */
  'task:tool:end': {
    readonly callId: string; readonly tool: string; readonly durationMs: number; readonly outcome: 'ok' | 'error' | 'denied';
    readonly message?: string; readonly rule?: string; readonly outputBytes?: number;
  };
  /**
   * A call of a tool waits for somebody to allow or deny it, until `deadline` at the latest. `input` is a copy without secrets, cut where
   * it is long; `reason` says why it is asked for, `rule` which rule of the policy wants that.
   */
  'task:approval': {
    readonly approvalId: string; readonly tool: string; readonly input: JsonValue; readonly rule: string; readonly reason: string; readonly deadline: number;
  };
  /**
   * A call does not wait any more: `by` whom it was allowed or denied, and why; or it `expired` without an answer, or was `closed` because
   * its task ended or could not wait.
   */
  'task:approval:end': {
    readonly approvalId: string; readonly tool: string; readonly outcome: 'allowed' | 'denied' | 'expired' | 'closed';
    readonly by?: string; readonly reason?: string; readonly remember?: AnswerScope;
  };
  /** Ended well. Final. `result` is left out above 8 KiB: read it with `tasks.get(id)`. */
  'task:complete': { readonly durationMs: number; readonly resultBytes: number; readonly result?: JsonValue };
  /** Failed for good. Final. */
  'task:error': { readonly durationMs: number; readonly error: SerializedError };
  /** Was cancelled, by itself unless `cause` says otherwise. Final. */
  'task:cancel': { readonly reason: string; readonly durationMs: number; readonly cause?: CancelCause };
  /** The attempt failed or was interrupted, and the task is queued again. */
  'task:retry': { readonly cause: 'failed' | 'interrupted'; readonly delayMs: number; readonly error: SerializedError };
  /** A task gave its slot back and waits for so many children: with its process, when its handler awaits them, or else without one. 0: for an approval. */
  'task:wait': { readonly children: number };
  /** A waiting parent goes on: with its handler, or with its `join` as soon as there is a slot. */
  'task:resume': Record<string, never>;
  /** A line of output or of `log`. Not stored. */
  'task:log': { readonly stream: 'stdout' | 'stderr' | 'log'; readonly level: LogLevel; readonly text: string; readonly data?: JsonValue };
  /** A sample of what the task's processes use. Not stored. */
  'task:usage': { readonly cpuMs: number; readonly memoryBytes: number; readonly processes: number };
  /** What the task was told of its project, in tokens; with `compaction`, how a conversation was brought within a budget. */
  'task:context': { readonly files: readonly ContextFileReport[]; readonly usedTokens: number; readonly maxTokens: number; readonly compaction?: ContextCompaction };
  /** What came into the project's memory for this task and what left it: lines, and how many entries moved to the archive. */
  'task:memory': { readonly file: string; readonly added: string; readonly removed: string; readonly archived: number };
  /** A model is called for the task. */
  'task:model:start': { readonly callId: string; readonly model: string; readonly kind: 'generate' | 'stream'; readonly requestBytes: number };
  /** What a model has said so far in a streamed answer; at most 10 a second per call, the last one always. Not stored. */
  'task:text': { readonly callId: string; readonly model: string; readonly text: string; readonly length: number };
  /** A call of a model ended. Tokens as the provider counts them; left out where it says nothing. */
  'task:model:end': ModelCallEnd;
  /** Something a person should know: a weaker sandbox, lost output, a process that would not die. */
  'task:warning': { readonly code: string; readonly message: string };
  /** The task asked for a host that it may not reach; once for each host and reason, of the first 32 of an attempt. */
  'task:network:denied': NetworkDenial;
}

/** A connection that was refused. */
export interface NetworkDenial {
  /** Why: `NETWORK_DENIED` or `ADDRESS_REFUSED`. */
  readonly code: string;
  /** As the task wrote it. */
  readonly host: string;
  /** Undefined when what the task wrote cannot be taken apart. */
  readonly port?: number;
  readonly message: string;
}

/** How a call of a model went. */
export interface ModelCallEnd {
  readonly callId: string;
  readonly model: string;
  readonly durationMs: number;
  /** Until its first part. */
  readonly firstTokenMs?: number;
  readonly outcome: 'ok' | 'error' | 'aborted';
  /** How often the provider was asked. */
  readonly attempts: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** By the price table. */
  readonly cost?: number;
  /** Of an error. */
  readonly code?: string;
  readonly message?: string;
}

/** Level of a log line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Name of an event. */
export type TaskEventType = keyof TaskEventData;

/** One event of a given type. */
export type TaskEventOf<Type extends TaskEventType> = EventEnvelope & { readonly type: Type; readonly data: TaskEventData[Type] };

/** Any event. */
export type TaskEvent = { [Type in TaskEventType]: TaskEventOf<Type> }[TaskEventType];

/** What a writer says of an event; envelope and position come from the store or the emitter. */
export type EventDraft = { [Type in TaskEventType]: { readonly type: Type; readonly data: TaskEventData[Type] } }[TaskEventType];

/** Listener arguments per event, as eventemitter3 wants them; `'*'` gets every event. */
export type TaskEventMap = { [Type in TaskEventType]: [event: TaskEventOf<Type>] } & { '*': [event: TaskEvent] };

/** Whether an event is kept in the log (and advances the offset) or only sent to who listens now. */
export const EVENT_IS_STORED = {
  'task:create': true,
  'task:start': true,
  'task:progress': false,
  'task:tool:start': true,
  'task:tool:end': true,
  'task:approval': true,
  'task:approval:end': true,
  'task:complete': true,
  'task:error': true,
  'task:cancel': true,
  'task:retry': true,
  'task:wait': true,
  'task:resume': true,
  'task:log': false,
  'task:usage': false,
  'task:context': true,
  'task:memory': true,
  'task:model:start': true,
  'task:text': false,
  'task:model:end': true,
  'task:warning': true,
  'task:network:denied': true,
} as const satisfies Record<TaskEventType, boolean>;

/** Exactly one of these ends every task. */
export const TERMINAL_EVENTS = ['task:complete', 'task:error', 'task:cancel'] as const satisfies readonly TaskEventType[];

/** The names of all events. */
export const EVENT_TYPES: readonly TaskEventType[] = Object.keys(EVENT_IS_STORED).filter(isEventType);

/** Whether a string names an event. */
export function isEventType(name: string): name is TaskEventType {
  return Object.hasOwn(EVENT_IS_STORED, name);
}

/** Whether this event ended its task. */
export function isTerminalEvent(event: TaskEvent): event is Extract<TaskEvent, { readonly type: (typeof TERMINAL_EVENTS)[number] }> {
  return TERMINAL_EVENTS.some((type) => type === event.type);
}
