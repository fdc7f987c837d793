import type { CancelCause } from '../../types/Subtasks.ts';
import { transition } from '../../types/TaskState.ts';
import type { EngineState } from './EngineState.ts';
import { subjectOf } from './EventLog.ts';
import { FamilyWriter } from './families.ts';
import { FamilyReader } from './FamilyReader.ts';
import { LIGHT_COLUMNS, numberOf, optionalNumber, stateOf, TASK_COLUMNS } from './rows.ts';
import type { Reply, Row, WireDraft, WireSettlement } from './wire.ts';

/*
 * The operations of a runner. Rule for all of them: whatever can be refused is refused before the first write. So an operation that
 * throws an error of the catalogue left no trace, and its batch goes on without a savepoint for each.
 */

const CLAIM = `UPDATE tasks SET state = 'running', ready = 0, attempt = attempt + 1, fence = fence + 1, owner = ?, started_at = ?, error = NULL
  WHERE seq = (
    SELECT seq FROM tasks INDEXED BY tasks_ready WHERE project = ? AND ready = 1 AND state = 'queued' ORDER BY order_key, seq LIMIT 1
  ) RETURNING ${TASK_COLUMNS}`;
const FINISH = `UPDATE tasks SET state = ?, owner = NULL, finished_at = ?, result = coalesce(?, result), error = coalesce(?, error),
  progress = coalesce(?, progress), usage = coalesce(?, usage), isolation = coalesce(?, isolation) WHERE id = ? RETURNING ${TASK_COLUMNS}`;
const NOTE_ATTEMPT = `UPDATE tasks SET progress = coalesce(?, progress), usage = coalesce(?, usage), isolation = coalesce(?, isolation),
  interruptions = interruptions + ? WHERE id = ? RETURNING ${TASK_COLUMNS}`;
const NOTE = 'UPDATE tasks SET notes = ? WHERE id = ?';
const REMEMBERED = `UPDATE tasks SET notes = NULL WHERE id = ? AND notes IS NOT NULL AND finished_at IS NOT NULL RETURNING ${LIGHT_COLUMNS}`;
const REQUEUE = `UPDATE tasks SET state = 'queued', ready = coalesce(?, run_at, 0) <= ?, owner = NULL, run_at = coalesce(?, run_at),
  error = coalesce(?, error), progress = coalesce(?, progress), usage = coalesce(?, usage), isolation = coalesce(?, isolation), interruptions = interruptions + ?
  WHERE id = ? RETURNING ${TASK_COLUMNS}`;
const IDLE = `SELECT ${TASK_COLUMNS} FROM tasks WHERE id = ? AND state IN ('queued', 'waiting') AND owner IS NULL AND closing = 0`;
// A parked task waits, but has its process: it is as much under its fence as a running one.
const HELD = "FROM tasks WHERE id = ? AND fence = ? AND owner IS NOT NULL AND state IN ('running', 'waiting')";
const PEEK_HELD = `SELECT state, parent_id ${HELD}`;
const SUBJECT = `SELECT ${LIGHT_COLUMNS} ${HELD}`;
const HAS_CHILDREN = 'SELECT 1 FROM tasks INDEXED BY tasks_parent WHERE parent_id = ? LIMIT 1';
const PARK = `UPDATE tasks SET state = ? WHERE id = ? AND fence = ? AND owner IS NOT NULL AND state = ? RETURNING ${TASK_COLUMNS}`;

/** Gives the first ready task of a project to an owner. */
export function claimNext({ database, log }: EngineState, project: string, owner: string, time: number): Reply {
  transition(`the next of "${project}"`, 'queued', 'running');
  const row = database.get(CLAIM, owner, time, project);
  if (row === undefined) return {};
  const draft = startDraft(time, numberOf(row, 'created_at'), optionalNumber(row, 'run_at'));
  return changed(row, log.append(subjectOf(row), time, [draft]));
}

/** Ends an attempt, when the fence is still good. */
export function settle(state: EngineState, settlement: WireSettlement): Reply {
  const { database, log } = state;
  const [taskId, fence, to, time, , errorJson, progressJson, runAt, interrupted, event, usageJson, isolationJson] = settlement;
  const held = database.get(PEEK_HELD, taskId, fence);
  transition(taskId, held === undefined ? 'running' : stateOf(held), to);
  if (held === undefined) return {};
  const writer = new FamilyWriter(state, time);
  const eviction = to === 'queued' && held['parent_id'] !== null ? new FamilyReader(database).evictionOf(held) : undefined;
  if (to !== 'queued') {
    endAttempt(state, writer, settlement);
  } else if (eviction !== undefined) {
    const row = database.get(NOTE_ATTEMPT, progressJson, usageJson, isolationJson, interrupted, taskId);
    if (row !== undefined) writer.evict(row, eviction);
  } else {
    const row = database.get(REQUEUE, runAt, time, runAt, errorJson, progressJson, usageJson, isolationJson, interrupted, taskId);
    if (row !== undefined) writer.note({ row, events: log.append(subjectOf(row), time, [event]) });
  }
  return writer.reply;
}

function endAttempt({ database, log }: EngineState, writer: FamilyWriter, settlement: WireSettlement): void {
  const [taskId, , to, time, resultJson, errorJson, progressJson, , , event, usageJson, isolationJson, joins, excused, notesJson] = settlement;
  if (to === 'queued') return;
  if (database.get(HAS_CHILDREN, taskId) === undefined) {
    const row = database.get(FINISH, to, time, resultJson, errorJson, progressJson, usageJson, isolationJson, taskId);
    if (row === undefined) return;
    writer.note({ row, events: log.append(subjectOf(row), time, [event]) });
    writer.tellParent(row);
    return;
  }
  database.run(NOTE, notesJson, taskId);
  const row = database.get(NOTE_ATTEMPT, progressJson, usageJson, isolationJson, 0, taskId);
  if (row === undefined) return;
  const verdict = to === 'completed' && joins === 1 ? 'join' : to;
  writer.end(row, { verdict, resultJson, errorJson, event }, excused);
}

/** Cancels a task without a process. */
export function cancelQueued(state: EngineState, taskId: string, reason: string, time: number, cause: CancelCause = 'request'): Reply {
  const row = state.database.get(IDLE, taskId);
  if (row === undefined) return {};
  const writer = new FamilyWriter(state, time);
  writer.evict(row, { cause, reason });
  return writer.reply;
}

/** Ends a waiting task whose time is up. */
export function failWaiting(state: EngineState, taskId: string, errorJson: string, time: number): Reply {
  const row = state.database.get(IDLE, taskId);
  if (row?.['state'] !== 'waiting') return {};
  const writer = new FamilyWriter(state, time);
  writer.end(row, { verdict: 'failed', errorJson });
  return writer.reply;
}

/** Takes the slot of a running task, which keeps its process. */
export function park({ database, log }: EngineState, taskId: string, fence: number, children: number, time: number): Reply {
  const row = database.get(PARK, transition(taskId, 'running', 'waiting'), taskId, fence, 'running');
  return row === undefined ? {} : changed(row, log.append(subjectOf(row), time, [['task:wait', JSON.stringify({ children })]]));
}

/** Lets a parked task go on. */
export function unpark({ database, log }: EngineState, taskId: string, fence: number, time: number): Reply {
  const row = database.get(PARK, transition(taskId, 'waiting', 'running'), taskId, fence, 'waiting');
  return row === undefined ? {} : changed(row, log.append(subjectOf(row), time, [['task:resume', '{}']]));
}

/** The notes of an ended task are written. */
export function remembered({ database, log }: EngineState, taskId: string, drafts: readonly WireDraft[], time: number): Reply {
  const row = database.get(REMEMBERED, taskId);
  return row === undefined ? {} : { events: log.append(subjectOf(row), time, drafts) };
}

/** Stores events of a running task, when the fence is still good. */
export function append({ database, log }: EngineState, taskId: string, fence: number, drafts: readonly WireDraft[], time: number): Reply {
  const row = database.get(SUBJECT, taskId, fence);
  return row === undefined ? {} : { events: log.append(subjectOf(row), time, drafts) };
}

/** The answer of an operation that changed one task. */
function changed(row: Row, events: readonly string[]): Reply {
  return { changes: [{ row, events }] };
}

/** The event of a claim. */
export function startDraft(time: number, createdAt: number, runAt: number | undefined): WireDraft {
  return ['task:start', JSON.stringify({ queuedMs: Math.max(0, time - Math.max(createdAt, runAt ?? 0)) })];
}
