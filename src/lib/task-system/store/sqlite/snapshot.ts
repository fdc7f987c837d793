import type { SnapshotFilter } from '../../types/Snapshots.ts';
import { numberOf, TASK_COLUMNS } from './rows.ts';
import type { Reply, Row, SqlValue } from './wire.ts';
import type { EngineState } from './EngineState.ts';

const OPEN_STATES = ['queued', 'running', 'waiting'];
/** What may be large is not read at all: inputs and results lie in overflow pages, behind everything else. */
const COLUMNS = TASK_COLUMNS.replace(/\binput\b/, "'null' AS input").replace(/\bresult\b/, 'NULL AS result');
const TASK = `SELECT ${COLUMNS} FROM tasks WHERE id = ?`;
/** All of it: half a tree could not be drawn, and how many tasks it may have is an option of the system. */
const TREE = 'SELECT seq FROM tasks INDEXED BY tasks_tree WHERE root_id = ? AND parent_id IS NOT NULL';
const OPEN = 'SELECT seq FROM tasks INDEXED BY tasks_state WHERE state = ? ORDER BY seq DESC LIMIT ?';
const OPEN_OF_PROJECT = 'SELECT seq FROM tasks INDEXED BY tasks_project WHERE project = ? AND state = ? ORDER BY seq DESC LIMIT ?';

/** Tasks as they stand, and the offset of the newest event: nothing can come between the two here. */
export function snapshot({ database, log }: EngineState, filter: SnapshotFilter): Reply {
  const { everything, projects, taskIds, rootIds, limit } = filter;
  const seqs = (sql: string, ...values: readonly SqlValue[]): readonly number[] => database.all(sql, ...values).map((row) => numberOf(row, 'seq'));
  const open = OPEN_STATES.flatMap((state) => [
    ...(everything ? seqs(OPEN, state, limit) : []),
    ...projects.flatMap((project) => seqs(OPEN_OF_PROJECT, project, state, limit)),
  ]);
  const newest = [...new Set(open)].sort((left, right) => right - left).slice(0, limit);
  const chosen = new Set([...newest, ...rootIds.flatMap((rootId) => seqs(TREE, rootId))]);
  // Each with its own statement, which is prepared once: a list of a thousand names would be another statement every time.
  const rows = [
    ...[...taskIds, ...rootIds].map((id) => database.get(TASK, id)),
    ...[...chosen].map((seq) => database.get(`SELECT ${COLUMNS} FROM tasks WHERE seq = ?`, seq)),
  ].filter((row) => row !== undefined);
  const bySeq = new Map<number, Row>(rows.map((row) => [numberOf(row, 'seq'), row]));
  return { rows: [...bySeq].sort(([left], [right]) => right - left).map(([, row]) => row), offset: log.last };
}
