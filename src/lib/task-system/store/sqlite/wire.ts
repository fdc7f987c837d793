import type { LedgerAccount, Spend } from '../../types/Budgets.ts';
import type { SerializedError } from '../../types/Errors.ts';
import type { FamilyNumbers, StopOrder } from '../../types/FamilyStore.ts';
import type { ProjectCounts, PruneOrder, RecoverOrder, TaskFilter, TreeBounds } from '../../types/TaskStore.ts';
import type { CancelCause } from '../../types/Subtasks.ts';
import type { TaskState, TerminalState } from '../../types/TaskState.ts';
import type { SnapshotFilter } from '../../types/Snapshots.ts';
import type { ApprovalOp, ApprovalReply } from './approvals/wire.ts';
import type { OutboxOp, OutboxReply } from './outbox/wire.ts';
import type { Row } from './Row.ts';

export type { Row };

/*
 * What passes between the store and its engine, which may live in another thread. Only strings, numbers, nulls and arrays of them in
 * the hot operations: structured clone copies those twice as fast as objects with named fields, and it cannot fail on them,
 * so one bad value never takes a whole batch down.
 */

/** A value of a column. */
export type SqlValue = string | number | null;

/** The columns of a new task, in the order of `TASK_COLUMNS` up to `input`. */
export type NewTaskRow = readonly [
  id: string, type: string, project: string, state: TaskState, ready: number, orderKey: number, priority: number, maxAttempts: number,
  attempt: number, fence: number, owner: string | null, parentId: string | null, rootId: string, retryOf: string | null,
  idempotencyKey: string | null, createdAt: number, runAt: number | null, startedAt: number | null, overrides: string | null,
  metadata: string | null, input: string, key: string | null, weight: number | null, rules: string | null, lineage: string | null,
];

/** An event before it has a place in the log: its type, and its data as JSON text. */
export type WireDraft = readonly [type: string, dataJson: string];

/** A settlement with everything that is JSON as text. */
export type WireSettlement = readonly [
  taskId: string, fence: number, to: TerminalState | 'queued', time: number, resultJson: string | null, errorJson: string | null,
  progressJson: string | null, runAt: number | null, interrupted: number, event: WireDraft,
  usageJson: string | null,
  isolationJson: string | null,
  joins: number,
  excused: readonly string[],
  notesJson: string | null,
];

/** One thing asked of the engine. */
export type StoreOp =
  | readonly ['create', task: NewTaskRow, bounds: TreeBounds | null]
  | readonly ['claimNext', project: string, owner: string, time: number]
  | readonly ['settle', settlement: WireSettlement]
  | readonly ['createGroup', task: NewTaskRow, children: readonly NewTaskRow[], bounds: TreeBounds | null]
  | readonly ['cancelQueued', taskId: string, reason: string, time: number, cause: CancelCause]
  | readonly ['failWaiting', taskId: string, errorJson: string, time: number]
  | readonly ['park', taskId: string, fence: number, children: number, time: number]
  | readonly ['unpark', taskId: string, fence: number, time: number]
  | readonly ['statesOf', taskIds: readonly string[]]
  | readonly ['unremembered', limit: number]
  | readonly ['remembered', taskId: string, drafts: readonly WireDraft[], time: number]
  | readonly ['childrenOf', parentId: string]
  | readonly ['tree', rootId: string]
  | readonly ['familyNumbers', rootId: string]
  | readonly ['queued', limit: number]
  | readonly ['append', taskId: string, fence: number, drafts: readonly WireDraft[], time: number]
  | readonly ['promoteDue', time: number]
  | readonly ['recover', order: RecoverOrder]
  | readonly ['get', taskId: string]
  | readonly ['list', filter: Omit<TaskFilter, 'cursor'>, before: number | null]
  | readonly ['snapshot', filter: SnapshotFilter]
  | readonly ['counts']
  | readonly ['readEvents', offset: number, limit: number, taskId: string | null]
  | readonly ['setPaused', project: string | null, paused: boolean]
  | readonly ['paused']
  | readonly ['prune', order: PruneOrder]
  | readonly ['outbox', op: OutboxOp]
  | readonly ['approvals', op: ApprovalOp]
  | readonly ['spent', accounts: readonly string[]]
  | readonly ['charge', accounts: readonly LedgerAccount[], spend: Spend, time: number];

/** A task after a change, and its new events as JSON texts. */
export interface WireChange {
  readonly row: Row;
  readonly events: readonly string[];
  /** The state before, of a change that follows from another one. */
  readonly from?: TaskState;
}

/** What the engine says to one operation; which fields are there depends on the operation. */
export interface Reply {
  /** Why it failed. */
  readonly error?: SerializedError;
  /** The change that was asked for, then what follows from it. */
  readonly changes?: readonly WireChange[];
  readonly stops?: readonly StopOrder[];
  readonly states?: readonly (readonly [id: string, state: TaskState])[];
  readonly numbers?: FamilyNumbers;
  readonly rows?: readonly Row[];
  /** Of a snapshot. */
  readonly offset?: number;
  /** Events as JSON texts. */
  readonly events?: readonly string[];
  readonly counts?: readonly ProjectCounts[];
  readonly ready?: readonly { readonly project: string; readonly count: number }[];
  readonly nextDue?: number;
  readonly paused?: readonly (string | undefined)[];
  readonly outbox?: OutboxReply;
  readonly approvals?: ApprovalReply;
  readonly pruned?: { readonly tasks: number; readonly events: number };
}

/** What an engine tells when it is open. */
export interface StoreIdentity {
  /** Identity of the event log. */
  readonly epoch: string;
  /** Offset of the newest stored event. */
  readonly openingOffset: number;
}

/** The way to an engine: in this thread or in another one. */
export interface StoreChannel extends StoreIdentity {
  /** Runs operations in order; replies come in the same order. Rejects only when the engine itself is lost. */
  send(ops: readonly StoreOp[]): Promise<readonly Reply[]>;
  /** Finishes what was sent and closes the database. */
  close(): Promise<void>;
}

/** What the thread of an engine is asked: operations of one batch, or to close. */
export type ThreadRequest = readonly StoreOp[] | 'close';

/** What the thread of an engine says. */
export type ThreadAnswer =
  | ({ readonly type: 'opened' } & StoreIdentity)
  /** It could not open, or not close. */
  | { readonly type: 'failed'; readonly error: SerializedError }
  /** Replies to one or more batches, in the order in which they were sent. */
  | { readonly type: 'replies'; readonly batches: readonly (readonly Reply[])[] }
  | { readonly type: 'closed' };
