import type { LifecycleHooks } from '../hooks/LifecycleHooks.ts';
import type { WebhookManager } from '../hooks/WebhookManager.ts';
import { decideCall } from '../policy/ToolPolicy.ts';
import type { TaskEvents } from '../realtime/EventEmitter.ts';
import type { AnswerOptions, Approval, ApprovalListOptions } from '../types/Approvals.ts';
import { TaskSystemError } from '../types/Errors.ts';
import type { DoctorReport } from '../types/Isolation.ts';
import { isJsonObject, type JsonValue } from '../types/Json.ts';
import type { CloseOptions, ListOptions, SubmitOptions } from '../types/Options.ts';
import { parseAnswerOptions, parseApprovalListOptions, parseCloseOptions, parseListOptions, requireTaskType } from '../types/parseCalls.ts';
import type { PolicyDecision } from '../types/Policy.ts';
import type { TaskTree } from '../types/Subtasks.ts';
import type { QueueControl, TaskArtifact, TaskHandle, TaskPage, TaskSystemCore } from '../types/System.ts';
import type { Task } from '../types/Task.ts';
import { isTerminal } from '../types/TaskState.ts';
import type { SnapshotFilter } from '../types/Snapshots.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import { closeAll } from './closeAll.ts';
import type { CoreParts } from './CoreParts.ts';
import { QueueDesk } from './QueueDesk.ts';
import { TaskViews } from './TaskViews.ts';

/** The public methods over the parts of one system: checks what comes from outside and hands it to the part whose work it is. */
export class CoreSystem implements TaskSystemCore {
  readonly queue: QueueControl;
  readonly events: TaskEvents;
  readonly hooks: LifecycleHooks;
  readonly webhooks: WebhookManager;
  readonly #parts: CoreParts;
  readonly #views: TaskViews;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(parts: CoreParts) {
    this.#parts = parts;
    this.events = parts.events;
    this.hooks = parts.hooks;
    this.webhooks = parts.webhooks;
    this.queue = new QueueDesk(parts, () => { this.assertOpen(); });
    this.#views = new TaskViews(parts, (id, reason) => this.cancel(id, reason), this.#closing.signal);
  }

  async submit(options: SubmitOptions): Promise<TaskHandle> {
    this.assertOpen();
    const record = await this.#parts.submitter.accept(options);
    return this.handle(record.id);
  }

  handle(taskId: string): TaskHandle {
    return this.#views.handle(taskId);
  }

  async get(taskId: string): Promise<Task | undefined> {
    this.assertOpen();
    return this.#views.find(taskId);
  }

  async list(options: ListOptions = {}): Promise<TaskPage> {
    this.assertOpen();
    return this.#views.list(parseListOptions(options));
  }

  async tree(taskId: string): Promise<TaskTree | undefined> {
    this.assertOpen();
    return this.#views.tree(taskId);
  }

  /** For the live feed. */
  async snapshot(filter: SnapshotFilter): Promise<{ readonly tasks: readonly Task[]; readonly offset: number }> {
    this.assertOpen();
    return this.#views.snapshot(filter);
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

  async approve(approvalId: string, options: AnswerOptions = {}): Promise<Approval> {
    this.assertOpen();
    return this.#parts.approvals.answer(approvalId, { ...parseAnswerOptions(options), state: 'allowed' });
  }

  async deny(approvalId: string, options: AnswerOptions = {}): Promise<Approval> {
    this.assertOpen();
    return this.#parts.approvals.answer(approvalId, { ...parseAnswerOptions(options), state: 'denied' });
  }

  async approvals(options: ApprovalListOptions = {}): Promise<readonly Approval[]> {
    this.assertOpen();
    return this.#parts.approvals.list(parseApprovalListOptions(options));
  }

  async artifacts(taskId: string): Promise<readonly TaskArtifact[]> {
    this.assertOpen();
    return this.#parts.artifacts.list(taskId);
  }

  async doctor(): Promise<DoctorReport> {
    this.assertOpen();
    return this.#parts.examine();
  }

  close(options: CloseOptions = {}): Promise<void> {
    const { graceMs } = parseCloseOptions(options);
    const { runner, janitor, hooks, webhooks, sessions, store, hierarchy, approvals } = this.#parts;
    // Last comes what the others still write to.
    this.#closed ??= closeAll([
      () => runner.close(graceMs), () => { hierarchy.close(); }, () => { approvals.close(); }, () => janitor.close(), () => hooks.close(), () => webhooks.close({ graceMs }), () => this.detachAll(), () => sessions.close(),
      () => { this.#closing.abort(); }, () => store.close(),
    ]);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Prepares directories and spares, takes over what an earlier host left, and begins to run tasks. */
  async open(): Promise<void> {
    const { sessions, hooks, webhooks, events, runner, janitor, hierarchy, artifacts, approvals } = this.#parts;
    events.on('*', (event) => { hierarchy.notice(event); });
    await sessions.open();
    await artifacts.open();
    hooks.watch(events, (taskId) => this.#views.find(taskId));
    await webhooks.open(events);
    await approvals.open();
    await runner.start();
    janitor.start();
  }

  /** Submits a child of a running task; also while the system closes, or the parent would fail for its host's sake. */
  spawn(parent: TaskRecord, submission: JsonValue): Promise<TaskRecord> {
    return this.#parts.submitter.accept(isJsonObject(submission) ? { ...submission, parentId: parent.id } : submission);
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
