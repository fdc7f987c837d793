import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import type { Logger } from '../../src/lib/task-system/types/Ports.ts';
import { DEFAULTS, type ResolvedTaskType } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';
import { DEFAULT_RULES } from '../../src/lib/task-system/types/Subtasks.ts';
import type { Task } from '../../src/lib/task-system/types/Task.ts';
import type { TaskRecord, TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';

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
  return { name: 'research', moduleUrl: 'file:///handlers/research.js', ...DEFAULTS.taskType, retry: DEFAULTS.retry, limits: DEFAULTS.limits, env: {}, sandbox: { read: [] }, rules: DEFAULT_RULES, policy: resolvePolicy(undefined, 'tasks.research.policy'), ...overrides };
}

/** A store that can do what a test gives it, and refuses everything else. */
export function makeStore(parts: Partial<TaskStore>): TaskStore {
  const refuse = (): Promise<never> => Promise.reject(new TaskSystemError('STORE_FAILED', 'not part of this test'));
  const refusals = {
    create: refuse, claimNext: refuse, settle: refuse, cancelQueued: refuse, append: refuse, promoteDue: refuse, recover: refuse, get: refuse, snapshot: refuse,
    outbox: {
      endpoints: refuse, putEndpoint: refuse, setHealth: refuse, removeEndpoint: refuse, claim: refuse, report: refuse, due: refuse, deadLetters: refuse,
      deadLetter: refuse, replay: refuse,
    },
    ledger: { spent: refuse, charge: refuse },
    approvals: { ask: refuse, take: refuse, decide: refuse, expire: refuse, get: refuse, list: refuse },
    families: {
      createGroup: refuse, failWaiting: refuse, park: refuse, unpark: refuse, unremembered: refuse, remembered: refuse, statesOf: refuse, childrenOf: refuse, tree: refuse, numbers: refuse, queued: refuse,
    },
    list: refuse, counts: refuse, readEvents: refuse, setPaused: refuse, paused: refuse, prune: refuse, close: refuse,
  };
  return { epoch: 'epoch-1', openingOffset: 0, ...refusals, ...parts };
}

/** A logger that remembers what it was told. */
export function makeLogger(): Logger & { readonly lines: { readonly level: keyof Logger; readonly message: string; readonly details: object | undefined }[] } {
  const lines: { readonly level: keyof Logger; readonly message: string; readonly details: object | undefined }[] = [];
  const at = (level: keyof Logger) => (message: string, details?: object): void => { lines.push({ level, message, details }); };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
