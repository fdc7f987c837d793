import type { SpendLedger } from './Budgets.ts';
import type { SerializedError } from './Errors.ts';
import type { EventDraft, TaskEvent } from './Events.ts';
import type { TaskIsolation } from './Isolation.ts';
import type { JsonObject } from './Json.ts';
import type { RetryPolicy } from './Options.ts';
import type { Task, TaskProgress, TaskUsage } from './Task.ts';
import type { TaskState, TerminalState } from './TaskState.ts';
import type { WebhookOutbox } from './WebhookOutbox.ts';

/** What a submission may set for its own attempts, over the settings of its type. */
export interface TaskOverrides {
  readonly timeoutMs?: number;
  readonly retry?: RetryPolicy;
  readonly contextFiles?: readonly string[];
}

/** A task as a store keeps it: input and result stay JSON text until somebody looks at them. */
export interface TaskRecord extends Omit<Task, 'input' | 'result'> {
  readonly inputJson: string;
  readonly resultJson?: string;
  readonly overrides: TaskOverrides;
  /** Smaller goes first: time of submission minus the head start of the priority. */
  readonly orderKey: number;
  /** Grows with every claim. A write that carries an older one is refused. */
  readonly fence: number;
  /** The host instance that runs it. */
  readonly owner?: string;
}

/** A task to be created. It starts as `queued`, or `running` when `claimAs` is given. */
export interface NewTask {
  readonly id: string;
  readonly type: string;
  readonly project: string;
  readonly inputJson: string;
  readonly priority: number;
  readonly orderKey: number;
  readonly maxAttempts: number;
  readonly overrides: TaskOverrides;
  readonly parentId?: string;
  /** Name under the parent; the same key and parent is the same task. */
  readonly key?: string;
  readonly rootId: string;
  readonly retryOf?: string;
  readonly idempotencyKey?: string;
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly runAt?: number;
}

/** A state change and the events that were stored with it, in order. Emit them only after they arrived. */
export interface Committed {
  readonly task: TaskRecord;
  readonly events: readonly TaskEvent[];
}

/** Bounds on a tree; a child beyond one of them is refused. */
export interface TreeBounds {
  readonly maxDepth: number;
  readonly maxChildren: number;
  readonly maxTasks: number;
}

/** What `create` did: made the task, or found the one that has the same key (under its parent) or idempotency key (then `events` is empty). */
export interface Created extends Committed {
  readonly existed: boolean;
}

/** What a runner writes when an attempt is over. Every field not given keeps its value; `owner` is always cleared. */
export interface Settlement {
  readonly taskId: string;
  /** The fence of the claim; a different one in the store means that the runner lost the task. */
  readonly fence: number;
  readonly to: TerminalState | 'queued';
  readonly time: number;
  readonly resultJson?: string;
  readonly error?: SerializedError;
  readonly progress?: TaskProgress;
  /** What the attempt used. */
  readonly usage?: TaskUsage;
  /** How the attempt was kept apart. */
  readonly isolation?: TaskIsolation;
  /** With `to: 'queued'`: when it may start again. */
  readonly runAt?: number;
  /** With `to: 'queued'`: counts this attempt as an interruption. */
  readonly interrupted?: boolean;
  readonly event: EventDraft;
}

/** Pending and running tasks of one project. */
export interface ProjectCounts {
  readonly project: string;
  /** Queued and due. */
  readonly ready: number;
  /** Queued with a `runAt` in the future. */
  readonly delayed: number;
  readonly running: number;
  readonly waiting: number;
}

/** Which tasks `list` returns; newest first. */
export interface TaskFilter {
  readonly project?: string;
  readonly state?: TaskState;
  readonly parentId?: string;
  /** 1 to 1,000. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** A page of tasks. */
export interface TaskRecordPage {
  readonly tasks: readonly TaskRecord[];
  readonly nextCursor?: string;
}

/** How ended tasks and old events are removed. */
export interface PruneOrder {
  /** Ended tasks and events older than this are removed. */
  readonly before: number;
  /** Of the ended tasks, and of the events, at most this many are kept. */
  readonly keep: number;
  /** At most this many rows of each are removed by one call. */
  readonly batch: number;
}

/** What to do with tasks whose host is gone. */
export interface RecoverOrder {
  /** The host instance that asks; its own tasks are left alone. */
  readonly owner: string;
  readonly time: number;
  /** After more interruptions than this a task fails with `TASK_INTERRUPTED`. */
  readonly maxInterruptions: number;
  /** Task types that must never run twice: they fail at the first interruption. */
  readonly neverRepeat: readonly string[];
}

/**
 * Where tasks live. Each method that changes something is one transaction that also stores its events; a call resolves after
 * the change is durable. Changes asked for in one tick may share a transaction. Errors carry a `STORE_*` code.
 * Every adapter passes `test/store/contract.ts`.
 */
export interface TaskStore {
  /** Identity of the event log. */
  readonly epoch: string;
  /** Offset of the newest stored event at the time of opening. */
  readonly openingOffset: number;
  /** What webhooks are still to be told; written together with the events. */
  readonly outbox: WebhookOutbox;
  /** What tasks have spent of their budgets. */
  readonly ledger: SpendLedger;

  /**
   * Stores a task and its `task:create` event. `claimAs` also claims it for that owner in the same transaction (with `task:start`).
   * `parentId` of a task that does not exist rejects with `TASK_NOT_FOUND`, of one that has ended with `PARENT_ENDED`; a child beyond
   * `bounds` rejects with `TREE_TOO_DEEP`, `TREE_TOO_WIDE` or `TREE_TOO_LARGE`.
   */
  create(task: NewTask, claimAs?: string, bounds?: TreeBounds): Promise<Created>;

  /** Gives the first due task of a project to an owner: `running`, attempt and fence one higher, `task:start` stored. */
  claimNext(project: string, owner: string, time: number): Promise<Committed | undefined>;

  /** Ends an attempt. Undefined when the task is not running under this fence any more: then nothing was written. */
  settle(settlement: Settlement): Promise<Committed | undefined>;

  /** Cancels a task that is queued. Undefined when it is in another state: then nothing was written. */
  cancelQueued(taskId: string, reason: string, time: number): Promise<Committed | undefined>;

  /** Stores events of a running task. Undefined when the fence is stale. */
  append(taskId: string, fence: number, events: readonly EventDraft[], time: number): Promise<readonly TaskEvent[] | undefined>;

  /** Makes delayed tasks ready whose time has come; returns how many became ready per project, and when the next one is due. */
  promoteDue(time: number): Promise<{ readonly ready: readonly { readonly project: string; readonly count: number }[]; readonly nextDue?: number }>;

  /** Queues again (or fails) every running task whose owner is gone. */
  recover(order: RecoverOrder): Promise<readonly Committed[]>;

  get(taskId: string): Promise<TaskRecord | undefined>;
  /** Newest first. Rejects with `CURSOR_INVALID`. */
  list(filter: TaskFilter): Promise<TaskRecordPage>;
  /** Every project that has a task which has not ended. */
  counts(): Promise<readonly ProjectCounts[]>;

  /** Stored events after `offset`, oldest first; undefined when some of them were pruned. `taskId` narrows to one task. */
  readEvents(offset: number, limit: number, taskId?: string): Promise<readonly TaskEvent[] | undefined>;

  /** Remembers that a project (or, without a name, everything) is paused or not. */
  setPaused(project: string | undefined, paused: boolean): Promise<void>;
  /** What is paused: project names, and `undefined` for everything. */
  paused(): Promise<readonly (string | undefined)[]>;

  /** Removes ended tasks, old events and old dead letters in one small batch; returns how many rows of the first two went. */
  prune(order: PruneOrder): Promise<{ readonly tasks: number; readonly events: number }>;

  /** Finishes what was asked for and closes the file. */
  close(): Promise<void>;
}
