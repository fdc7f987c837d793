import { TASK_STATES } from '../../types/TaskState.ts';
import type { ProjectCounts, TaskFilter } from '../../types/TaskStore.ts';
import { numberOf, TASK_COLUMNS, textOf } from './rows.ts';
import type { Reply, SqlValue } from './wire.ts';
import type { EngineState } from './EngineState.ts';

const GET = `SELECT ${TASK_COLUMNS} FROM tasks WHERE id = ?`;
// Named indexes hold all that is counted, in the order in which it is grouped: no row is touched and nothing is sorted.
const OPEN_COUNTS = `SELECT project, state, count(*) AS n FROM tasks INDEXED BY tasks_project
  WHERE state IN ('queued', 'running', 'waiting') GROUP BY project, state`;
const READY_COUNTS = 'SELECT project, count(*) AS n FROM tasks INDEXED BY tasks_ready WHERE ready = 1 GROUP BY project';

interface Query {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** One task. */
export function get({ database }: EngineState, taskId: string): Reply {
  const row = database.get(GET, taskId);
  return row === undefined ? {} : { rows: [row] };
}

/** One row more than the limit, newest first, so that the caller sees whether there is another page. */
export function list({ database }: EngineState, filter: Omit<TaskFilter, 'cursor'>, before: number | null): Reply {
  const { sql, values } = listQuery(filter, before ?? Number.MAX_SAFE_INTEGER, filter.limit + 1);
  return { rows: database.all(sql, ...values) };
}

/** How many tasks each project has that have not ended. */
export function counts({ database }: EngineState): Reply {
  const projects = new Map<string, { ready: number; queued: number; running: number; waiting: number }>();
  for (const row of database.all(OPEN_COUNTS)) {
    const project = textOf(row, 'project');
    const known = projects.get(project) ?? { ready: 0, queued: 0, running: 0, waiting: 0 };
    const state = textOf(row, 'state');
    projects.set(project, { ...known, [state]: numberOf(row, 'n') });
  }
  for (const row of database.all(READY_COUNTS)) {
    const known = projects.get(textOf(row, 'project'));
    if (known !== undefined) known.ready = numberOf(row, 'n');
  }
  const result = [...projects].map(([project, { ready, queued, running, waiting }]): ProjectCounts => (
    { project, ready, delayed: queued - ready, running, waiting }
  ));
  return { counts: result };
}

/** Stored events after an offset. */
export function readEvents({ log }: EngineState, offset: number, limit: number, taskId: string | null): Reply {
  const events = taskId === null ? log.read(offset, limit) : log.readTask(offset, limit, taskId);
  return events === undefined ? {} : { events };
}

/** The query of a page; each combination of filters is answered from an index. */
function listQuery(filter: Omit<TaskFilter, 'limit' | 'cursor'>, before: number, limit: number): Query {
  const { project, state, parentId } = filter;
  if (project !== undefined && state === undefined && parentId === undefined) return projectQuery(project, before, limit);
  // A parent has few children: its index is the one to use, and the plus signs keep the planner off the others.
  const only = parentId === undefined ? '' : '+';
  const terms: readonly (readonly [string, SqlValue | undefined])[] = [
    ['parent_id = ?', parentId], [`${only}project = ?`, project], [`${only}state = ?`, state],
  ];
  const given = terms.filter(([, value]) => value !== undefined);
  const where = [...given.map(([term]) => term), 'seq < ?'].join(' AND ');
  return {
    sql: `SELECT ${TASK_COLUMNS} FROM tasks WHERE ${where} ORDER BY seq DESC LIMIT ?`,
    values: [...given.map(([, value]) => value ?? null), before, limit],
  };
}

/** The index knows a project's tasks by state: the newest of each state are merged, instead of paying for another index. */
function projectQuery(project: string, before: number, limit: number): Query {
  const newest = TASK_STATES.map((state) => (
    `SELECT * FROM (SELECT seq FROM tasks WHERE project = ? AND state = '${state}' AND seq < ? ORDER BY seq DESC LIMIT ?)`
  ));
  return {
    sql: `SELECT ${TASK_COLUMNS} FROM tasks WHERE seq IN (${newest.join(' UNION ALL ')}) ORDER BY seq DESC LIMIT ?`,
    values: [...TASK_STATES.flatMap(() => [project, before, limit]), limit],
  };
}
