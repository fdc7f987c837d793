import type { SerializedError } from './Errors.ts';
import type { TaskIsolation } from './Isolation.ts';
import type { JsonObject, JsonValue } from './Json.ts';
import type { TaskState } from './TaskState.ts';

/** Named priorities; **higher goes first**. An integer from -100 to 100 says the same more finely: `low` is -1, `urgent` 2. */
export type PriorityName = 'low' | 'normal' | 'high' | 'urgent';

/** The level of each named priority. */
export const PRIORITY_LEVELS = { low: -1, normal: 0, high: 1, urgent: 2 } as const satisfies Record<PriorityName, number>;

/** How far a task has come, as its handler reported it. */
export interface TaskProgress {
  /** 0 to 100. */
  readonly percent: number;
  /** What is being done, for people. */
  readonly message?: string;
  /** Anything else the handler reported. */
  readonly data?: JsonValue;
  /** Of a task with children: how many of them completed. */
  readonly done?: number;
  /** Of a task with children: how many of them failed or were cancelled. */
  readonly failed?: number;
  /** Of a task with children: how many it has. */
  readonly total?: number;
}

/** The highest values of an attempt. */
export interface TaskUsage {
  /** CPU time of all its processes. */
  readonly cpuMs: number;
  /** Memory that only its processes held, all together. 0 when it was over before it could be looked at. */
  readonly peakMemoryBytes: number;
  readonly peakProcesses: number;
  /** What its workspace held; undefined when the attempt was too short to be measured. */
  readonly peakWorkspaceBytes?: number;
  /** What it printed. */
  readonly outputBytes: number;
  /** What it sent to the hosts that its policy names; undefined where it names none. */
  readonly sentBytes?: number;
  /** What came back from them. */
  readonly receivedBytes?: number;
}

/** A task as it stands in the store. */
export interface Task {
  /** Sortable by time of submission (UUID version 7). */
  readonly id: string;
  /** Name of the task type. */
  readonly type: string;
  /** The tenant and queue it belongs to. */
  readonly project: string;
  readonly state: TaskState;
  /** What was submitted. */
  readonly input: JsonValue;
  /** What the handler returned, once `completed`. */
  readonly result?: JsonValue;
  /** Why it `failed` or was `cancelled`; of a queued task: why its last attempt failed. */
  readonly error?: SerializedError;
  /** Level of priority; higher goes first. */
  readonly priority: number;
  /** How often it was started; 0 before the first start. */
  readonly attempt: number;
  /** How many of its attempts may fail before the task fails. */
  readonly maxAttempts: number;
  /** How many attempts ended with the host stopping or dying; they do not count against `maxAttempts`. */
  readonly interruptions: number;
  /** The last progress that was reported. */
  readonly progress?: TaskProgress;
  /** What its last attempt used, once that is over. */
  readonly usage?: TaskUsage;
  /** How its running, or last, attempt is kept apart from the host and other tasks. */
  readonly isolation?: TaskIsolation;
  /** The task that this one is a part of. */
  readonly parentId?: string;
  /** Its name under its parent, if it was given one. */
  readonly key?: string;
  /** Its share in the progress of its parent. Undefined: 1. */
  readonly weight?: number;
  /** The topmost task of the tree; its own id for a task without parent. */
  readonly rootId: string;
  /** The task that this one repeats (see `tasks.retry`). */
  readonly retryOf?: string;
  readonly idempotencyKey?: string;
  /** Data of the submitter, never read by the library. */
  readonly metadata: JsonObject;
  /** Milliseconds since 1970, as all times here. */
  readonly createdAt: number;
  /** When it may start, if it was delayed or is to be tried again. */
  readonly runAt?: number;
  /** When its last attempt started. */
  readonly startedAt?: number;
  /** When it reached its final state. */
  readonly finishedAt?: number;
}
