import type { SerializedError } from './Errors.ts';
import type { JsonValue } from './Json.ts';
import type { TaskState, TerminalState } from './TaskState.ts';

/** The type of a task that has no handler and only holds children. */
export const GROUP_TYPE = 'group';

/** When a task that has children is complete: when all of them are, when one is, or when so many are. */
export type CompletionRule = 'all' | 'any' | { readonly quorum: number };

/**
 * What a child that fails (or is cancelled by itself) does to its parent.
 * - `fail-fast`: as soon as the completion rule cannot be met any more, the other children are cancelled and the parent fails.
 * - `wait`: the other children go on to their ends, then the parent fails.
 * - `ignore`: nothing; a parent whose children have all ended is complete.
 */
export type ChildFailureRule = 'fail-fast' | 'wait' | 'ignore';

/** The rules by which the children of a task decide its outcome. */
export interface FamilyRules {
  readonly completion: CompletionRule;
  readonly onChildFailure: ChildFailureRule;
}

/** The rules of a task that sets none. */
export const DEFAULT_RULES: FamilyRules = Object.freeze({ completion: 'all', onChildFailure: 'fail-fast' });

/** Children of one task by what became of them. */
export interface ChildTally {
  readonly done: number;
  /** Failed or cancelled, and the parent's handler has dealt with it. */
  readonly excused: number;
  /** Failed or cancelled. */
  readonly failed: number;
  readonly open: number;
}

/** What the rules say of a family: undecided, complete, or failed. Once it is decided, children that are open are cancelled. */
export type Ruling = 'open' | 'met' | 'missed';

/** Judges a family by its rules. */
export function judge({ completion, onChildFailure }: FamilyRules, { done, excused, failed, open }: ChildTally): Ruling {
  const needed = completion === 'all' ? undefined : completion === 'any' ? 1 : completion.quorum;
  if (needed !== undefined && done >= needed) return 'met';
  if (onChildFailure !== 'ignore') {
    const isMissed = needed === undefined ? failed > 0 : done + excused + open < needed;
    if (isMissed) return onChildFailure === 'wait' && open > 0 ? 'open' : 'missed';
  }
  return open === 0 ? 'met' : 'open';
}

/** Why a task was cancelled: somebody asked for it, its parent ended, or its siblings decided the outcome without it. */
export type CancelCause = 'request' | 'parent' | 'siblings';

/** What became of a child. */
export interface SubtaskOutcome {
  readonly id: string;
  readonly type: string;
  /** The name it was given under its parent. */
  readonly key?: string;
  readonly state: TerminalState;
  /** Of a child that completed. */
  readonly result?: JsonValue;
  /** Of a child that did not. */
  readonly error?: SerializedError;
}

/** A child of the task, as its handler sees it. */
export interface Subtask {
  readonly id: string;
  /**
   * The result of the child. While a handler waits for children and for nothing else, it holds no slot of the queue.
   * @throws TaskSystemError `TASK_CHILD_FAILED` when the child failed or was cancelled; `cause` is its error.
   */
  readonly result: () => Promise<JsonValue>;
}

/** How far the children of a task are. */
export interface FamilyProgress {
  /** Children that completed. */
  readonly done: number;
  /** Children that failed or were cancelled. */
  readonly failed: number;
  readonly total: number;
}

/** One task of a tree. */
export interface TaskTree {
  readonly id: string;
  readonly type: string;
  readonly project: string;
  readonly state: TaskState;
  readonly key?: string;
  /** 0 to 100: what the task reported last, or else the weighted mean of its children. */
  readonly percent: number;
  /** Its share in the progress of its parent. */
  readonly weight: number;
  readonly attempt: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Why it failed or was cancelled. */
  readonly error?: SerializedError;
  /** In the order of their submission. */
  readonly children: readonly TaskTree[];
}

const IMPLICIT_KEY_MARK = '#';

/** The name of a child that was given none: the same for the same submission, as often as it was made before by the same attempt. */
export function implicitKey(fingerprint: string, count: number): string {
  return `${IMPLICIT_KEY_MARK}${fingerprint}.${String(count)}`;
}

/** Whether nobody gave the child this name. */
export function isImplicitKey(key: string | null | undefined): boolean {
  return key?.startsWith(IMPLICIT_KEY_MARK) === true;
}
