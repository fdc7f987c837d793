import type { Task, TaskSystem } from 'task-system';
import * as z from 'zod';
import type { TaskLine } from './outcome.ts';

const PAGE = 500;

/** What each task of the demo carries as metadata: the identity of the run that it belongs to, and the code base of that run. */
export type RunMetadata = Readonly<Record<'run' | 'folder', string>>;

/** Every task of the system, newest first. */
export async function listAll(tasks: TaskSystem): Promise<Task[]> {
  const all: Task[] = [];
  let cursor: string | undefined;
  do {
    const page = await tasks.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...page.tasks);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

/** The newest run over a folder that has a task which has not ended. */
export function findUnfinishedRun(known: readonly Task[], folder: string): string | undefined {
  const task = known.find((candidate) => !isOver(candidate) && candidate.metadata['folder'] === folder);
  return task === undefined ? undefined : runOf(task);
}

/** The run that a task belongs to. */
export function runOf(task: Task): string | undefined {
  const run = task.metadata['run'];
  return typeof run === 'string' ? run : undefined;
}

/** Whether a task has ended. */
export function isOver(task: Task): boolean {
  return task.state === 'completed' || task.state === 'failed' || task.state === 'cancelled';
}

/** A task as the tables show it. */
export function toLine(task: Task): TaskLine {
  const label = z.object({ label: z.string() }).safeParse(task.input).data?.label;
  return {
    id: task.id, type: task.type, label, project: task.project, priority: task.priority, state: task.state,
    attempts: task.attempt, interruptions: task.interruptions, createdAt: task.createdAt, finishedAt: task.finishedAt,
    error: task.error?.message, run: runOf(task),
  };
}
