import { TaskEvents } from '../../../src/lib/task-system/realtime/EventEmitter.ts';
import { MemoryManager } from '../../../src/lib/task-system/context/MemoryManager.ts';
import { Artifacts } from '../../../src/lib/task-system/core/Artifacts.ts';
import { ProjectContext } from '../../../src/lib/task-system/core/ProjectContext.ts';
import { Submitter } from '../../../src/lib/task-system/core/Submitter.ts';
import { TaskFollower } from '../../../src/lib/task-system/core/TaskFollower.ts';
import { TaskQueue } from '../../../src/lib/task-system/core/TaskQueue.ts';
import { TaskRunner } from '../../../src/lib/task-system/core/TaskRunner.ts';
import { InheritedTypes } from '../../../src/lib/task-system/subtask/InheritedTypes.ts';
import { SubTaskManager } from '../../../src/lib/task-system/subtask/SubTaskManager.ts';
import { Redactor } from '../../../src/lib/task-system/tools/secrets/Redactor.ts';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';
import type { HostCalls } from '../../../src/lib/task-system/types/HostCalls.ts';
import { isJsonObject } from '../../../src/lib/task-system/types/Json.ts';
import type { ResolvedOptions } from '../../../src/lib/task-system/types/ResolvedOptions.ts';
import type { TaskRecord, TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { makeLogger } from '../makers.ts';
import type { SimulatedHost } from './SimulatedHost.ts';
import type { SimulatedSessions } from './SimulatedSessions.ts';

/** What runs trees in one host: every part of the system that has to do with them, without processes and without a network. */
export interface Engine {
  readonly runner: TaskRunner;
  readonly queue: TaskQueue;
  readonly submitter: Submitter;
  readonly logger: ReturnType<typeof makeLogger>;
}

/** Makes the engine of a host over a store. */
export function makeEngine(name: string, options: ResolvedOptions, bare: TaskStore, host: SimulatedHost, sessions: SimulatedSessions): Engine {
  const store = host.storeOf(bare);
  const logger = makeLogger();
  const { clock } = host;
  const events = new TaskEvents({ epoch: store.epoch, offset: store.openingOffset, clock, logger, readSince: (since, limit, taskId) => store.readEvents(since, limit, taskId) });
  const queue = new TaskQueue(options.queue.maxConcurrent, options.project);
  const follower = new TaskFollower(events);
  const subtasks: SubTaskManager = new SubTaskManager({
    store, types: new InheritedTypes(options.types, () => 'process'), onEnd: (taskId, listener) => follower.onEnd(taskId, listener),
    spawner: { spawn: (parent, submission) => submitter.accept(isJsonObject(submission) ? { ...submission, parentId: parent.id } : submission) },
  });
  const findType = (task: TaskRecord): ReturnType<SubTaskManager['findType']> => subtasks.findType(task);
  const context = new ProjectContext({ options, findType, memory: new MemoryManager(), program: '', logger });
  const artifacts = new Artifacts({ root: options.root, limitsOf: () => undefined, find: (taskId) => store.get(taskId), logger });
  const runner = new TaskRunner({
    options, hostId: name, store, events, queue, sessions, clock, random: () => 0.5, logger, context, artifacts, subtasks, follower, redactor: new Redactor(),
    calls: {
      ...NOTHING, spawn: (caller, params) => subtasks.spawn(caller, params), wait: (caller, params) => subtasks.wait(caller, params),
      outcome: (caller, params) => subtasks.outcome(caller, params), children: (caller) => subtasks.children(caller),
    },
  });
  let ids = 0;
  const submitter: Submitter = new Submitter({
    options, store, queue, runner, subtasks, clock, generateId: () => `${name}-${String(ids++)}`,
    hooks: { hasCreateHooks: false, runCreate: () => Promise.resolve() }, levels: { choose: () => ({ level: 'process' }) },
  });
  return { runner, queue, submitter, logger };
}

const refuse = (): Promise<never> => Promise.reject(new TaskSystemError('TASK_PROTOCOL', 'not part of this test'));
const NOTHING: HostCalls = {
  keep: refuse, spawn: refuse, wait: refuse, outcome: refuse, children: refuse, remember: refuse, context: refuse, model: refuse,
  toolStart: refuse, toolEnd: refuse, toolRun: refuse, toolList: refuse,
};
