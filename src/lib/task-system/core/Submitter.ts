import type { LifecycleHooks } from '../hooks/LifecycleHooks.ts';
import type { Levels } from '../policy/sandbox/Levels.ts';
import { TaskSystemError } from '../types/Errors.ts';
import { requireTaskType } from '../types/parseCalls.ts';
import type { Clock } from '../types/Ports.ts';
import type { ResolvedOptions, ResolvedSubmit, ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { NewTask, TaskRecord, TaskStore } from '../types/TaskStore.ts';
import type { GenerateId } from './ids.ts';
import { checkInput, encodeInput } from './inputJson.ts';
import { newTaskView } from './records.ts';
import type { TaskQueue } from './TaskQueue.ts';
import type { TaskRunner } from './TaskRunner.ts';

/** Wider than the times that order tasks of one priority, so that strict priorities never mix. */
const STRICT_STEP_MS = 4_000_000_000_000;

/** What the submitter works with. */
export interface SubmitterPorts {
  readonly options: ResolvedOptions;
  readonly store: TaskStore;
  readonly queue: TaskQueue;
  readonly runner: Pick<TaskRunner, 'submit'>;
  readonly hooks: Pick<LifecycleHooks, 'hasCreateHooks' | 'runCreate'>;
  readonly clock: Clock;
  readonly generateId: GenerateId;
  /** Refuses types that cannot be isolated as they must be. */
  readonly levels: Pick<Levels, 'choose'>;
}

/** Turns a submission into a stored task. */
export class Submitter {
  readonly #ports: SubmitterPorts;

  constructor(ports: SubmitterPorts) {
    this.#ports = ports;
  }

  /** Checks, asks the hooks, stores. Without hooks, parent and asynchronous schema the task reaches the store in the same tick. */
  async submit(request: ResolvedSubmit): Promise<TaskRecord> {
    if (request.key !== undefined && request.parentId === undefined) {
      throw new TaskSystemError('SUBMIT_INVALID', 'key: expected together with parentId; without a parent, use idempotencyKey', { key: request.key });
    }
    const type = requireTaskType(this.#ports.options.types, request.type);
    this.#ports.levels.choose(type);
    const inputJson = encodeInput(request.input, type);
    const checking = checkInput(request.input, type);
    if (checking !== undefined) await checking;
    const parent = request.parentId === undefined ? undefined : await this.#parentOf(request.parentId);
    return this.#store(this.#newTask(request, type, inputJson, parent?.rootId));
  }

  /** Submits an ended task once more, as a new one. */
  async repeat(task: TaskRecord): Promise<TaskRecord> {
    const type = requireTaskType(this.#ports.options.types, task.type);
    const { inputJson, project, priority, overrides, metadata } = task;
    const request = { type: task.type, project, input: null, priority, delayMs: 0, overrides, metadata };
    return this.#store({ ...this.#newTask(request, type, inputJson, undefined), retryOf: task.id });
  }

  async #store(task: NewTask): Promise<TaskRecord> {
    const { hooks, runner } = this.#ports;
    if (hooks.hasCreateHooks) await hooks.runCreate(newTaskView(task));
    this.#refuseIfFull(task.project);
    return (await runner.submit(task)).task;
  }

  async #parentOf(id: string): Promise<TaskRecord> {
    const parent = await this.#ports.store.get(id);
    if (parent !== undefined) return parent;
    throw new TaskSystemError('TASK_NOT_FOUND', `The parent ${id}`, { taskId: id });
  }

  #refuseIfFull(project: string): void {
    const { options, queue } = this.#ports;
    const { maxPending } = options.queue;
    if (maxPending === false || queue.pendingOf(project) < maxPending) return;
    throw new TaskSystemError('QUEUE_FULL', `Project "${project}" has ${String(maxPending)} pending tasks`, { project, maxPending });
  }

  #newTask(request: ResolvedSubmit, type: ResolvedTaskType, inputJson: string, rootId: string | undefined): NewTask {
    const { clock, generateId, options } = this.#ports;
    const { project, priority, overrides, metadata, idempotencyKey, parentId, key, delayMs } = request;
    const id = generateId();
    const createdAt = clock.now();
    return {
      id,
      type: type.name,
      project,
      inputJson,
      priority,
      orderKey: orderKeyOf(createdAt, priority, options.queue.agingMs),
      maxAttempts: overrides.retry?.maxAttempts ?? type.retry.maxAttempts,
      overrides,
      rootId: rootId ?? id,
      metadata,
      createdAt,
      ...(parentId === undefined ? {} : { parentId }),
      ...(key === undefined ? {} : { key }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(delayMs === 0 ? {} : { runAt: createdAt + delayMs }),
    };
  }
}

/** Smaller goes first: the time of submission minus the head start of the priority; without ageing, the priority alone decides. */
export function orderKeyOf(createdAt: number, priority: number, agingMs: number | false): number {
  return createdAt - priority * (agingMs === false ? STRICT_STEP_MS : agingMs);
}
