import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../types/isRecord.ts';
import type { LifecycleHooks } from '../hooks/LifecycleHooks.ts';
import type { Levels } from '../policy/sandbox/Levels.ts';
import type { SubTaskManager } from '../subtask/SubTaskManager.ts';
import { TaskSystemError } from '../types/Errors.ts';
import { parseSubmitOptions, requireTaskType } from '../types/parseCalls.ts';
import type { Clock } from '../types/Ports.ts';
import { DEFAULTS, type ResolvedOptions, type ResolvedSubmit, type ResolvedTaskType } from '../types/ResolvedOptions.ts';
import { DEFAULT_RULES, GROUP_TYPE } from '../types/Subtasks.ts';
import type { NewTask, TaskRecord, TaskStore } from '../types/TaskStore.ts';
import type { GenerateId } from './ids.ts';
import { checkInput, encodeInput } from './inputJson.ts';
import { newTaskView } from './records.ts';
import type { TaskQueue } from './TaskQueue.ts';
import type { TaskRunner } from './TaskRunner.ts';

/** Wider than the times that order tasks of one priority, so that strict priorities never mix. */
const STRICT_STEP_MS = 4_000_000_000_000;

/** A group has no type of its own: it runs nothing. */
const GROUP = { name: GROUP_TYPE, limits: DEFAULTS.limits, retry: DEFAULTS.retry, rules: DEFAULT_RULES };

/** What matters of a parent. */
type ParentTask = Pick<TaskRecord, 'rootId' | 'type' | 'lineage' | 'orderKey' | 'priority'>;

/** What the submitter works with. */
export interface SubmitterPorts {
  readonly options: ResolvedOptions;
  readonly store: TaskStore;
  readonly queue: TaskQueue;
  readonly runner: Pick<TaskRunner, 'submit' | 'submitGroup'>;
  readonly hooks: Pick<LifecycleHooks, 'hasCreateHooks' | 'runCreate'>;
  /** Is told of children. */
  readonly subtasks: Pick<SubTaskManager, 'adopted' | 'typeOf'>;
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

  /** Takes a submission as it comes from outside. A child belongs to the project of its parent, and is as urgent, unless it says otherwise. */
  async accept(options: unknown): Promise<TaskRecord> {
    const parentId = isRecord(options) ? options['parentId'] : undefined;
    if (typeof parentId !== 'string') return this.submit(parseSubmitOptions(options));
    const parent = await this.#parentOf(parentId);
    return this.submit(parseSubmitOptions(options, parent), parent);
  }

  /** Checks, asks the hooks, stores. Without hooks, parent and asynchronous schema the task reaches the store in the same tick. */
  async submit(request: ResolvedSubmit, known?: TaskRecord): Promise<TaskRecord> {
    if (request.key !== undefined && request.parentId === undefined) {
      throw new TaskSystemError('SUBMIT_INVALID', 'key: expected together with parentId; without a parent, use idempotencyKey', { key: request.key });
    }
    const parent = request.parentId === undefined ? undefined : known ?? await this.#parentOf(request.parentId);
    if (request.type === GROUP_TYPE) return this.#submitGroup(request, parent);
    const type = this.#typeOf(request.type, parent);
    this.#ports.levels.choose(type);
    const inputJson = encodeInput(request.input, type);
    const checking = checkInput(request.input, type);
    if (checking !== undefined) await checking;
    return this.#store(this.#newTask(request, type, inputJson, parent));
  }

  /** Stores a group and its children in one transaction. Hooks are asked for each of them. */
  async #submitGroup(request: ResolvedSubmit, parent: TaskRecord | undefined): Promise<TaskRecord> {
    const group = this.#newTask(request, GROUP, encodeInput(request.input, GROUP), parent);
    const head = { ...group, parentId: group.id };
    const children: NewTask[] = [];
    for (const child of request.children ?? []) children.push(await this.#newChild({ ...child, parentId: group.id }, head));
    const { hooks, runner, subtasks } = this.#ports;
    for (const task of [group, ...children]) if (hooks.hasCreateHooks) await hooks.runCreate(newTaskView(task));
    for (const { project } of children) this.#refuseIfFull(project);
    const { task } = await runner.submitGroup(group, children);
    for (const { parentId } of [group, head]) if (parentId !== undefined) subtasks.adopted(parentId);
    return task;
  }

  async #newChild(request: ResolvedSubmit, parent: ParentTask): Promise<NewTask> {
    const type = this.#typeOf(request.type, parent);
    this.#ports.levels.choose(type);
    const inputJson = encodeInput(request.input, type);
    await checkInput(request.input, type);
    return this.#newTask(request, type, inputJson, parent);
  }

  /** Submits an ended task once more, as a new one. */
  async repeat(task: TaskRecord): Promise<TaskRecord> {
    const type = requireTaskType(this.#ports.options.types, task.type);
    const { inputJson, project, priority, overrides, metadata, rules } = task;
    const request = { type: task.type, project, input: null, priority, delayMs: 0, overrides, metadata, ...(rules === undefined ? {} : { rules }) };
    return this.#store({ ...this.#newTask(request, type, inputJson, undefined), retryOf: task.id });
  }

  async #store(task: NewTask): Promise<TaskRecord> {
    const { hooks, runner } = this.#ports;
    if (hooks.hasCreateHooks) await hooks.runCreate(newTaskView(task));
    this.#refuseIfFull(task.project);
    const stored = (await runner.submit(task)).task;
    if (task.parentId !== undefined) this.#ports.subtasks.adopted(task.parentId);
    return stored;
  }

  /** What the ancestors forbid is forbidden from the start. */
  #typeOf(name: string, parent: ParentTask | undefined): ResolvedTaskType {
    return parent === undefined ? requireTaskType(this.#ports.options.types, name) : this.#ports.subtasks.typeOf({ type: name, lineage: lineageOf(parent) });
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

  #newTask(request: ResolvedSubmit, type: Pick<ResolvedTaskType, 'name' | 'rules' | 'retry'>, inputJson: string, parent: ParentTask | undefined): NewTask {
    const { clock, generateId, options } = this.#ports;
    const { project, priority, overrides, metadata, idempotencyKey, parentId, key, delayMs, weight } = request;
    const rules = { ...type.rules, ...request.rules };
    const id = generateId();
    const createdAt = clock.now();
    return {
      id,
      type: type.name,
      project,
      inputJson,
      priority,
      orderKey: parent === undefined ? orderKeyOf(createdAt, priority, options.queue.agingMs) : childOrderKey(parent, priority, options.queue.agingMs),
      maxAttempts: overrides.retry?.maxAttempts ?? type.retry.maxAttempts,
      overrides,
      rootId: parent?.rootId ?? id,
      metadata,
      createdAt,
      ...(parentId === undefined ? {} : { parentId }),
      ...(key === undefined ? {} : { key }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(weight === undefined ? {} : { weight }),
      ...(isDeepStrictEqual(rules, DEFAULT_RULES) ? {} : { rules }),
      ...(parent === undefined ? {} : { lineage: lineageOf(parent) }),
      ...(delayMs === 0 ? {} : { runAt: createdAt + delayMs }),
    };
  }
}

function lineageOf(parent: ParentTask): readonly string[] {
  return [...parent.lineage ?? [], parent.type];
}

/** A child goes before what came after its parent, and just before its siblings' parent: trees are run to their ends one after the other. */
function childOrderKey(parent: ParentTask, priority: number, agingMs: number | false): number {
  return parent.orderKey + orderKeyOf(0, priority - parent.priority, agingMs) - 1;
}

/** Smaller goes first: the time of submission minus the head start of the priority; without ageing, the priority alone decides. */
export function orderKeyOf(createdAt: number, priority: number, agingMs: number | false): number {
  return createdAt - priority * (agingMs === false ? STRICT_STEP_MS : agingMs);
}
