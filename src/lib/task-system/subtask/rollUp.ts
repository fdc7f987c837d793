import type { ActiveMember, FamilyNumbers } from '../types/FamilyStore.ts';
import type { TaskProgress } from '../types/Task.ts';
import { isTerminal } from '../types/TaskState.ts';

/** How far a task with children is. */
export type RolledUp = Required<Pick<TaskProgress, 'percent' | 'done' | 'failed' | 'total'>>;

interface Sums {
  done: number;
  failed: number;
  total: number;
  weight: number;
  /** Sum of weight times percent. */
  progress: number;
  readonly active: ActiveMember[];
}

/**
 * How far each task of a tree that has children is: what its handler reports, or the mean of its children by their weights. Of a child
 * that completed that is 100, of one that ended otherwise what it reached.
 * @param reported what the handler of a task that has a process reported last.
 */
export function rollUp(numbers: FamilyNumbers, reported: (taskId: string) => number | undefined): ReadonlyMap<string, RolledUp> {
  const families = sumUp(numbers);
  const known = new Map<string, RolledUp>();
  const percentOf = (taskId: string): number | undefined => reported(taskId) ?? rolledUp(taskId)?.percent;
  const rolledUp = (taskId: string): RolledUp | undefined => {
    const sums = families.get(taskId);
    const earlier = known.get(taskId);
    if (sums === undefined || earlier !== undefined) return earlier;
    const progress = sums.active.reduce((sum, member) => sum + member.weight * (percentOf(member.id) ?? member.percent ?? 0), sums.progress);
    const percent = reported(taskId) ?? (sums.weight === 0 ? 0 : progress / sums.weight);
    const result = { percent: rounded(percent), done: sums.done, failed: sums.failed, total: sums.total };
    known.set(taskId, result);
    return result;
  };
  for (const taskId of families.keys()) rolledUp(taskId);
  return known;
}

function sumUp({ counts, active }: FamilyNumbers): ReadonlyMap<string, Sums> {
  const families = new Map<string, Sums>();
  for (const { parentId, state, count, weight, progress } of counts) {
    const sums = families.get(parentId) ?? { done: 0, failed: 0, total: 0, weight: 0, progress: 0, active: [] };
    sums.total += count;
    sums.weight += weight;
    if (state === 'completed') sums.done += count;
    else if (isTerminal(state)) sums.failed += count;
    // What is active is told one by one.
    if (state !== 'running' && state !== 'waiting') sums.progress += progress;
    families.set(parentId, sums);
  }
  for (const member of active) if (member.parentId !== undefined) families.get(member.parentId)?.active.push(member);
  return families;
}

/** A tenth of a percent is what anybody can see. */
function rounded(percent: number): number {
  return Math.round(Math.min(Math.max(percent, 0), 100) * 10) / 10;
}
