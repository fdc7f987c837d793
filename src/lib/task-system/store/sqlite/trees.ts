import { TaskSystemError } from '../../types/Errors.ts';
import { isTerminal, TASK_STATES } from '../../types/TaskState.ts';
import type { TreeBounds } from '../../types/TaskStore.ts';
import type { Database } from './Database.ts';
import { numberOf, optionalText, TASK_COLUMNS } from './rows.ts';
import type { Row } from './wire.ts';

/** A task that is about to become a child. */
export interface Sprout {
  readonly id: string;
  readonly parentId: string;
  readonly rootId: string;
}

const FIND_CHILD = `SELECT ${TASK_COLUMNS} FROM tasks WHERE parent_id = ? AND spawn_key = ?`;
const STATE_OF = 'SELECT state FROM tasks WHERE id = ?';
const PARENT_OF = 'SELECT parent_id FROM tasks WHERE id = ?';
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
  requireOpenParent(database, sprout);
  if (bounds === null) return;
  const { id, parentId, rootId } = sprout;
  const { maxDepth, maxChildren, maxTasks } = bounds;
  const details = { taskId: id, parentId, rootId };
  if (isBelow(database, parentId, maxDepth)) {
    throw new TaskSystemError('TREE_TOO_DEEP', `A child of task ${parentId} would be below level ${String(maxDepth)}`, { ...details, maxDepth });
  }
  if (numberOf(database.get(CHILDREN, parentId), 'n') >= maxChildren) {
    throw new TaskSystemError('TREE_TOO_WIDE', `Task ${parentId} has ${String(maxChildren)} children`, { ...details, maxChildren });
  }
  if (numberOf(database.get(BELOW_ROOT, rootId), 'n') + 1 >= maxTasks) {
    throw new TaskSystemError('TREE_TOO_LARGE', `The tree of task ${rootId} has ${String(maxTasks)} tasks`, { ...details, maxTasks });
  }
}

function requireOpenParent(database: Database, { id, parentId }: Sprout): void {
  const parent = database.get(STATE_OF, parentId);
  const state = TASK_STATES.find((name) => name === parent?.['state']);
  if (state === undefined) throw new TaskSystemError('TASK_NOT_FOUND', `The parent "${parentId}" does not exist`, { taskId: id, parentId });
  if (isTerminal(state)) throw new TaskSystemError('PARENT_ENDED', `The parent "${parentId}" is ${state}`, { taskId: id, parentId, state });
}

/** Whether a child of this parent would stand more than `maxDepth` levels below the root. */
function isBelow(database: Database, parentId: string, maxDepth: number): boolean {
  let ancestor: string | undefined = parentId;
  for (let level = 0; ancestor !== undefined; level++) {
    if (level >= maxDepth) return true;
    const row = database.get(PARENT_OF, ancestor);
    ancestor = row === undefined ? undefined : optionalText(row, 'parent_id');
  }
  return false;
}
