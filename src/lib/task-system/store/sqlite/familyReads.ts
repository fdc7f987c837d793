import type { ActiveMember, FamilyCount } from '../../types/FamilyStore.ts';
import type { TaskState } from '../../types/TaskState.ts';
import type { EngineState } from './EngineState.ts';
import { LIGHT_COLUMNS, numberOf, optionalNumber, optionalText, stateOf, TASK_COLUMNS, textOf } from './rows.ts';
import type { Reply, Row } from './wire.ts';

const STATE = 'SELECT state FROM tasks WHERE id = ?';
const CHILDREN = 'SELECT id, state FROM tasks INDEXED BY tasks_parent WHERE parent_id = ? ORDER BY rowid';
const UNREMEMBERED = `SELECT ${TASK_COLUMNS} FROM tasks INDEXED BY tasks_notes WHERE notes IS NOT NULL AND finished_at IS NOT NULL ORDER BY finished_at LIMIT ?`;
const ROOT = `SELECT ${LIGHT_COLUMNS} FROM tasks WHERE id = ?`;
const BELOW = `SELECT ${LIGHT_COLUMNS} FROM tasks INDEXED BY tasks_tree WHERE parent_id IS NOT NULL AND root_id = ? ORDER BY rowid`;
// What has a process is told one by one, as only its host knows how far it is.
const COUNTS = `SELECT parent_id, state, count(*) AS n, sum(coalesce(weight, 1)) AS weight,
  sum(coalesce(weight, 1) * CASE state WHEN 'completed' THEN 100 ELSE coalesce(json_extract(progress, '$.percent'), 0) END) AS progress
  FROM tasks INDEXED BY tasks_tree WHERE parent_id IS NOT NULL AND root_id = ? GROUP BY parent_id, state`;
const ACTIVE = `SELECT id, parent_id, project, type, attempt, weight, json_extract(progress, '$.percent') AS percent
  FROM tasks INDEXED BY tasks_tree WHERE parent_id IS NOT NULL AND root_id = ? AND state IN ('running', 'waiting')
  UNION ALL SELECT id, parent_id, project, type, attempt, weight, json_extract(progress, '$.percent') FROM tasks WHERE id = ? AND state IN ('running', 'waiting')`;
const PROJECTS = "SELECT DISTINCT project FROM tasks INDEXED BY tasks_project WHERE state = 'queued'";
const QUEUED = `SELECT ${LIGHT_COLUMNS} FROM tasks WHERE project = ? AND state = 'queued' ORDER BY ready DESC, order_key, seq LIMIT ?`;

/** The states of tasks. */
export function statesOf({ database }: EngineState, taskIds: readonly string[]): Reply {
  const states = taskIds.flatMap((id): (readonly [string, TaskState])[] => {
    const row = database.get(STATE, id);
    return row === undefined ? [] : [[id, stateOf(row)]];
  });
  return { states };
}

/** Ended tasks whose notes are not written yet, the oldest first. */
export function unremembered({ database }: EngineState, limit: number): Reply {
  return { rows: database.all(UNREMEMBERED, limit) };
}

/** The states of the children of a task. */
export function childrenOf({ database }: EngineState, parentId: string): Reply {
  return { states: database.all(CHILDREN, parentId).map((row): readonly [string, TaskState] => [textOf(row, 'id'), stateOf(row)]) };
}

/** All tasks of a tree, without what may be large. */
export function tree({ database }: EngineState, rootId: string): Reply {
  const root = database.get(ROOT, rootId);
  return { rows: root === undefined ? [] : [root, ...database.all(BELOW, rootId)] };
}

/** How far the tasks of a tree are. */
export function familyNumbers({ database }: EngineState, rootId: string): Reply {
  return { numbers: { counts: database.all(COUNTS, rootId).map(countOf), active: database.all(ACTIVE, rootId, rootId).map(memberOf) } };
}

/** The first queued tasks, project by project. */
export function queued({ database }: EngineState, limit: number): Reply {
  const rows: Row[] = [];
  for (const row of database.all(PROJECTS)) {
    if (rows.length >= limit) break;
    rows.push(...database.all(QUEUED, textOf(row, 'project'), limit - rows.length));
  }
  return { rows };
}

function countOf(row: Row): FamilyCount {
  return { parentId: textOf(row, 'parent_id'), state: stateOf(row), count: numberOf(row, 'n'), weight: numberOf(row, 'weight'), progress: numberOf(row, 'progress') };
}

function memberOf(row: Row): ActiveMember {
  const parentId = optionalText(row, 'parent_id');
  const percent = optionalNumber(row, 'percent');
  return {
    id: textOf(row, 'id'), project: textOf(row, 'project'), type: textOf(row, 'type'), attempt: numberOf(row, 'attempt'), weight: optionalNumber(row, 'weight') ?? 1, ...(parentId === undefined ? {} : { parentId }), ...(percent === undefined ? {} : { percent }),
  };
}
