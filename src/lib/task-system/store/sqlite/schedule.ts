import { TaskSystemError } from '../../types/Errors.ts';
import { transition } from '../../types/TaskState.ts';
import type { RecoverOrder } from '../../types/TaskStore.ts';
import { subjectOf } from './EventLog.ts';
import { numberOf, optionalNumber, TASK_COLUMNS, textOf } from './rows.ts';
import type { Reply, Row, WireChange } from './wire.ts';
import { storedError, type EngineState } from './writes.ts';

/*
 * Nothing tells the planner how many tasks are delayed or queued, and its guess would be to sort all that are queued: the index is named.
 */

/** A million tasks may fall due at once; the caller sees by `nextDue` that there is more. */
const MAX_PROMOTED = 10_000;

const PROMOTE = `UPDATE tasks SET ready = 1 WHERE seq IN (
  SELECT seq FROM tasks INDEXED BY tasks_delayed
  WHERE ready = 0 AND state = 'queued' AND run_at <= ? ORDER BY run_at LIMIT ${String(MAX_PROMOTED)}) RETURNING project`;
const NEXT_DUE = "SELECT run_at FROM tasks INDEXED BY tasks_delayed WHERE ready = 0 AND state = 'queued' AND run_at IS NOT NULL ORDER BY run_at LIMIT 1";
const ORPHANS = `SELECT ${TASK_COLUMNS} FROM tasks WHERE state = 'running' AND owner IS NOT ? ORDER BY seq`;
const REQUEUE = `UPDATE tasks SET state = 'queued', ready = 1, owner = NULL, run_at = ?, interruptions = interruptions + 1, error = ?
  WHERE id = ? RETURNING ${TASK_COLUMNS}`;
const FAIL = `UPDATE tasks SET state = 'failed', owner = NULL, finished_at = ?, interruptions = interruptions + 1, error = ?
  WHERE id = ? RETURNING ${TASK_COLUMNS}`;

/** Makes delayed tasks ready whose time has come. */
export function promoteDue({ database }: EngineState, time: number): Reply {
  const perProject = new Map<string, number>();
  for (const row of database.all(PROMOTE, time)) {
    const project = textOf(row, 'project');
    perProject.set(project, (perProject.get(project) ?? 0) + 1);
  }
  const next = database.get(NEXT_DUE);
  return {
    ready: [...perProject].map(([project, count]) => ({ project, count })),
    ...(next === undefined ? {} : { nextDue: numberOf(next, 'run_at') }),
  };
}

/**
 * Takes every running task from owners that are gone. The lock on the database is the lease: whoever may ask is the only one who has
 * it open, so each other owner is dead.
 */
export function recover(state: EngineState, order: RecoverOrder): Reply {
  const orphans = state.database.all(ORPHANS, order.owner);
  return { changes: orphans.map((orphan) => recoverOne(state, order, orphan)) };
}

function recoverOne({ database, log }: EngineState, order: RecoverOrder, orphan: Row): WireChange {
  const id = textOf(orphan, 'id');
  const interruptions = numberOf(orphan, 'interruptions') + 1;
  const never = order.neverRepeat.includes(textOf(orphan, 'type'));
  const isFinal = never || interruptions > order.maxInterruptions;
  transition(id, 'running', isFinal ? 'failed' : 'queued');
  const what = never ? 'Its type must never run twice' : `It was interrupted ${String(interruptions)} ${interruptions === 1 ? 'time' : 'times'}`;
  const error = storedError(new TaskSystemError('TASK_INTERRUPTED', what, { taskId: id, interruptions }));
  const row = database.get(isFinal ? FAIL : REQUEUE, order.time, JSON.stringify(error), id);
  if (row === undefined) throw new TaskSystemError('STORE_CORRUPT', `Task "${id}" cannot be found again`, { taskId: id });
  const durationMs = Math.max(0, order.time - (optionalNumber(orphan, 'started_at') ?? order.time));
  const data = isFinal ? { durationMs, error } : { cause: 'interrupted', delayMs: 0, error };
  return { row, events: log.append(subjectOf(row), order.time, [[isFinal ? 'task:error' : 'task:retry', JSON.stringify(data)]]) };
}
