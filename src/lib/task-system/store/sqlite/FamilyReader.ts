import { TaskSystemError, type SerializedError } from '../../types/Errors.ts';
import type { CancelCause, ChildTally } from '../../types/Subtasks.ts';
import type { TerminalState } from '../../types/TaskState.ts';
import type { Database } from './Database.ts';
import { storedError } from './EngineState.ts';
import { numberOf, optionalNumber, optionalText, ownJson, textOf } from './rows.ts';
import type { Row, WireDraft } from './wire.ts';

const ABOVE = 'SELECT parent_id, closing, verdict, error FROM tasks WHERE id = ?';
// Excused: 1 when the handler was told of a failure, 2 when another attempt has made the child anew, which then takes its place.
const TALLY = `SELECT count(*) FILTER (WHERE state = 'completed') AS done, count(*) FILTER (WHERE state IN ('failed', 'cancelled') AND excused = 1) AS excused,
  count(*) FILTER (WHERE state IN ('failed', 'cancelled') AND excused = 0) AS failed, count(*) FILTER (WHERE finished_at IS NULL) AS open
  FROM tasks INDEXED BY tasks_parent WHERE parent_id = ?`;
const OUTCOMES = `SELECT count(*) AS total, count(*) FILTER (WHERE state = 'completed') AS completed, count(*) FILTER (WHERE state = 'failed') AS failed,
  count(*) FILTER (WHERE state = 'cancelled') AS cancelled FROM tasks INDEXED BY tasks_parent WHERE parent_id = ?`;
const REACHED = `SELECT count(*) AS total, count(*) FILTER (WHERE state = 'completed') AS done, count(*) FILTER (WHERE state IN ('failed', 'cancelled')) AS failed,
  sum(coalesce(weight, 1) * CASE state WHEN 'completed' THEN 100 ELSE coalesce(json_extract(progress, '$.percent'), 0) END) / sum(coalesce(weight, 1)) AS percent
  FROM tasks INDEXED BY tasks_parent WHERE parent_id = ?`;
const FIRST_FAILED = `SELECT id, type, error FROM tasks INDEXED BY tasks_parent
  WHERE parent_id = ? AND state IN ('failed', 'cancelled') AND excused = 0 ORDER BY finished_at, rowid LIMIT 1`;
const HAS_OPEN = 'SELECT 1 FROM tasks INDEXED BY tasks_open WHERE parent_id = ? AND finished_at IS NULL LIMIT 1';

/** How a task is to end when its family lets it: `join` is well, but by way of its join. */
export type Verdict = TerminalState | 'join';

/** What an attempt came to, or somebody's word on a task without one. */
export interface Ending {
  readonly verdict: Verdict;
  readonly resultJson?: string | null;
  readonly errorJson?: string | null;
  /** The final event, if the task can end at once. */
  readonly event?: WireDraft;
}

/** Why what is left of a family is cancelled. */
export interface Eviction {
  readonly cause: CancelCause;
  readonly reason: string;
}

/** What the store knows of families while it changes them. */
export class FamilyReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Why a task has to end for a task above it that is about to end; undefined when there is none. */
  evictionOf(row: Row): Eviction | undefined {
    const parentId = optionalText(row, 'parent_id');
    for (let id = parentId; id !== undefined;) {
      const ancestor = this.#database.get(ABOVE, id);
      if (ancestor === undefined) return undefined;
      if (ancestor['closing'] === 1) return { cause: id === parentId && isBySiblings(ancestor) ? 'siblings' : 'parent', reason: 'its parent has ended' };
      id = optionalText(ancestor, 'parent_id');
    }
    return undefined;
  }

  /** The children of a task by what became of them. */
  tally(row: Row): ChildTally {
    const counts = this.#database.get(TALLY, textOf(row, 'id'));
    return { done: numberOf(counts, 'done'), excused: numberOf(counts, 'excused'), failed: numberOf(counts, 'failed'), open: numberOf(counts, 'open') };
  }

  /** Whether a task has a child that has not ended. */
  hasOpen(id: string): boolean {
    return this.#database.get(HAS_OPEN, id) !== undefined;
  }

  /** How far a task came that has children: as far as they did, unless it is complete. */
  lastProgress(row: Row, to: TerminalState): string | null {
    const known = optionalText(row, 'progress');
    const counts = this.#database.get(REACHED, textOf(row, 'id'));
    const total = numberOf(counts, 'total');
    if (total === 0) return known ?? null;
    const percent = to === 'completed' ? 100 : Math.round((optionalNumber(counts ?? {}, 'percent') ?? 0) * 10) / 10;
    const own = known === undefined ? {} : ownJson<object>(known);
    return JSON.stringify({ percent, ...own, ...(to === 'completed' ? { percent } : {}), done: numberOf(counts, 'done'), failed: numberOf(counts, 'failed'), total });
  }

  /** A task without a handler tells what became of its children. */
  groupResult(row: Row, to: TerminalState): string | null {
    if (to !== 'completed' || numberOf(row, 'attempt') > 0) return null;
    const counts = this.#database.get(OUTCOMES, textOf(row, 'id'));
    return JSON.stringify({
      total: numberOf(counts, 'total'), completed: numberOf(counts, 'completed'), failed: numberOf(counts, 'failed'), cancelled: numberOf(counts, 'cancelled'),
    });
  }

  /** The failure of a task by its children. */
  failureOf(row: Row): Ending {
    const taskId = textOf(row, 'id');
    const child = this.#database.get(FIRST_FAILED, taskId);
    if (child === undefined) {
      const error = new TaskSystemError('TASK_CHILD_FAILED', `Task ${taskId} has too few children for its rule`, { taskId });
      return { verdict: 'failed', errorJson: JSON.stringify(storedError(error)) };
    }
    const cause = ownJson<SerializedError>(textOf(child, 'error'));
    const childId = textOf(child, 'id');
    const error = new TaskSystemError('TASK_CHILD_FAILED', `Child ${childId} of type "${textOf(child, 'type')}": ${cause.message}`, { taskId, childId, childCode: cause.code ?? cause.name });
    const { stack: _stack, ...own } = cause;
    return { verdict: 'failed', errorJson: JSON.stringify({ ...storedError(error), cause: own }) };
  }
}

/** Whether it was its other children that decided how a task ends. */
function isBySiblings(parent: Row): boolean {
  if (parent['verdict'] === 'completed' || parent['verdict'] === 'join') return true;
  const error = optionalText(parent, 'error');
  return error !== undefined && ownJson<SerializedError>(error).code === 'TASK_CHILD_FAILED';
}
