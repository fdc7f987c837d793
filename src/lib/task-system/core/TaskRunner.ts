import type { TaskEvents, TransientDraft } from '../realtime/EventEmitter.ts';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { EventDraft } from '../types/Events.ts';
import type { HostCalls } from '../types/HostCalls.ts';
import type { TaskIsolation } from '../types/Isolation.ts';
import type { Clock, Logger, Timer } from '../types/Ports.ts';
import { DEFAULTS, type ResolvedOptions, type ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { TaskProgress } from '../types/Task.ts';
import type { Committed, Created, NewTask, TaskRecord, TaskStore } from '../types/TaskStore.ts';
import type { Artifacts } from './Artifacts.ts';
import { DueTimer } from './DueTimer.ts';
import type { Outcome } from './outcome.ts';
import type { ProjectContext } from './ProjectContext.ts';
import type { OpenSession, ReadyProcess, Sessions } from './Sessions.ts';
import { settlementOf } from './settlement.ts';
import { settleUntilStored } from './settleUntilStored.ts';
import type { TaskQueue } from './TaskQueue.ts';
import type { StopReason, TaskSession } from './TaskSession.ts';

/** How long nothing is claimed after the store failed. */
const HOLD_OFF_MS = 250;
const PROMOTE_AGAIN_MS = 30_000;
/** The fence of a task that is claimed as it is created. */
const FIRST_FENCE = 1;
/** How a task is settled whose type the app no longer has. */
const NO_TYPE = { retry: DEFAULTS.retry, onInterrupt: 'retry' } as const;

/** What the runner works with. */
export interface RunnerPorts {
  readonly options: ResolvedOptions;
  readonly hostId: string;
  readonly store: TaskStore;
  readonly events: TaskEvents;
  readonly queue: TaskQueue;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Answers what running tasks ask for. */
  readonly calls: HostCalls;
  readonly context: ProjectContext;
  readonly artifacts: Artifacts;
}

/** A claimed task. Its session exists a moment later; a stop that comes before is remembered. */
interface ActiveAttempt {
  readonly task: TaskRecord;
  readonly settled: Promise<void>;
  /** Its process, when that could be readied while the task was being stored. */
  readonly readying?: Promise<ReadyProcess>;
  session?: TaskSession;
  isolation?: TaskIsolation;
  stop?: StopReason;
}

/**
 * The execution engine: whenever a slot is free it lets the queue choose a project, claims that project's next task, runs it in
 * a session and writes down what came of it. Every change is stored first and told afterwards.
 */
export class TaskRunner {
  readonly #ports: RunnerPorts;
  readonly #active = new Map<string, ActiveAttempt>();
  readonly #lanes = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #due: DueTimer;
  #pause: Timer | undefined;
  #isGraceOver = false;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#due = new DueTimer(ports.clock, () => { void this.#promote(); });
  }

  /** Takes over what an earlier host left behind and begins to run tasks. */
  async start(): Promise<void> {
    const { store, options, hostId, clock, queue } = this.#ports;
    const neverRepeat = [...options.types.values()].filter((type) => type.onInterrupt === 'fail').map((type) => type.name);
    const recovered = await store.recover({ owner: hostId, time: clock.now(), maxInterruptions: options.queue.maxInterruptions, neverRepeat });
    for (const committed of recovered) this.#publish(committed);
    for (const project of await store.paused()) queue.setPaused(project, true);
    for (const { project, ready, delayed } of await store.counts()) queue.adjust(project, { ready, pending: ready + delayed });
    await this.#promote();
  }

  /** Stores a task; it starts at once when a slot is free and nobody is overtaken. */
  async submit(task: NewTask): Promise<Created> {
    const { queue, store } = this.#ports;
    // While the system is closing, what a running task spawns is still stored, for the next host to run.
    const mayStart = task.runAt === undefined && this.#pause === undefined && !this.#stopping.signal.aborted;
    if (mayStart && queue.canStartNow(task.project)) return this.#createAndRun(task);
    queue.adjust(task.project, { pending: 1 });
    const created = await store.create(task, undefined, this.#ports.options.subtasks).catch((error: unknown) => {
      queue.adjust(task.project, { pending: -1 });
      throw error;
    });
    this.#publish(created);
    if (created.existed) queue.adjust(task.project, { pending: -1 });
    else this.#enqueued(created.task, task.createdAt);
    return created;
  }

  /** Cancels a task; resolves when its outcome is stored. False when it had another outcome. */
  async cancel(taskId: string, reason: string): Promise<boolean> {
    const { store, queue, clock } = this.#ports;
    const active = this.#active.get(taskId);
    if (active !== undefined) {
      stopAttempt(active, { kind: 'cancel', reason });
      await active.settled;
    } else {
      const committed = await store.cancelQueued(taskId, reason, clock.now());
      if (committed !== undefined) {
        queue.adjust(committed.task.project, { pending: -1, ready: (committed.task.runAt ?? 0) <= clock.now() ? -1 : 0 });
        this.#publish(committed);
        return true;
      }
      // Between the look at the running tasks and the write it may have been claimed: its claim has arrived by now.
      if (this.#active.has(taskId)) return this.cancel(taskId, reason);
    }
    const task = await store.get(taskId);
    if (task === undefined) throw new TaskSystemError('TASK_NOT_FOUND', `Id: ${taskId}`, { taskId });
    // An attempt that failed just before the cancel may have been queued again: then the cancel is for the queued task.
    if (task.state === 'queued') return this.cancel(taskId, reason);
    return task.state === 'cancelled' && active !== undefined;
  }

  /** The newest progress of a running task. */
  progressOf(taskId: string): TaskProgress | undefined {
    return this.#active.get(taskId)?.session?.progress;
  }

  /** How the attempt of a running task is kept apart. */
  isolationOf(taskId: string): TaskIsolation | undefined {
    return this.#active.get(taskId)?.isolation;
  }

  /** Pauses or resumes a project, or everything. */
  async setPaused(project: string | undefined, isPaused: boolean): Promise<void> {
    const { store, queue } = this.#ports;
    if (isPaused) queue.setPaused(project, true);
    await store.setPaused(project, isPaused);
    if (!isPaused) queue.setPaused(project, false);
    this.#pump();
  }

  /** Claims nothing more, waits for running tasks, interrupts what is left after the grace. */
  async close(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#due.close();
    this.#pause?.cancel();
    const timer = this.#ports.clock.setTimer(graceMs, () => {
      this.#isGraceOver = true;
      for (const active of this.#active.values()) stopAttempt(active, { kind: 'shutdown' });
    });
    await Promise.all(this.#lanes);
    timer.cancel();
  }

  #pump(): void {
    const { queue } = this.#ports;
    while (!this.#stopping.signal.aborted && this.#pause === undefined) {
      const project = queue.choose();
      if (project === undefined) return;
      const seen = queue.arrivalsOf(project);
      this.#startInLane(project, () => this.#claimAndRun(project, seen));
      queue.adjust(project, { ready: -1, pending: -1 });
    }
  }

  #startInLane(project: string, work: () => Promise<void>, onFailure: (error: unknown) => void = () => undefined): void {
    const lane = this.#ports.queue.start(project, work).catch((error: unknown) => {
      this.#ports.logger.error(`the lane of project "${project}" failed`, { error: serializeError(error) });
      onFailure(error);
    }).finally(() => {
      this.#lanes.delete(lane);
      this.#pump();
    });
    this.#lanes.add(lane);
  }

  async #claimAndRun(project: string, seen: number): Promise<void> {
    const { store, hostId, clock, queue } = this.#ports;
    let claimed: Committed | undefined;
    try {
      claimed = await store.claimNext(project, hostId, clock.now());
    } catch (error) {
      queue.adjust(project, { ready: 1, pending: 1 });
      this.#holdOff(error);
      return;
    }
    if (claimed === undefined) {
      queue.adjust(project, { pending: 1 });
      queue.correct(project, seen);
      return;
    }
    await this.#runClaimed(claimed);
  }

  #createAndRun(task: NewTask): Promise<Created> {
    const { store, hostId, options } = this.#ports;
    const { promise, resolve, reject } = Promise.withResolvers<Created>();
    this.#startInLane(task.project, async () => {
      const storing = store.create(task, hostId, options.subtasks);
      const readying = this.#readyEarly(task, storing);
      const created = await storing.catch(reject);
      if (created !== undefined) resolve(created);
      if (created?.existed === false) await this.#runClaimed(created, readying);
      else await readying?.then((ready) => this.#ports.sessions.discard(ready), () => undefined);
    }, reject);
    return promise;
  }

  /** Storing takes as long as loading a handler: both at once. A task that may exist already is not worth a process. */
  #readyEarly(task: NewTask, storing: Promise<unknown>): Promise<ReadyProcess> | undefined {
    const type = this.#ports.options.types.get(task.type);
    if (type === undefined || task.idempotencyKey !== undefined) return undefined;
    const readying = this.#ports.sessions.ready({ ...task, fence: FIRST_FENCE }, type, storing);
    // A process that cannot be had is the attempt's failure, not an unhandled one.
    readying.catch(() => undefined);
    return readying;
  }

  async #runClaimed(claimed: Committed, readying?: Promise<ReadyProcess>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const active: ActiveAttempt = { task: claimed.task, settled: promise.then(() => undefined), ...(readying === undefined ? {} : { readying }) };
    this.#active.set(claimed.task.id, active);
    // A claim that was under way when the system was told to stop: it goes back to the queue.
    if (this.#isGraceOver) stopAttempt(active, { kind: 'shutdown' });
    this.#publish(claimed);
    try {
      await this.#attempt(active);
    } finally {
      this.#active.delete(claimed.task.id);
      resolve(undefined);
    }
  }

  async #attempt(active: ActiveAttempt): Promise<void> {
    const { options, clock, random } = this.#ports;
    const { task } = active;
    const type = options.types.get(task.type);
    const { outcome, opened } = await this.#runSession(active, type);
    const end = { task, type: type ?? NO_TYPE, outcome, progress: active.session?.progress, usage: active.session?.usage, isolation: active.isolation, time: clock.now() };
    const settlement = settlementOf(end, options.queue, random);
    await this.#ports.context.finish(task, settlement, opened?.workspace, (drafts) => this.#record(task, drafts));
    if (settlement.to !== 'queued') await this.#ports.artifacts.take(task, opened?.workspace, (drafts) => this.#record(task, drafts));
    const committed = await settleUntilStored(settlement, { ...this.#ports, stopping: this.#stopping.signal });
    await this.#ports.artifacts.settle(task, committed?.task);
    opened?.dispose(outcome.kind === 'failed' && options.workspaces.keepFailedMs > 0 ? 'keep' : 'remove');
    if (committed === undefined) return;
    this.#publish(committed);
    if (committed.task.state !== 'queued') return;
    this.#ports.queue.adjust(task.project, { pending: 1 });
    this.#enqueued(committed.task, end.time);
  }

  async #runSession(active: ActiveAttempt, type: ResolvedTaskType | undefined): Promise<{ readonly outcome: Outcome; readonly opened?: OpenSession }> {
    const { task } = active;
    try {
      if (type === undefined) throw new TaskSystemError('TASK_TYPE_UNKNOWN', `Task ${task.id} has the type "${task.type}"`, { taskId: task.id });
      const context = await this.#ports.context.read(task, type, (drafts) => this.#record(task, drafts));
      const opened = await this.#ports.sessions.prepare(task, type, context, {
        emit: (draft) => { this.#emit(task, draft); },
        warn: (code, message) => { void this.#warn(task, code, message); },
        record: (drafts) => this.#record(task, drafts),
        call: (method, params, attempt) => this.#ports.calls[method]({ ...attempt, task, record: (drafts) => this.#record(task, drafts) }, params),
      }, active.readying);
      active.session = opened.session;
      active.isolation = opened.isolation;
      if (opened.warning !== undefined) void this.#warn(task, 'SANDBOX_WEAKER', opened.warning);
      const running = opened.session.run();
      if (active.stop !== undefined) opened.session.stop(active.stop);
      return { outcome: await running, opened };
    } catch (error) {
      return { outcome: { kind: 'failed', error: serializeError(notStarted(task, error)) } };
    }
  }

  /** A task has come (back) to the queue at `time`; the store holds it ready when it was due by then. */
  #enqueued(task: TaskRecord, time: number): void {
    if (task.runAt === undefined || task.runAt <= time) {
      this.#ports.queue.adjust(task.project, { ready: 1 });
      this.#pump();
    } else {
      this.#due.wakeAt(task.runAt);
    }
  }

  async #promote(): Promise<void> {
    const { store, clock, queue } = this.#ports;
    try {
      const { ready, nextDue } = await store.promoteDue(clock.now());
      for (const { project, count } of ready) queue.adjust(project, { ready: count });
      if (nextDue !== undefined) this.#due.wakeAt(nextDue);
    } catch (error) {
      this.#holdOff(error);
      this.#due.wakeAt(clock.now() + PROMOTE_AGAIN_MS);
    }
    this.#pump();
  }

  /** The store is in trouble: claims nothing for a moment instead of spinning. */
  #holdOff(error: unknown): void {
    if (this.#stopping.signal.aborted || this.#pause !== undefined) return;
    this.#ports.logger.error('the store failed; claiming again in a moment', { error: serializeError(error) });
    this.#pause = this.#ports.clock.setTimer(HOLD_OFF_MS, () => { this.#pause = undefined; this.#pump(); });
  }

  async #warn(task: TaskRecord, code: string, message: string): Promise<void> {
    this.#ports.logger.warn(`task ${task.id}: ${message}`, { code });
    await this.#record(task, [{ type: 'task:warning', data: { code, message } }]).catch(() => false);
  }

  async #record(task: TaskRecord, drafts: readonly EventDraft[]): Promise<boolean> {
    const { store, events, clock } = this.#ports;
    const stored = await store.append(task.id, task.fence, drafts, clock.now());
    for (const event of stored ?? []) events.emit(event);
    return stored !== undefined;
  }

  #emit(task: TaskRecord, draft: TransientDraft): void {
    this.#ports.events.emitTransient({ ...task, taskId: task.id, taskType: task.type }, draft);
  }

  #publish(committed: Committed): void {
    for (const event of committed.events) this.#ports.events.emit(event);
  }
}

/** A full disk, no more processes: the attempt fails, with the system's own words as the cause. */
function notStarted(task: TaskRecord, cause: unknown): TaskSystemError {
  if (TaskSystemError.isInstance(cause)) return cause;
  return new TaskSystemError('TASK_CRASHED', `No process could be prepared for task ${task.id}`, { taskId: task.id }, { cause });
}

function stopAttempt(active: ActiveAttempt, reason: StopReason): void {
  active.stop ??= reason;
  active.session?.stop(reason);
}
