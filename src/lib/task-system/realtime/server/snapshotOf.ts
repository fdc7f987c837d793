import type { TaskControl } from '../../types/TaskControl.ts';
import type { TaskState } from '../../types/TaskState.ts';
import type { TaskSummary } from '../../types/Wire.ts';
import { summaryOf } from './Commands.ts';

const OPEN_STATES: readonly TaskState[] = ['queued', 'running', 'waiting'];
const MAX_TASKS = 1_000;

/** The tasks that topics are about, each once, newest first; of `tasks` and `project:` topics those that have not ended. */
export async function snapshotOf(topics: Iterable<string>, control: TaskControl): Promise<readonly TaskSummary[]> {
  const found = await Promise.all([...topics].map((topic) => tasksOf(topic, control)));
  const byId = new Map(found.flat().map((task) => [task.id, task]));
  return [...byId.values()].sort((left, right) => compare(right.id, left.id)).slice(0, MAX_TASKS);
}

async function tasksOf(topic: string, control: TaskControl): Promise<readonly TaskSummary[]> {
  if (topic === 'tasks') return openTasks({}, control);
  const at = topic.indexOf(':');
  const name = topic.slice(at + 1);
  if (topic.startsWith('project:')) return openTasks({ project: name }, control);
  const task = await control.get(name);
  return task === undefined ? [] : [summaryOf(task)];
}

async function openTasks(filter: { readonly project?: string }, control: TaskControl): Promise<readonly TaskSummary[]> {
  const pages = await Promise.all(OPEN_STATES.map((state) => control.list({ ...filter, state, limit: MAX_TASKS })));
  return pages.flatMap(({ tasks }) => tasks.map(summaryOf));
}

/** Ids sort by time of submission. */
function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
