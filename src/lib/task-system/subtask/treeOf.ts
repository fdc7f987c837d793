import type { TaskTree } from '../types/Subtasks.ts';
import { isTerminal } from '../types/TaskState.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import { isImplicitKey } from '../types/Subtasks.ts';

/**
 * The tree below a task.
 * @param records of the whole tree, in the order of their submission.
 * @param reported what a task that runs here reported last, in percent.
 */
export function treeOf(taskId: string, records: readonly TaskRecord[], reported: (taskId: string) => number | undefined): TaskTree | undefined {
  const root = records.find(({ id }) => id === taskId);
  const families = Map.groupBy(records, ({ parentId }) => parentId);
  const build = (record: TaskRecord): TaskTree => {
    const children = (families.get(record.id) ?? []).map(build);
    const { id, type, project, state, key, weight = 1, attempt, createdAt, startedAt, finishedAt, error } = record;
    return {
      id, type, project, state, weight, attempt, createdAt, children,
      percent: percentOf(record, children, reported(id)),
      ...(key === undefined || isImplicitKey(key) ? {} : { key }),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(finishedAt === undefined ? {} : { finishedAt }),
      ...(error === undefined ? {} : { error }),
    };
  };
  return root === undefined ? undefined : build(root);
}

function percentOf({ state, progress }: TaskRecord, children: readonly TaskTree[], reported: number | undefined): number {
  if (state === 'completed') return 100;
  if (isTerminal(state)) return progress?.percent ?? 0;
  if (reported !== undefined || children.length === 0) return reported ?? progress?.percent ?? 0;
  const weight = children.reduce((sum, child) => sum + child.weight, 0);
  return Math.round(children.reduce((sum, child) => sum + child.weight * child.percent, 0) / weight * 10) / 10;
}
