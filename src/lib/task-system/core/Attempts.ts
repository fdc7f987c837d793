import type { TaskEvents, TransientDraft } from '../realtime/EventEmitter.ts';
import type { Redactor } from '../tools/secrets/Redactor.ts';
import type { SubTaskManager } from '../subtask/SubTaskManager.ts';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { EventDraft } from '../types/Events.ts';
import type { TreeCommitted } from '../types/FamilyStore.ts';
import type { HostCalls } from '../types/HostCalls.ts';
import type { TaskIsolation } from '../types/Isolation.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import { DEFAULTS, type ResolvedOptions, type ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { TaskProgress } from '../types/Task.ts';
import type { Committed, Settlement, TaskRecord, TaskStore } from '../types/TaskStore.ts';
import type { Artifacts } from './Artifacts.ts';
import type { Deadlines } from './Deadlines.ts';
import type { Outcome } from './outcome.ts';
import type { Parking, ParkingPlace } from './Parking.ts';
import type { ProjectContext } from './ProjectContext.ts';
import type { OpenSession, ReadyProcess, RunningSession, SessionMaker } from './Sessions.ts';
import { settlementOf } from './settlement.ts';
import { settleUntilStored } from './settleUntilStored.ts';
import type { Slot } from './Slot.ts';
import type { StopReason } from './TaskSession.ts';

/** How a task is settled whose type the app no longer has. */
const NO_TYPE = { retry: DEFAULTS.retry, onInterrupt: 'retry', timeoutMs: DEFAULTS.taskType.timeoutMs } as const;

/** What attempts are run with. */
export interface AttemptPorts {
  readonly options: ResolvedOptions;
  readonly store: TaskStore;
  readonly events: TaskEvents;
  readonly sessions: SessionMaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Answers what running tasks ask for. */
  readonly calls: HostCalls;
  readonly context: ProjectContext;
  readonly artifacts: Artifacts;
  /** Takes secrets out of every event of an attempt. */
  readonly redactor: Redactor;
  readonly subtasks: Pick<SubTaskManager, 'typeOf' | 'findType' | 'excusedBy' | 'hasOpenChildren' | 'forget' | 'ended' | 'isParent'>;
}

/** What attempts need of the engine that starts them. */
export interface EnginePorts {
  readonly parking: Parking;
  readonly deadlines: Deadlines;
  /** Lets the time of a parent begin of which no deadline is known, if it has one. */
  readonly beginAbove: (parentId: string) => Promise<void>;
  /** Aborted when the system closes. */
  readonly stopping: AbortSignal;
  /** Emits the events of a change. */
  readonly publish: (committed: Committed) => void;
  /** The outcome of an attempt is stored. */
  readonly onSettled: (committed: TreeCommitted, time: number) => void;
}

/** A claimed task. Its session exists a moment later; a stop that comes before is remembered. */
interface ActiveAttempt {
  readonly task: TaskRecord;
  readonly settled: Promise<void>;
  readonly place: ParkingPlace;
  /** Aborted when it is being stopped. */
  readonly ending: AbortController;
  /** Its process, when that could be readied while the task was being stored. */
  readonly readying?: Promise<ReadyProcess>;
  session?: RunningSession;
  isolation?: TaskIsolation;
  stop?: StopReason;
}

/** The attempts that run in this host: each from its claim to the moment in which its outcome is stored. */
export class Attempts {
  readonly #ports: AttemptPorts;
  readonly #engine: EnginePorts;
  readonly #active = new Map<string, ActiveAttempt>();
  #isShutDown = false;

  constructor(ports: AttemptPorts, engine: EnginePorts) {
    this.#ports = ports;
    this.#engine = engine;
  }

  /** The newest progress of a running task. */
  progressOf(taskId: string): TaskProgress | undefined {
    return this.#active.get(taskId)?.session?.progress;
  }

  /** How the attempt of a running task is kept apart. */
  isolationOf(taskId: string): TaskIsolation | undefined {
    return this.#active.get(taskId)?.isolation;
  }

  /** Stops the attempt of a task; undefined when none runs. @returns resolves when its outcome is stored. */
  stop(taskId: string, reason: StopReason): Promise<void> | undefined {
    const active = this.#active.get(taskId);
    if (active !== undefined) stopAttempt(active, reason);
    return active?.settled;
  }

  /** Whether an attempt of the task runs here. */
  isRunning(taskId: string): boolean {
    return this.#active.has(taskId);
  }

  /** Interrupts everything, also what is still being claimed. */
  shutDown(): void {
    this.#isShutDown = true;
    for (const active of this.#active.values()) stopAttempt(active, { kind: 'shutdown' });
  }

  /** Runs a claimed task to the end of its attempt. */
  async run(claimed: Committed, slot: Slot, readying?: Promise<ReadyProcess>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { task } = claimed;
    const ending = new AbortController();
    const active: ActiveAttempt = {
      task, ending, settled: promise.then(() => undefined), place: this.#engine.parking.place(task, slot, ending.signal), ...(readying === undefined ? {} : { readying }),
    };
    this.#active.set(task.id, active);
    // A claim that was under way when the system was told to stop: it goes back to the queue.
    if (this.#isShutDown) stopAttempt(active, { kind: 'shutdown' });
    this.#engine.publish(claimed);
    try {
      await this.#attempt(active);
    } finally {
      active.place.leave();
      this.#active.delete(task.id);
      resolve(undefined);
    }
  }

  async #attempt(active: ActiveAttempt): Promise<void> {
    const { options, clock, random, subtasks, artifacts } = this.#ports;
    const { task } = active;
    const found = findType(() => subtasks.typeOf(task));
    const type = found.type ?? NO_TYPE;
    const timeoutMs = task.overrides.timeoutMs ?? type.timeoutMs;
    const { deadlines, beginAbove } = this.#engine;
    if (task.parentId !== undefined && deadlines.of(task.parentId) === undefined) await beginAbove(task.parentId);
    const imposed = deadlines.begin(task.id, task.parentId, timeoutMs, () => { stopAttempt(active, { kind: 'timeout', timeoutMs }); });
    const timer = imposed === undefined ? undefined : clock.setTimer(Math.max(0, imposed.at - clock.now()), () => {
      if (!deadlines.expire(imposed.source)) stopAttempt(active, { kind: 'cancel', reason: 'the time of its parent is up', cause: 'parent' });
    });
    const { outcome, opened } = found.type === undefined ? await this.#refuse(active, found.error) : await this.#runSession(active, found.type);
    timer?.cancel();
    active.ending.abort();
    const end = {
      task, type, outcome, progress: active.session?.progress, usage: active.session?.usage, isolation: active.isolation, time: clock.now(), excused: subtasks.excusedBy(task),
    };
    subtasks.forget(task);
    const settlement = settlementOf(end, options.queue, random);
    const notesJson = await this.#remember(task, settlement, opened?.workspace);
    if (settlement.to !== 'queued') await artifacts.take(task, opened?.workspace, (drafts) => this.#record(task, drafts));
    const committed = await settleUntilStored({ ...settlement, ...(notesJson === undefined ? {} : { notesJson }) }, { ...this.#ports, stopping: this.#engine.stopping });
    await artifacts.settle(task, committed?.task);
    opened?.dispose(outcome.kind === 'failed' && options.workspaces.keepFailedMs > 0 ? 'keep' : 'remove');
    if (committed !== undefined) this.#engine.onSettled(committed, end.time);
  }

  /** Writes what is to be remembered; of a task that waits for its children, which is not over, it is kept in the store until then. */
  async #remember(task: TaskRecord, settlement: Settlement, workspace: string | undefined): Promise<string | undefined> {
    const { subtasks, context } = this.#ports;
    if (settlement.to !== 'queued' && await subtasks.hasOpenChildren(task)) return context.keep(task);
    await context.finish(task, settlement, workspace, (drafts) => this.#record(task, drafts));
    return undefined;
  }

  async #refuse({ task, readying }: ActiveAttempt, error: unknown): Promise<{ readonly outcome: Outcome; readonly opened?: undefined }> {
    await readying?.then((ready) => this.#ports.sessions.discard(ready), () => undefined);
    return { outcome: failedToStart(task, error) };
  }

  async #runSession(active: ActiveAttempt, type: ResolvedTaskType): Promise<{ readonly outcome: Outcome; readonly opened?: OpenSession }> {
    const { task, place } = active;
    try {
      const context = await this.#ports.context.read(task, type, (drafts) => this.#record(task, drafts));
      const opened = await this.#ports.sessions.prepare(task, type, context, {
        emit: (draft) => { this.#emit(task, draft); },
        warn: (code, message) => { void this.#warn(task, code, message); },
        record: (drafts) => this.#record(task, drafts),
        call: (method, params, attempt) => this.#ports.calls[method]({
          ...attempt, task, record: (drafts) => this.#record(task, drafts), giveSlot: (children) => place.giveSlot(children),
          tellText: (data) => { this.#emit(task, { type: 'task:text', data }); },
        }, params),
      }, active.readying);
      active.session = opened.session;
      active.isolation = opened.isolation;
      if (opened.warning !== undefined) void this.#warn(task, 'SANDBOX_WEAKER', opened.warning);
      const running = opened.session.run();
      if (active.stop !== undefined) opened.session.stop(active.stop);
      return { outcome: await running, opened };
    } catch (error) {
      return { outcome: failedToStart(task, error) };
    }
  }

  async #warn(task: TaskRecord, code: string, message: string): Promise<void> {
    this.#ports.logger.warn(`task ${task.id}: ${message}`, { code });
    await this.#record(task, [{ type: 'task:warning', data: { code, message } }]).catch(() => false);
  }

  async #record(task: TaskRecord, drafts: readonly EventDraft[]): Promise<boolean> {
    const { store, events, clock, redactor } = this.#ports;
    const stored = await store.append(task.id, task.fence, redactor.values(drafts), clock.now());
    for (const event of stored ?? []) events.emit(event);
    return stored !== undefined;
  }

  #emit(task: TaskRecord, draft: TransientDraft): void {
    this.#ports.events.emitTransient({ ...task, taskId: task.id, taskType: task.type }, this.#ports.redactor.values(draft));
  }
}

function findType(find: () => ResolvedTaskType): { readonly type: ResolvedTaskType } | { readonly type?: undefined; readonly error: unknown } {
  try {
    return { type: find() };
  } catch (error) {
    return { error };
  }
}

/** A full disk, no more processes: the attempt fails, with the system's own words as the cause. */
function failedToStart(task: TaskRecord, cause: unknown): Outcome {
  const error = TaskSystemError.isInstance(cause) ? cause : new TaskSystemError('TASK_CRASHED', `No process could be prepared for task ${task.id}`, { taskId: task.id }, { cause });
  return { kind: 'failed', error: serializeError(error) };
}

function stopAttempt(active: ActiveAttempt, reason: StopReason): void {
  active.stop ??= reason;
  active.ending.abort();
  active.session?.stop(reason);
}
