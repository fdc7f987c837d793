import type { ResolvedTaskType } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { DEFAULTS } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import type { Task } from '../../src/lib/task-system/types/Task.ts';
import type { TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';

/** A running task at its first attempt, as a store keeps it. */
export function makeRecord(overrides: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: 'task-1',
    type: 'research',
    project: 'acme',
    state: 'running',
    inputJson: '{"topic":"bees"}',
    priority: 0,
    orderKey: 1_000,
    attempt: 1,
    maxAttempts: 1,
    interruptions: 0,
    overrides: {},
    fence: 7,
    owner: 'host-1',
    rootId: 'task-1',
    metadata: {},
    createdAt: 1_000,
    startedAt: 2_000,
    ...overrides,
  };
}

/** A running task as the public API shows it. */
export function makeTask(overrides: Partial<Task> = {}): Task {
  return {
    id: 'task-1',
    type: 'research',
    project: 'acme',
    state: 'running',
    input: null,
    priority: 0,
    attempt: 1,
    maxAttempts: 1,
    interruptions: 0,
    rootId: 'task-1',
    metadata: {},
    createdAt: 1_000,
    ...overrides,
  };
}

/** A task type with every default. */
export function makeType(overrides: Partial<ResolvedTaskType> = {}): ResolvedTaskType {
  return { name: 'research', moduleUrl: 'file:///handlers/research.js', ...DEFAULTS.taskType, retry: DEFAULTS.retry, limits: DEFAULTS.limits, env: {}, ...overrides };
}
