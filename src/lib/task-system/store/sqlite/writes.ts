import { serializeError, TaskSystemError, type SerializedError } from '../../types/Errors.ts';
import { transition } from '../../types/TaskState.ts';
import type { TreeBounds } from '../../types/TaskStore.ts';
import type { Database } from './Database.ts';
import { subjectOf, type EventLog } from './EventLog.ts';
import { NEW_TASK_COLUMNS, numberOf, optionalNumber, TASK_COLUMNS } from './rows.ts';
import { findChild, requireRoom } from './trees.ts';
import type { NewTaskRow, Reply, Row, WireDraft, WireSettlement } from './wire.ts';

/** What the operations work on. */
export interface EngineState {
  readonly database: Database;
  readonly log: EventLog;
}

/*
 * The operations of a runner. Rule for all of them: whatever can be refused is refused before the first write. So an operation that
 * throws an error of the catalogue left no trace, and its batch goes on without a savepoint for each.
 */

const FIND_IDEMPOTENT = `SELECT ${TASK_COLUMNS} FROM tasks WHERE project = ? AND idempotency_key = ?`;
const INSERT = `INSERT INTO tasks (${NEW_TASK_COLUMNS.join(', ')}) VALUES (${NEW_TASK_COLUMNS.map(() => '?').join(', ')})`;
const CLAIM = `UPDATE tasks SET state = 'running', ready = 0, attempt = attempt + 1, fence = fence + 1, owner = ?, started_at = ?, error = NULL
  WHERE seq = (
    SELECT seq FROM tasks INDEXED BY tasks_ready WHERE project = ? AND ready = 1 AND state = 'queued' ORDER BY order_key, seq LIMIT 1
  ) RETURNING ${TASK_COLUMNS}`;
const FINISH = `UPDATE tasks SET state = ?, owner = NULL, finished_at = ?, result = coalesce(?, result), error = coalesce(?, error),
  progress = coalesce(?, progress), usage = coalesce(?, usage), isolation = coalesce(?, isolation) WHERE id = ? AND fence = ? AND state = 'running' RETURNING ${TASK_COLUMNS}`;
const REQUEUE = `UPDATE tasks SET state = 'queued', ready = coalesce(?, run_at, 0) <= ?, owner = NULL, run_at = coalesce(?, run_at),
  error = coalesce(?, error), progress = coalesce(?, progress), usage = coalesce(?, usage), isolation = coalesce(?, isolation), interruptions = interruptions + ?
  WHERE id = ? AND fence = ? AND state = 'running' RETURNING ${TASK_COLUMNS}`;
const CANCEL = `UPDATE tasks SET state = 'cancelled', ready = 0, finished_at = ?, error = ?
  WHERE id = ? AND state = 'queued' RETURNING ${TASK_COLUMNS}`;
const RUNNING = `SELECT ${TASK_COLUMNS} FROM tasks WHERE id = ? AND fence = ? AND state = 'running'`;

/** Stores a new task with its events, or finds the one that has the same key. */
export function create({ database, log }: EngineState, task: NewTaskRow, bounds: TreeBounds | null): Reply {
  const [id, type, project, state, , , priority, , attempt, , , parentId, rootId, retryOf, idempotencyKey, createdAt, runAt, , , , , key] = task;
  if (idempotencyKey !== null) {
    const existing = database.get(FIND_IDEMPOTENT, project, idempotencyKey);
    if (existing !== undefined) return { rows: [existing] };
  }
  if (parentId !== null) {
    const existing = key === null ? undefined : findChild(database, parentId, key);
    if (existing !== undefined) return { rows: [existing] };
    requireRoom(database, { id, parentId, rootId }, bounds);
  }
  database.run(INSERT, ...task);
  const subject = { taskId: id, project, taskType: type, ...(parentId === null ? {} : { parentId }), rootId };
  const data = { priority, ...(runAt === null ? {} : { runAt }), ...(retryOf === null ? {} : { retryOf }) };
  const created = log.append({ ...subject, attempt: 0 }, createdAt, [['task:create', JSON.stringify(data)]]);
  if (state !== 'running') return { events: created };
  return { events: [...created, ...log.append({ ...subject, attempt }, createdAt, [startDraft(createdAt, createdAt, runAt ?? undefined)])] };
}

/** Gives the first ready task of a project to an owner. */
export function claimNext({ database, log }: EngineState, project: string, owner: string, time: number): Reply {
  transition(`the next of "${project}"`, 'queued', 'running');
  const row = database.get(CLAIM, owner, time, project);
  if (row === undefined) return {};
  const draft = startDraft(time, numberOf(row, 'created_at'), optionalNumber(row, 'run_at'));
  return changed(row, log.append(subjectOf(row), time, [draft]));
}

/** Ends an attempt, when the fence is still good. */
export function settle({ database, log }: EngineState, settlement: WireSettlement): Reply {
  const [taskId, fence, to, time, resultJson, errorJson, progressJson, runAt, interrupted, event, usageJson, isolationJson] = settlement;
  transition(taskId, 'running', to);
  const row = to === 'queued'
    ? database.get(REQUEUE, runAt, time, runAt, errorJson, progressJson, usageJson, isolationJson, interrupted, taskId, fence)
    : database.get(FINISH, to, time, resultJson, errorJson, progressJson, usageJson, isolationJson, taskId, fence);
  return row === undefined ? {} : changed(row, log.append(subjectOf(row), time, [event]));
}

/** Cancels a task that waits. */
export function cancelQueued({ database, log }: EngineState, taskId: string, reason: string, time: number): Reply {
  transition(taskId, 'queued', 'cancelled');
  const error = storedError(new TaskSystemError('TASK_CANCELLED', `Reason: ${reason}`, { taskId, reason }));
  const row = database.get(CANCEL, time, JSON.stringify(error), taskId);
  if (row === undefined) return {};
  return changed(row, log.append(subjectOf(row), time, [['task:cancel', JSON.stringify({ reason, durationMs: 0 })]]));
}

/** Stores events of a running task, when the fence is still good. */
export function append({ database, log }: EngineState, taskId: string, fence: number, drafts: readonly WireDraft[], time: number): Reply {
  const row = database.get(RUNNING, taskId, fence);
  return row === undefined ? {} : { events: log.append(subjectOf(row), time, drafts) };
}

/** An error that the store itself gives a task; the stack would only show the inside of the store. */
export function storedError(error: TaskSystemError): SerializedError {
  const { stack: _stack, ...rest } = serializeError(error);
  return rest;
}

/** The answer of an operation that changed one task. */
function changed(row: Row, events: readonly string[]): Reply {
  return { changes: [{ row, events }] };
}

function startDraft(time: number, createdAt: number, runAt: number | undefined): WireDraft {
  return ['task:start', JSON.stringify({ queuedMs: Math.max(0, time - Math.max(createdAt, runAt ?? 0)) })];
}
