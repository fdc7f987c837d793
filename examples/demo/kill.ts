import type { Outcome } from './outcome.ts';
import { isOver, type BoardRow } from './viewer/TaskBoard.ts';

/** Whether it is time to kill the host: a third of the scans are done, and there is work under way that can be interrupted. */
export function isTimeToKill(rows: readonly BoardRow[]): boolean {
  const scans = rows.filter((row) => row.type === 'scan');
  const done = scans.filter((row) => isOver(row.state)).length;
  // The report task has started all scans when it does nothing more but wait for them.
  const allStarted = rows.some((row) => row.type === 'report' && (row.state === 'waiting' || row.state === 'completed'));
  return allStarted && done * 3 >= scans.length && rows.some((row) => row.type === 'slow' && row.state === 'running');
}

/** The tasks that were accepted before the host was killed and have no outcome after all: there must not be any. */
export function findLost(accepted: readonly BoardRow[], { tasks }: Outcome): BoardRow[] {
  const ended = new Set(tasks.filter((task) => isOver(task.state)).map((task) => task.id));
  return accepted.filter((row) => !ended.has(row.id));
}

/** The tasks whose outcome changed although they had ended before the host was killed: there must not be any either. */
export function findChanged(accepted: readonly BoardRow[], { tasks }: Outcome): BoardRow[] {
  const states = new Map(tasks.map((task) => [task.id, task.state]));
  return accepted.filter((row) => isOver(row.state) && states.get(row.id) !== row.state);
}
