import type { TaskControl } from '../../types/TaskControl.ts';
import type { TaskSummary } from '../../types/Wire.ts';
import { summaryOf } from './Commands.ts';
import { piecesOf } from './piecesOf.ts';

/** The tasks of some topics at one moment. */
export interface Snapshot {
  /** Each once, newest first. */
  readonly tasks: readonly TaskSummary[];
  /** Offset of the newest event that they reflect. */
  readonly offset: number;
}

const MAX_TASKS = 1_000;

/**
 * The tasks that topics are about: those of `task:` topics, all of a tree, and of `tasks` and `project:` topics those that have not
 * ended, of these at most the newest 1,000.
 */
export async function snapshotOf(topics: Iterable<string>, control: TaskControl): Promise<Snapshot> {
  const all = [...topics];
  const named = (prefix: string): readonly string[] => all.filter((topic) => topic.startsWith(prefix)).map((topic) => topic.slice(prefix.length));
  const { tasks, offset } = await control.snapshot({
    everything: all.includes('tasks'), projects: named('project:'), taskIds: named('task:'), rootIds: named('tree:'), limit: MAX_TASKS,
  });
  return { tasks: tasks.map(summaryOf), offset };
}

/** The `snap` frames of a snapshot: a large one in parts, so that no client has more waiting for it than it may. */
export function snapshotFrames(id: string, { tasks, offset }: Snapshot): readonly string[] {
  const [first = [], ...others] = piecesOf(tasks.map((task) => JSON.stringify(task)), (json) => json.length);
  return [first, ...others].map((piece, index) => {
    const more = index < others.length ? ',"more":true' : '';
    return `{"type":"snap","id":${JSON.stringify(id)},"offset":${String(offset)},"tasks":[${piece.join(',')}]${more}}`;
  });
}
