import type { SerializedError } from '../../types/Errors.ts';
import { isImplicitKey } from '../../types/Subtasks.ts';
import type { TreeBounds } from '../../types/TaskStore.ts';
import { NEW_TASK_COLUMNS, optionalText, ownJson, TASK_COLUMNS, textOf } from './rows.ts';
import { findChild, requireRoom } from './trees.ts';
import type { NewTaskRow, Reply, Row, WireChange } from './wire.ts';
import type { EngineState } from './EngineState.ts';
import { startDraft } from './writes.ts';

const FIND_IDEMPOTENT = `SELECT ${TASK_COLUMNS} FROM tasks WHERE project = ? AND idempotency_key = ?`;
const INSERT = `INSERT INTO tasks (${NEW_TASK_COLUMNS.join(', ')}) VALUES (${NEW_TASK_COLUMNS.map(() => '?').join(', ')})`;
const GET = `SELECT ${TASK_COLUMNS} FROM tasks WHERE id = ?`;
const REPLACE = 'UPDATE tasks SET spawn_key = NULL, excused = 2 WHERE id = ?';

/** Stores a new task with its events, or finds the one that has the same key. */
export function create(state: EngineState, task: NewTaskRow, bounds: TreeBounds | null): Reply {
  const existing = prepare(state, task, bounds, 0);
  return existing === undefined ? { events: insert(state, task) } : { rows: [existing] };
}

/** Stores a task that only waits for its children, and them. */
export function createGroup(state: EngineState, task: NewTaskRow, children: readonly NewTaskRow[], bounds: TreeBounds | null): Reply {
  const existing = prepare(state, task, bounds, children.length);
  if (existing !== undefined) return { rows: [existing] };
  const created = insert(state, task);
  const [id, type, project, , , , , , , , , parentId, rootId, , , createdAt] = task;
  const subject = { taskId: id, project, taskType: type, ...(parentId === null ? {} : { parentId }), rootId, attempt: 0 };
  const waiting = state.log.append(subject, createdAt, [['task:wait', JSON.stringify({ children: children.length })]]);
  const changes = children.map((child): WireChange => {
    const events = insert(state, child);
    return { row: state.database.get(GET, child[0]) ?? {}, events, from: 'queued' };
  });
  return { events: [...created, ...waiting], changes };
}

/** Finds the task that is there already, or makes sure that the new one may be stored with so many children. */
function prepare(state: EngineState, task: NewTaskRow, bounds: TreeBounds | null, children: number): Row | undefined {
  const { database } = state;
  const [id, , project, , , , , , , , , parentId, rootId, , idempotencyKey, , , , , , , key] = task;
  if (idempotencyKey !== null) {
    const existing = database.get(FIND_IDEMPOTENT, project, idempotencyKey);
    if (existing !== undefined) return existing;
  }
  const existing = parentId === null || key === null ? undefined : findChild(database, parentId, key);
  if (existing !== undefined && !isReplaced(existing, key)) return existing;
  requireRoom(database, { id, ...(parentId === null ? {} : { parentId }), rootId, children }, bounds);
  if (existing !== undefined) database.run(REPLACE, textOf(existing, 'id'));
  return undefined;
}

/**
 * Whether a parent that asks for this child again gets a new one: when it was cancelled only because an earlier attempt of the parent
 * had ended; and when it failed, unless the parent insists on it by a name of its own.
 */
function isReplaced(child: Row, key: string | null): boolean {
  if (child['state'] === 'completed' || child['finished_at'] === null) return false;
  if (isImplicitKey(key)) return true;
  const error = optionalText(child, 'error');
  return error !== undefined && ownJson<SerializedError>(error).details?.['cause'] === 'parent';
}

function insert({ database, log }: EngineState, task: NewTaskRow): readonly string[] {
  const [id, type, project, state, , , priority, , attempt, , , parentId, rootId, retryOf, , createdAt, runAt] = task;
  database.run(INSERT, ...task);
  const subject = { taskId: id, project, taskType: type, ...(parentId === null ? {} : { parentId }), rootId };
  const data = { priority, ...(runAt === null ? {} : { runAt }), ...(retryOf === null ? {} : { retryOf }) };
  const created = log.append({ ...subject, attempt: 0 }, createdAt, [['task:create', JSON.stringify(data)]]);
  if (state !== 'running') return created;
  return [...created, ...log.append({ ...subject, attempt }, createdAt, [startDraft(createdAt, createdAt, runAt ?? undefined)])];
}
