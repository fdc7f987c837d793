import type { NewTask } from '../../../src/lib/task-system/types/TaskStore.ts';

/** A task as the programs store it. */
export function newTaskOf(id: string): NewTask {
  const now = Date.now();
  return { id, type: 'echo', project: 'acme', inputJson: '{}', priority: 0, orderKey: now, maxAttempts: 1, overrides: {}, rootId: id, metadata: {}, createdAt: now };
}
