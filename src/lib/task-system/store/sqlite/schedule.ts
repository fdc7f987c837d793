import { TaskSystemError } from '../../types/Errors.ts';
import { transition } from '../../types/TaskState.ts';
import type { RecoverOrder } from '../../types/TaskStore.ts';
import { subjectOf } from './EventLog.ts';
import { FamilyWriter } from './families.ts';
import { FamilyReader } from './FamilyReader.ts';
import { numberOf, stateOf, TASK_COLUMNS, textOf } from './rows.ts';
import type { Reply, Row } from './wire.ts';
import { storedError, type EngineState } from './EngineState.ts';

/*
 * Nothing tells the planner how many tasks are delayed or queued, and its guess would be to sort all that are queued: the index is named.
 */

/** A million tasks may fall due at once; the caller sees by `nextDue` that there is more. */
const MAX_PROMOTED = 10_000;

const PROMOTE = `UPDATE tasks SET ready = 1 WHERE seq IN (
  SELECT seq FROM tasks INDEXED BY tasks_delayed
  WHERE ready = 0 AND state = 'queued' AND run_at <= ? ORDER BY run_at LIMIT ${String(MAX_PROMOTED)}) RETURNING project`;
const NEXT_DUE = "SELECT run_at FROM tasks INDEXED BY tasks_delayed WHERE ready = 0 AND state = 'queued' AND run_at IS NOT NULL ORDER BY run_at LIMIT 1";
// Parked tasks had a process of that owner too.
const ORPHANS = "SELECT id, seq FROM tasks INDEXED BY tasks_state WHERE state IN ('running', 'waiting') AND owner IS NOT NULL AND owner IS NOT ?";
const ORPHAN = `SELECT ${TASK_COLUMNS} FROM tasks WHERE id = ? AND owner IS NOT NULL AND owner IS NOT ?`;
const REQUEUE = `UPDATE tasks SET state = 'queued', ready = 1, owner = NULL, run_at = ?, interruptions = interruptions + 1, error = ?
  WHERE id = ? RETURNING ${TASK_COLUMNS}`;
const INTERRUPT = `UPDATE tasks SET interruptions = interruptions + 1 WHERE id = ? RETURNING ${TASK_COLUMNS}`;

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
 * Takes every running or parked task from owners that are gone. The lock on the database is the lease: whoever may ask is the only one
 * who has it open, so each other owner is dead. Parents come before their children: what is cancelled with a parent is not queued again.
 */
export function recover(state: EngineState, order: RecoverOrder): Reply {
  const writer = new FamilyWriter(state, order.time, order.owner);
  const orphans = state.database.all(ORPHANS, order.owner).toSorted((a, b) => numberOf(a, 'seq') - numberOf(b, 'seq'));
  for (const { id } of orphans) {
    // Looked at again: it may have been cancelled with its parent.
    const orphan = typeof id === 'string' ? state.database.get(ORPHAN, id, order.owner) : undefined;
    if (orphan !== undefined) recoverOne(state, order, orphan, writer);
  }
  return writer.reply;
}

function recoverOne({ database, log }: EngineState, order: RecoverOrder, orphan: Row, writer: FamilyWriter): void {
  const id = textOf(orphan, 'id');
  const eviction = new FamilyReader(database).evictionOf(orphan);
  if (eviction !== undefined) {
    writer.evict(orphan, eviction);
    return;
  }
  const interruptions = numberOf(orphan, 'interruptions') + 1;
  const never = order.neverRepeat.includes(textOf(orphan, 'type'));
  const what = never ? 'Its type must never run twice' : `It was interrupted ${String(interruptions)} ${interruptions === 1 ? 'time' : 'times'}`;
  const error = storedError(new TaskSystemError('TASK_INTERRUPTED', what, { taskId: id, interruptions }));
  if (never || interruptions > order.maxInterruptions) {
    writer.end(database.get(INTERRUPT, id) ?? orphan, { verdict: 'failed', errorJson: JSON.stringify(error) });
    return;
  }
  const from = stateOf(orphan);
  transition(id, from, 'queued');
  const row = database.get(REQUEUE, order.time, JSON.stringify(error), id);
  if (row === undefined) throw new TaskSystemError('STORE_CORRUPT', `Task "${id}" cannot be found again`, { taskId: id });
  writer.note({ row, events: log.append(subjectOf(row), order.time, [['task:retry', JSON.stringify({ cause: 'interrupted', delayMs: 0, error })]]), from });
}
