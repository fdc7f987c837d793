import type { LifecycleHooks } from '../hooks/LifecycleHooks.ts';
import type { TaskEvents } from '../realtime/EventEmitter.ts';
import { decideCall } from '../policy/ToolPolicy.ts';
import { TaskSystemError } from '../types/Errors.ts';
import type { DoctorReport } from '../types/Isolation.ts';
import { isJsonObject, type JsonValue } from '../types/Json.ts';
import type { CloseOptions, ListOptions, SubmitOptions } from '../types/Options.ts';
import { parseCloseOptions, parseListOptions, parseSubmitOptions, requireTaskType } from '../types/parseCalls.ts';
import type { PolicyDecision } from '../types/Policy.ts';
import { assertProjectName } from '../types/ProjectName.ts';
import type { ResolvedOptions } from '../types/ResolvedOptions.ts';
import type { ProjectSnapshot, QueueControl, QueueSnapshot, TaskHandle, TaskPage, TaskSystemCore } from '../types/System.ts';
import type { Task } from '../types/Task.ts';
import { isTerminal } from '../types/TaskState.ts';
import type { TaskRecord, TaskStore } from '../types/TaskStore.ts';
import { toTask } from './records.ts';
import type { Janitor } from './Janitor.ts';
import type { Sessions } from './Sessions.ts';
import type { Submitter } from './Submitter.ts';
import { TaskFollower } from './TaskFollower.ts';
import { createHandle, type HandlePorts } from './TaskHandle.ts';
import type { TaskQueue } from './TaskQueue.ts';
import type { TaskRunner } from './TaskRunner.ts';

/** The parts of one system. */
export interface CoreParts {
  readonly options: ResolvedOptions;
  readonly store: TaskStore;
  readonly events: TaskEvents;
  readonly hooks: LifecycleHooks;
  readonly queue: TaskQueue;
  readonly sessions: Sessions;
  readonly runner: TaskRunner;
  readonly submitter: Submitter;
  readonly janitor: Janitor;
  /** Examines the isolation that this machine can give. */
  readonly examine: () => Promise<DoctorReport>;
}

/** The public methods over the parts of one system: checks what comes from outside, shows tasks in their public form. */
export class CoreSystem implements TaskSystemCore {
  readonly queue: QueueControl = {
    snapshot: () => this.#snapshot(),
    pause: (project) => this.#setPaused(project, true),
    resume: (project) => this.#setPaused(project, false),
  };

  readonly #parts: CoreParts;
  readonly #closing = new AbortController();
  readonly #handlePorts: HandlePorts;
  #closed: Promise<void> | undefined;

  constructor(parts: CoreParts) {
    this.#parts = parts;
    this.#handlePorts = {
      follower: new TaskFollower(parts.events),
      get: async (id) => this.#find(id),
      cancel: (id, reason) => this.cancel(id, reason),
      readEvents: (id, offset, limit) => parts.store.readEvents(offset, limit, id),
      closing: this.#closing.signal,
    };
  }

  get events(): TaskEvents {
    return this.#parts.events;
  }

  get hooks(): LifecycleHooks {
    return this.#parts.hooks;
  }

  async submit(options: SubmitOptions): Promise<TaskHandle> {
    this.assertOpen();
    const record = await this.#parts.submitter.submit(parseSubmitOptions(options));
    return this.handle(record.id);
  }

  handle(taskId: string): TaskHandle {
    return createHandle(taskId, this.#handlePorts);
  }

  async get(taskId: string): Promise<Task | undefined> {
    this.assertOpen();
    return this.#find(taskId);
  }

  async list(options: ListOptions = {}): Promise<TaskPage> {
    this.assertOpen();
    const page = await this.#parts.store.list(parseListOptions(options));
    return { ...page, tasks: page.tasks.map((record) => this.#show(record)) };
  }

  async cancel(taskId: string, reason = 'cancelled by the application'): Promise<boolean> {
    this.assertOpen();
    return this.#parts.runner.cancel(taskId, reason);
  }

  async retry(taskId: string): Promise<TaskHandle> {
    this.assertOpen();
    const record = await this.#parts.store.get(taskId);
    if (record === undefined) throw new TaskSystemError('TASK_NOT_FOUND', `Id: ${taskId}`, { taskId });
    if (!isTerminal(record.state)) throw new TaskSystemError('TASK_NOT_TERMINAL', `Task ${taskId} is ${record.state}`, { taskId, state: record.state });
    const repeated = await this.#parts.submitter.repeat(record);
    return this.handle(repeated.id);
  }

  explainPolicy(taskType: string, tool: string, args: JsonValue = {}): PolicyDecision {
    return decideCall(requireTaskType(this.#parts.options.types, taskType).policy, tool, args);
  }

  async doctor(): Promise<DoctorReport> {
    this.assertOpen();
    return this.#parts.examine();
  }

  close(options: CloseOptions = {}): Promise<void> {
    const { graceMs } = parseCloseOptions(options);
    this.#closed ??= this.#shutDown(graceMs);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Prepares directories and spares, takes over what an earlier host left, and begins to run tasks. */
  async open(): Promise<void> {
    const { sessions, hooks, events, runner, janitor } = this.#parts;
    await sessions.open();
    hooks.watch(events, (taskId) => this.#find(taskId));
    await runner.start();
    janitor.start();
  }

  /** Submits a child of a running task; also while the system closes, or the parent would fail for its host's sake. */
  async spawnChild(parent: TaskRecord, params: JsonValue): Promise<JsonValue> {
    const request = isJsonObject(params) ? { project: parent.project, ...params, parentId: parent.id } : params;
    const record = await this.#parts.submitter.submit(parseSubmitOptions(request));
    return { id: record.id };
  }

  async #find(taskId: string): Promise<Task | undefined> {
    const record = await this.#parts.store.get(taskId);
    return record === undefined ? undefined : this.#show(record);
  }

  #show(record: TaskRecord): Task {
    if (record.state !== 'running') return toTask(record);
    const { runner } = this.#parts;
    return toTask(record, runner.progressOf(record.id), runner.isolationOf(record.id));
  }

  async #setPaused(project: string | undefined, isPaused: boolean): Promise<void> {
    this.assertOpen();
    if (project !== undefined) assertProjectName(project);
    await this.#parts.runner.setPaused(project, isPaused);
  }

  async #snapshot(): Promise<QueueSnapshot> {
    this.assertOpen();
    const { queue, store, options, sessions } = this.#parts;
    const counts = new Map((await store.counts()).map((count) => [count.project, count]));
    const names = new Set([...counts.keys(), ...queue.pausedProjects()]);
    const projects = [...names].sort().map((project): ProjectSnapshot => {
      const { ready, delayed, running, waiting } = counts.get(project) ?? { ready: 0, delayed: 0, running: 0, waiting: 0 };
      const { maxConcurrent, weight } = options.project(project);
      return { project, ready, delayed, running, waiting, paused: queue.isPaused(project), maxConcurrent, weight };
    });
    return { maxConcurrent: options.queue.maxConcurrent, running: queue.running, paused: queue.isPaused(), spares: sessions.spares, projects };
  }

  async #shutDown(graceMs: number): Promise<void> {
    const { runner, janitor, hooks, sessions, store } = this.#parts;
    const errors: unknown[] = [];
    // Each part is closed even if one before it fails; last comes what the others still write to.
    const steps: readonly (() => void | Promise<void>)[] = [
      () => runner.close(graceMs), () => janitor.close(), () => hooks.close(), () => this.detachAll(), () => sessions.close(),
      () => { this.#closing.abort(); }, () => store.close(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'several parts of the task system could not be closed');
  }

  /** Ends the live feeds; overridden where there are any. */
  protected detachAll(): Promise<void> {
    return Promise.resolve();
  }

  /** @throws TaskSystemError `SYSTEM_CLOSED` once `close` was called. */
  protected assertOpen(): void {
    if (this.#closed !== undefined) throw new TaskSystemError('SYSTEM_CLOSED', 'close() was called');
  }
}
