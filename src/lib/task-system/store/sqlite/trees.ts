import { TaskSystemError } from '../../types/Errors.ts';
import { isTerminal, TASK_STATES } from '../../types/TaskState.ts';
import type { TreeBounds } from '../../types/TaskStore.ts';
import type { Database } from './Database.ts';
import { numberOf, optionalText, TASK_COLUMNS } from './rows.ts';
import type { Row } from './wire.ts';

/** A task that is about to become a child. */
export interface Sprout {
  readonly id: string;
  /** Undefined: it is a root. */
  readonly parentId?: string;
  readonly rootId: string;
  /** How many children it comes with. */
  readonly children?: number;
}

const FIND_CHILD = `SELECT ${TASK_COLUMNS} FROM tasks WHERE parent_id = ? AND spawn_key = ?`;
const PARENT = 'SELECT parent_id, state, closing FROM tasks WHERE id = ?';
// No more rows than the bounds let in, so counting them stays cheap.
const CHILDREN = 'SELECT count(*) AS n FROM tasks WHERE parent_id = ?';
const BELOW_ROOT = 'SELECT count(*) AS n FROM tasks INDEXED BY tasks_tree WHERE parent_id IS NOT NULL AND root_id = ?';

/** The child of a parent that has this key, ended or not. */
export function findChild(database: Database, parentId: string, key: string): Row | undefined {
  return database.get(FIND_CHILD, parentId, key);
}

/**
 * Checks that a tree takes one more task; part of the transaction that creates it, so that two of one tick cannot share the last place.
 * @throws TaskSystemError `TASK_NOT_FOUND` or `PARENT_ENDED`, `TREE_TOO_DEEP`, `TREE_TOO_WIDE`, `TREE_TOO_LARGE`.
 */
export function requireRoom(database: Database, sprout: Sprout, bounds: TreeBounds | null): void {
  const { id, parentId, rootId, children = 0 } = sprout;
  const level = parentId === undefined ? 0 : levelBelow(database, id, parentId);
  if (bounds === null || (parentId === undefined && children === 0)) return;
  const { maxDepth, maxChildren, maxTasks } = bounds;
  const details = { taskId: id, rootId, ...(parentId === undefined ? {} : { parentId }) };
  if (level + (children > 0 ? 1 : 0) > maxDepth) {
    throw new TaskSystemError('TREE_TOO_DEEP', `A child of task ${parentId ?? id} would be below level ${String(maxDepth)}`, { ...details, maxDepth });
  }
  if (children > maxChildren || (parentId !== undefined && numberOf(database.get(CHILDREN, parentId), 'n') >= maxChildren)) {
    throw new TaskSystemError('TREE_TOO_WIDE', `Task ${parentId ?? id} has ${String(maxChildren)} children`, { ...details, maxChildren });
  }
  if (numberOf(database.get(BELOW_ROOT, rootId), 'n') + 1 + children + (parentId === undefined ? 0 : 1) > maxTasks) {
    throw new TaskSystemError('TREE_TOO_LARGE', `The tree of task ${rootId} has ${String(maxTasks)} tasks`, { ...details, maxTasks });
  }
}

/** The level of a child of this parent, which has to be open, and so have all above it. */
function levelBelow(database: Database, taskId: string, parentId: string): number {
  let level = 0;
  for (let ancestor: string | undefined = parentId; ancestor !== undefined; level++) {
    const row = database.get(PARENT, ancestor);
    const state = TASK_STATES.find((name) => name === row?.['state']);
    if (row === undefined || state === undefined) {
      if (level > 0) return level;
      throw new TaskSystemError('TASK_NOT_FOUND', `The parent "${parentId}" does not exist`, { taskId, parentId });
    }
    if (isTerminal(state)) throw new TaskSystemError('PARENT_ENDED', `The parent "${parentId}" is ${state}`, { taskId, parentId, state });
    if (row['closing'] === 1) throw new TaskSystemError('PARENT_ENDED', `The parent "${parentId}" is about to end`, { taskId, parentId, state });
    ancestor = optionalText(row, 'parent_id');
  }
  return level;
}
