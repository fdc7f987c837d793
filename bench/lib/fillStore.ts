import { randomUUID } from 'node:crypto';
import { openSqliteStore } from '../../src/lib/task-system/store/SqliteStore.ts';
import type { NewTask } from '../../src/lib/task-system/types/TaskStore.ts';

const BATCH = 10_000;

/** Opens the store of a directory by itself, without a system around it. */
export const openStore = (directory: string): ReturnType<typeof openSqliteStore> => openSqliteStore({ directory, lockTimeoutMs: 1_000 });

/** Puts pending tasks into the database of a directory, spread over projects, and pauses everything so that none of them starts. */
export async function fillStore(directory: string, tasks: number, projects: number): Promise<void> {
  const store = await openStore(directory);
  for (let start = 0; start < tasks; start += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, tasks - start) }, (_, index) => newTask(start + index, projects));
    await Promise.all(batch.map((task) => store.create(task)));
  }
  await store.setPaused(undefined, true);
  await store.close();
}

/** The name of the project with this number. */
export function projectName(index: number): string {
  return `project-${String(index)}`;
}

function newTask(index: number, projects: number): NewTask {
  const id = randomUUID();
  const createdAt = Date.now();
  return {
    id, rootId: id, type: 'noop', project: projectName(index % projects), inputJson: '{"topic":"bees"}', priority: 0, orderKey: createdAt, maxAttempts: 1,
    overrides: {}, metadata: {}, createdAt,
  };
}
