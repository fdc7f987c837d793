import type { Approval } from '../types/Approvals.ts';
import { type SerializedError, serializeError, TaskSystemError } from '../types/Errors.ts';
import type { TaskEvent } from '../types/Events.ts';
import type { HookListeners, HookRegistry, HookVerdict, Unsubscribe } from '../types/Hooks.ts';
import type { Clock, EventSource, Logger } from '../types/Ports.ts';
import type { Task, TaskProgress } from '../types/Task.ts';
import { verdictOf } from './hookAnswers.ts';
import { HookCalls } from './HookCalls.ts';
import { type BoundHook, HookList } from './HookList.ts';
import { TaskChains } from './TaskChains.ts';

/** Gives the task of an event; undefined when it is gone. Called once per event, and only if there is a hook for it. */
export type TaskLoader = () => Task | undefined | Promise<Task | undefined>;

/** What {@link LifecycleHooks} needs. */
export interface LifecycleHooksOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Hooks that are there from the start. @defaultValue none */
  readonly listeners?: HookListeners;
  /** How long one hook may take, in milliseconds. @defaultValue 15_000 */
  readonly timeoutMs?: number;
}

interface HookCall {
  readonly name: keyof HookListeners;
  readonly conflates: boolean;
  readonly hooks: readonly BoundHook[];
}

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_CLOSE_GRACE_MS = 1_000;

/**
 * The lifecycle hooks of one system. `onTaskCreate` and `onTaskApproval` decide (see `runCreate`, `runApproval`), the others observe (see `observe`): for one task
 * they are called one at a time in the order of its events, for several tasks side by side; what goes wrong in them is logged and
 * counted and stops nothing.
 */
export class LifecycleHooks implements HookRegistry {
  readonly #create = new HookList();
  readonly #start = new HookList();
  readonly #progress = new HookList<{ readonly progress: TaskProgress }>();
  readonly #complete = new HookList();
  readonly #fail = new HookList<{ readonly error: SerializedError }>();
  readonly #cancel = new HookList<{ readonly reason: string }>();
  readonly #approval = new HookList<{ readonly approval: Approval }>();
  readonly #chains = new TaskChains();
  readonly #calls: HookCalls;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #hookErrors = 0;
  #closing: Promise<void> | undefined;

  // Functions and not methods, so that `const { onTaskComplete } = tasks.hooks` works.
  /** Before a task is stored. @returns removes the hook. */
  readonly onTaskCreate: HookRegistry['onTaskCreate'] = (hook) => this.#create.add(hook);
  /** An attempt starts. @returns removes the hook. */
  readonly onTaskStart: HookRegistry['onTaskStart'] = (hook) => this.#start.add(hook);
  /** Progress; while a hook of the task is busy only the newest waits. @returns removes the hook. */
  readonly onTaskProgress: HookRegistry['onTaskProgress'] = (hook) => this.#progress.add(hook);
  /** The task has completed. @returns removes the hook. */
  readonly onTaskComplete: HookRegistry['onTaskComplete'] = (hook) => this.#complete.add(hook);
  /** The task has failed for good. @returns removes the hook. */
  readonly onTaskFail: HookRegistry['onTaskFail'] = (hook) => this.#fail.add(hook);
  /** The task was cancelled. @returns removes the hook. */
  readonly onTaskCancel: HookRegistry['onTaskCancel'] = (hook) => this.#cancel.add(hook);
  /** A call of a tool waits for an answer. @returns removes the hook. */
  readonly onTaskApproval: HookRegistry['onTaskApproval'] = (hook) => this.#approval.add(hook);

  constructor({ clock, logger, listeners = {}, timeoutMs = DEFAULT_TIMEOUT_MS }: LifecycleHooksOptions) {
    this.#clock = clock;
    this.#logger = logger;
    this.#calls = new HookCalls(clock, timeoutMs);
    if (listeners.onTaskCreate !== undefined) this.onTaskCreate(listeners.onTaskCreate);
    if (listeners.onTaskStart !== undefined) this.onTaskStart(listeners.onTaskStart);
    if (listeners.onTaskProgress !== undefined) this.onTaskProgress(listeners.onTaskProgress);
    if (listeners.onTaskComplete !== undefined) this.onTaskComplete(listeners.onTaskComplete);
    if (listeners.onTaskFail !== undefined) this.onTaskFail(listeners.onTaskFail);
    if (listeners.onTaskCancel !== undefined) this.onTaskCancel(listeners.onTaskCancel);
    if (listeners.onTaskApproval !== undefined) this.onTaskApproval(listeners.onTaskApproval);
  }

  /** Whether `runCreate` has anything to do. Without hooks `submit` need not wait for it. */
  get hasCreateHooks(): boolean {
    return this.#create.size > 0;
  }

  /** How many times an observing hook failed or took too long, or its task could not be loaded. */
  get hookErrors(): number {
    return this.#hookErrors;
  }

  /**
   * Asks every `onTaskCreate` hook, one after the other in order of registration; the first that refuses ends it.
   * @throws TaskSystemError `SUBMIT_REFUSED` (with the reason as `cause`) when a hook throws, rejects or takes too long;
   *   `SYSTEM_CLOSED` when the system closes meanwhile.
   */
  async runCreate(task: Task): Promise<void> {
    for (const hook of this.#create.bind({})) {
      if (this.#isClosed()) throw closedError();
      if (!hook.isActive()) continue;
      try {
        await this.#calls.call(hook, task);
      } catch (cause) {
        if (this.#isClosed()) throw closedError();
        const details = { taskType: task.type, project: task.project };
        throw new TaskSystemError('SUBMIT_REFUSED', `a task of type "${task.type}" for project "${task.project}": ${reasonOf(cause)}`, details, { cause });
      }
    }
  }

  /**
   * Asks the `onTaskApproval` hooks, one after the other in order of registration; the first no ends it. Never rejects.
   * @returns what they say; undefined when none has an opinion.
   */
  async runApproval(task: Task, approval: Approval): Promise<HookVerdict | undefined> {
    let verdict: HookVerdict | undefined;
    for (const hook of this.#approval.bind({ approval })) {
      if (this.#isClosed()) return undefined;
      if (!hook.isActive()) continue;
      try {
        const said = verdictOf(await this.#calls.call(hook, task));
        if (said?.decision === 'deny') return said;
        verdict ??= said;
      } catch (error) {
        this.#report(`An onTaskApproval hook failed for task ${task.id}.`, error);
      }
    }
    return verdict;
  }

  /**
   * Calls the hooks that belong to an event, later and in the order of the task's events. Returns at once and never throws.
   * @param load gives the task as it was stored with the event; not called when there is no hook for it.
   */
  observe(event: TaskEvent, load: TaskLoader): void {
    if (this.#isClosed()) return;
    const call = this.#callFor(event);
    if (call === undefined || call.hooks.length === 0) return;
    this.#chains.push(event.taskId, { conflates: call.conflates, run: () => this.#run(call, event.taskId, load) });
  }

  /** Observes every event of a source. The task is read by `loadTask` when its hooks are due, so it may have moved on since. @returns ends it. */
  watch(source: EventSource, loadTask: (taskId: string) => ReturnType<TaskLoader>): Unsubscribe {
    return source.on('*', (event) => { this.observe(event, () => loadTask(event.taskId)); });
  }

  /** Resolves when no observing hook is running or waiting. */
  idle(): Promise<void> {
    return this.#chains.idle();
  }

  /**
   * Takes no more events, lets the hooks under way and waiting finish for `graceMs` milliseconds, then aborts their signals, drops
   * what has not started, and gives up after `graceMs` more. @defaultValue 1_000
   */
  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? DEFAULT_CLOSE_GRACE_MS);
    return this.#closing;
  }

  #isClosed(): boolean {
    return this.#closing !== undefined;
  }

  #callFor(event: TaskEvent): HookCall | undefined {
    switch (event.type) {
      case 'task:start': return { name: 'onTaskStart', conflates: false, hooks: this.#start.bind({}) };
      case 'task:progress': return { name: 'onTaskProgress', conflates: true, hooks: this.#progress.bind({ progress: event.data }) };
      case 'task:complete': return { name: 'onTaskComplete', conflates: false, hooks: this.#complete.bind({}) };
      case 'task:error': return { name: 'onTaskFail', conflates: false, hooks: this.#fail.bind({ error: event.data.error }) };
      case 'task:cancel': return { name: 'onTaskCancel', conflates: false, hooks: this.#cancel.bind({ reason: event.data.reason }) };
      default: return undefined;
    }
  }

  async #run(call: HookCall, taskId: string, load: TaskLoader): Promise<void> {
    let task: Task | undefined;
    try {
      task = await load();
    } catch (error) {
      this.#report(`The task ${taskId} could not be read for its ${call.name} hooks.`, error);
    }
    if (task === undefined) return;
    for (const hook of call.hooks) {
      if (!hook.isActive()) continue;
      try {
        await this.#calls.call(hook, task);
      } catch (error) {
        this.#report(`An ${call.name} hook failed for task ${taskId}.`, error);
      }
    }
  }

  async #close(graceMs: number): Promise<void> {
    await this.#settledWithin(graceMs);
    const dropped = this.#chains.clear();
    if (dropped > 0) this.#report(`The system closed before ${String(dropped)} hook call${dropped === 1 ? '' : 's'} could start.`, closedError());
    this.#calls.abort(closedError());
    await this.#settledWithin(graceMs);
    this.#calls.giveUp(closedError());
  }

  /** Waits until no hook is under way, at most `graceMs`. */
  async #settledWithin(graceMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(graceMs, over.resolve);
    await Promise.race([Promise.all([this.#chains.idle(), this.#calls.idle()]), over.promise]);
    timer.cancel();
  }

  #report(message: string, error: unknown): void {
    this.#hookErrors += 1;
    try {
      this.#logger.error(message, { error: serializeError(error) });
    } catch {
      // A logger that throws must not stop the hooks; the failure is counted.
    }
  }
}

function closedError(): TaskSystemError {
  return new TaskSystemError('SYSTEM_CLOSED', 'the system closed while a hook was running');
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : serializeError(cause).message;
}
