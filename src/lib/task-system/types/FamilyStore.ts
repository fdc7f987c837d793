import type { SerializedError } from './Errors.ts';
import type { EventDraft, TaskEvent } from './Events.ts';
import type { CancelCause } from './Subtasks.ts';
import type { TaskState } from './TaskState.ts';
import type { Committed, Created, NewTask, TaskRecord, TreeBounds } from './TaskRecord.ts';

/** A running task that has to be stopped for the sake of its tree. */
export interface StopOrder {
  readonly taskId: string;
  readonly reason: string;
  readonly cause: CancelCause;
}

/** A change, and the state before it. */
export interface TreeChange extends Committed {
  /** The state that the task had before. */
  readonly from: TaskState;
}

/** A change of one task, and what follows from it in its tree, all in one transaction. */
export interface TreeCommitted extends TreeChange {
  /** The other tasks that changed, in the order of their events: ancestors that ended or go on, descendants that were cancelled. */
  readonly others: readonly TreeChange[];
  /** Tasks with a process that are to be cancelled; their ends are still to be stored. */
  readonly stops: readonly StopOrder[];
}

/** The children of one task in one state. */
export interface FamilyCount {
  readonly parentId: string;
  readonly state: TaskState;
  readonly count: number;
  /** Sum of their weights. */
  readonly weight: number;
  /** Of those that have no process: sum of weight times percent, as it is stored. */
  readonly progress: number;
}

/** A task of a tree that runs or waits. */
export interface ActiveMember {
  readonly id: string;
  readonly parentId?: string;
  readonly project: string;
  readonly type: string;
  readonly attempt: number;
  readonly weight: number;
  readonly percent?: number;
}

/** The numbers of a tree by which its progress is told. */
export interface FamilyNumbers {
  readonly counts: readonly FamilyCount[];
  readonly active: readonly ActiveMember[];
}

/** The part of a store that concerns trees of tasks. The rules of `TaskStore` hold for it. */
export interface FamilyStore {
  /** Stores a task that has no handler and waits for its children, together with them. `others` are the children. */
  createGroup(task: NewTask, children: readonly NewTask[], bounds?: TreeBounds): Promise<Created & { readonly others: readonly TreeChange[] }>;

  /** Fails a waiting task without a process, such as for its time being up, as `cancelQueued` cancels one. */
  failWaiting(taskId: string, error: SerializedError, time: number): Promise<TreeCommitted | undefined>;

  /** A running task keeps its process and gives its slot back: `waiting`. Undefined when the fence is stale. */
  park(taskId: string, fence: number, children: number, time: number): Promise<Committed | undefined>;

  /** A parked task goes on: `running`. Undefined when the fence is stale. */
  unpark(taskId: string, fence: number, time: number): Promise<Committed | undefined>;

  /** Tasks that have ended and whose notes are not written yet, at most `limit`. */
  unremembered(limit: number): Promise<readonly TaskRecord[]>;
  /** The notes of an ended task are written: takes them off it and stores events of that. Undefined when it had none any more. */
  remembered(taskId: string, events: readonly EventDraft[], time: number): Promise<readonly TaskEvent[] | undefined>;

  /** The states of tasks; those that do not exist are left out. */
  statesOf(taskIds: readonly string[]): Promise<ReadonlyMap<string, TaskState>>;
  /** The states of the children of a task, in the order of their submission. */
  childrenOf(parentId: string): Promise<ReadonlyMap<string, TaskState>>;
  /** The tasks of a tree in the order of their submission, without inputs and results (which are `null` and undefined). */
  tree(rootId: string): Promise<readonly TaskRecord[]>;
  /** How far the tasks of a tree are. */
  numbers(rootId: string): Promise<FamilyNumbers>;
  /** The first queued tasks, project by project, in their order (due ones first), at most `limit`, without inputs. */
  queued(limit: number): Promise<readonly TaskRecord[]>;
}
