import type { TaskEvent } from './Events.ts';
import type { JsonObject } from './Json.ts';
import type { RetryPolicy } from './Options.ts';
import type { FamilyRules } from './Subtasks.ts';
import type { Task } from './Task.ts';

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
  /** How its children decide its outcome; the default rules when there are none. */
  readonly rules?: FamilyRules;
  /** The types of its ancestors, the root first. */
  readonly lineage?: readonly string[];
  /** How many of its attempts began as a join. */
  readonly joins?: number;
  /** Whether its next (or present) attempt is its join. */
  readonly isJoining?: boolean;
  /** What its attempts want to be remembered once it has ended, as JSON; there until it is written. */
  readonly notesJson?: string;
  /** Of a waiting task without a process: that it ends as soon as its last child has, whatever the others say. */
  readonly isClosing?: boolean;
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
  /** Undefined: the default rules. */
  readonly rules?: FamilyRules;
  /** Undefined: 1. */
  readonly weight?: number;
  readonly lineage?: readonly string[];
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
