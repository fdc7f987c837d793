import type { ApprovalStore } from './ApprovalStore.ts';
import type { SpendLedger } from './Budgets.ts';
import type { SerializedError } from './Errors.ts';
import type { EventDraft, TaskEvent } from './Events.ts';
import type { FamilyStore, TreeCommitted } from './FamilyStore.ts';
import type { TaskIsolation } from './Isolation.ts';
import type { CancelCause } from './Subtasks.ts';
import type { TaskProgress, TaskUsage } from './Task.ts';
import type { Committed, Created, NewTask, TaskRecord, TreeBounds } from './TaskRecord.ts';
import type { TaskState, TerminalState } from './TaskState.ts';
import type { SnapshotFilter } from './Snapshots.ts';
import type { WebhookOutbox } from './WebhookOutbox.ts';

export type { Committed, Created, NewTask, TaskOverrides, TaskRecord, TreeBounds } from './TaskRecord.ts';

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
  /** With `to: 'completed'`: the task has a join, which is to run when its children have ended. */
  readonly joins?: boolean;
  /** Children whose failures the handler was told of: they do not count as failures any more. */
  readonly excused?: readonly string[];
  /** What is to be remembered when the task has ended with its children, in place of what was noted before; absent: nothing is left to write. */
  readonly notesJson?: string;
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

/** Tasks as they were at one moment. */
export interface StoreSnapshot {
  /** Each once, newest first; with the input `null` and without result. */
  readonly tasks: readonly TaskRecord[];
  /** Offset of the newest event at that moment: the tasks reflect it, and none after it. */
  readonly offset: number;
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
  /** Calls of tools that wait for an answer, and the answers. */
  readonly approvals: ApprovalStore;
  /** What concerns trees of tasks alone. */
  readonly families: FamilyStore;

  /**
   * Stores a task and its `task:create` event. `claimAs` also claims it for that owner in the same transaction (with `task:start`).
   * `parentId` of a task that does not exist rejects with `TASK_NOT_FOUND`, of one that has ended with `PARENT_ENDED`; a child beyond
   * `bounds` rejects with `TREE_TOO_DEEP`, `TREE_TOO_WIDE` or `TREE_TOO_LARGE`.
   */
  create(task: NewTask, claimAs?: string, bounds?: TreeBounds): Promise<Created>;

  /** Gives the first due task of a project to an owner: `running`, attempt and fence one higher, `task:start` stored. */
  claimNext(project: string, owner: string, time: number): Promise<Committed | undefined>;

  /**
   * Ends an attempt. Undefined when the task does not run under this fence any more: then nothing was written. A task with open children
   * is `waiting` afterwards, and ends in the transaction of the last of them; one whose parent is about to end is not queued again
   * but cancelled.
   */
  settle(settlement: Settlement): Promise<TreeCommitted | undefined>;

  /**
   * Cancels a task that has no process: queued or waiting. Undefined when it is in another state: then nothing was written.
   * With open children it is `waiting` until they have ended.
   */
  cancelQueued(taskId: string, reason: string, time: number, cause?: CancelCause): Promise<TreeCommitted | undefined>;

  /** Stores events of a running task. Undefined when the fence is stale. */
  append(taskId: string, fence: number, events: readonly EventDraft[], time: number): Promise<readonly TaskEvent[] | undefined>;

  /** Makes delayed tasks ready whose time has come; returns how many became ready per project, and when the next one is due. */
  promoteDue(time: number): Promise<{ readonly ready: readonly { readonly project: string; readonly count: number }[]; readonly nextDue?: number }>;

  /** Queues again (or fails) every running or parked task whose owner is gone; cancels those whose parent is about to end. */
  recover(order: RecoverOrder): Promise<readonly Committed[]>;

  get(taskId: string): Promise<TaskRecord | undefined>;
  /** Newest first. Rejects with `CURSOR_INVALID`. */
  list(filter: TaskFilter): Promise<TaskRecordPage>;
  /** The tasks of a moment, and where in the log that moment is. */
  snapshot(filter: SnapshotFilter): Promise<StoreSnapshot>;
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
