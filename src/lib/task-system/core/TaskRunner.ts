import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { TreeChange, TreeCommitted } from '../types/FamilyStore.ts';
import type { TaskIsolation } from '../types/Isolation.ts';
import type { Timer } from '../types/Ports.ts';
import type { CancelCause } from '../types/Subtasks.ts';
import type { TaskProgress } from '../types/Task.ts';
import { isTerminal, type TerminalState } from '../types/TaskState.ts';
import type { Committed, Created, NewTask, TaskRecord } from '../types/TaskStore.ts';
import { announce } from './announce.ts';
import { Attempts, type AttemptPorts } from './Attempts.ts';
import { Deadlines } from './Deadlines.ts';
import { DueTimer } from './DueTimer.ts';
import { LateNotes } from './LateNotes.ts';
import { Parking } from './Parking.ts';
import type { ReadyProcess } from './Sessions.ts';
import type { Slot } from './Slot.ts';
import type { TaskFollower } from './TaskFollower.ts';
import type { TaskQueue } from './TaskQueue.ts';
import { WaitingTasks } from './WaitingTasks.ts';

/** How long nothing is claimed after the store failed. */
const HOLD_OFF_MS = 250;
const PROMOTE_AGAIN_MS = 30_000;
/** The fence of a task that is claimed as it is created. */
const FIRST_FENCE = 1;

/** What the runner works with. */
export interface RunnerPorts extends AttemptPorts {
  readonly hostId: string;
  readonly queue: TaskQueue;
  readonly follower: TaskFollower;
}

/**
 * The execution engine: whenever a slot is free it lets the queue choose a project, claims that project's next task, runs it in
 * a session and writes down what came of it. Every change is stored first and told afterwards.
 */
export class TaskRunner {
  readonly #ports: RunnerPorts;
  readonly #attempts: Attempts;
  readonly #deadlines: Deadlines;
  readonly #waits: WaitingTasks;
  readonly #lateNotes: LateNotes;
  readonly #lanes = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #due: DueTimer;
  readonly #over = Promise.withResolvers<undefined>();
  #pause: Timer | undefined;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#due = new DueTimer(ports.clock, () => { void this.#promote(); });
    this.#deadlines = new Deadlines(ports.clock);
    this.#waits = new WaitingTasks(ports, this.#deadlines, (committed, time) => { this.#apply(committed, time); });
    this.#lateNotes = new LateNotes(ports);
    const publish = (committed: Committed): void => { announce(ports.events, [committed]); };
    this.#attempts = new Attempts(ports, {
      parking: new Parking({ ...ports, maxWaiting: ports.options.queue.maxWaiting, publish, onFree: () => { this.#pump(); } }),
      deadlines: this.#deadlines,
      beginAbove: (parentId) => this.#waits.beginAbove(parentId),
      stopping: this.#stopping.signal,
      publish,
      onSettled: (committed, time) => { this.#apply(committed, time); },
    });
  }

  /** Takes over what an earlier host left behind and begins to run tasks. */
  async start(): Promise<void> {
    const { store, options, hostId, clock, queue, events } = this.#ports;
    const neverRepeat = [...options.types.values()].filter((type) => type.onInterrupt === 'fail').map((type) => type.name);
    const recovered = await store.recover({ owner: hostId, time: clock.now(), maxInterruptions: options.queue.maxInterruptions, neverRepeat });
    announce(events, recovered);
    await this.#waits.open(recovered.map(({ task }) => task));
    for (const project of await store.paused()) queue.setPaused(project, true);
    for (const { project, ready, delayed } of await store.counts()) queue.adjust(project, { ready, pending: ready + delayed });
    this.#lateNotes.writeLeft();
    await this.#promote();
  }

  /** Stores a task; it starts at once when a slot is free and nobody is overtaken. */
  async submit(task: NewTask): Promise<Created> {
    const { queue, store, events } = this.#ports;
    // While the system is closing, what a running task spawns is still stored, for the next host to run.
    const mayStart = task.runAt === undefined && this.#pause === undefined && !this.#stopping.signal.aborted;
    if (mayStart && queue.canStartNow(task.project)) return this.#createAndRun(task);
    queue.adjust(task.project, { pending: 1 });
    const created = await store.create(task, undefined, this.#ports.options.subtasks).catch((error: unknown) => {
      queue.adjust(task.project, { pending: -1 });
      throw error;
    });
    announce(events, [created]);
    if (created.existed) queue.adjust(task.project, { pending: -1 });
    else this.#enqueued(created.task, task.createdAt);
    return created;
  }

  /** Stores a task that only waits for its children, and them. */
  async submitGroup(task: NewTask, children: readonly NewTask[]): Promise<Created> {
    const created = await this.#ports.store.families.createGroup(task, children, this.#ports.options.subtasks);
    if (created.existed) return created;
    this.#waits.watch(created.task);
    announce(this.#ports.events, [created, ...created.others]);
    for (const child of created.others) this.#arrived(child.task, task.createdAt);
    return created;
  }

  /**
   * Cancels a task and all below it; resolves when its outcome is stored. False when it had another outcome.
   * @throws TaskSystemError `TASK_NOT_FOUND`; `STORE_FAILED` when its attempt is over and the database has refused the outcome.
   */
  async cancel(taskId: string, reason: string, cause?: CancelCause): Promise<boolean> {
    const { store, clock } = this.#ports;
    const { promise: ended, resolve } = Promise.withResolvers<TerminalState>();
    const forget = this.#ports.follower.onEnd(taskId, resolve);
    try {
      for (let isLost = false; ;) {
        const settled = this.#attempts.stop(taskId, { kind: 'cancel', reason, ...(cause === undefined ? {} : { cause }) });
        let isMine = settled !== undefined;
        if (settled === undefined) {
          const now = clock.now();
          const committed = await store.cancelQueued(taskId, reason, now, cause);
          isMine = committed !== undefined;
          if (committed !== undefined) this.#apply(committed, now);
          // Between the look at the running tasks and the write it may have been claimed: its claim has arrived by now.
          else if (this.#attempts.isRunning(taskId)) continue;
        }
        await settled;
        const task = await store.get(taskId);
        if (task === undefined) throw new TaskSystemError('TASK_NOT_FOUND', `Id: ${taskId}`, { taskId });
        if (isTerminal(task.state)) return isMine && task.state === 'cancelled';
        if (task.isClosing === true) return isMine && await Promise.race([ended, this.#over.promise]) === 'cancelled';
        // An attempt that failed just before the cancel may have been queued again, or wait for its children: then the cancel is for that.
        const wasLost = isLost;
        isLost = task.state === 'running' && !this.#attempts.isRunning(taskId);
        if (wasLost && isLost) throw new TaskSystemError('STORE_FAILED', `The outcome of task ${taskId} could not be stored; the next start goes on with it`, { taskId });
      }
    } finally {
      forget();
    }
  }

  /** The newest progress of a running task. */
  progressOf(taskId: string): TaskProgress | undefined {
    return this.#attempts.progressOf(taskId);
  }

  /** How the attempt of a running task is kept apart. */
  isolationOf(taskId: string): TaskIsolation | undefined {
    return this.#attempts.isolationOf(taskId);
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
      this.#attempts.shutDown();
    });
    await Promise.all(this.#lanes);
    await this.#lateNotes.written();
    timer.cancel();
    this.#deadlines.close();
    this.#over.resolve(undefined);
  }

  #pump(): void {
    const { queue } = this.#ports;
    while (!this.#stopping.signal.aborted && this.#pause === undefined) {
      const project = queue.choose();
      if (project === undefined) return;
      const seen = queue.arrivalsOf(project);
      this.#startInLane(project, (slot) => this.#claimAndRun(project, seen, slot));
      queue.adjust(project, { ready: -1, pending: -1 });
    }
  }

  #startInLane(project: string, work: (slot: Slot) => Promise<void>, onFailure: (error: unknown) => void = () => undefined): void {
    const lane = this.#ports.queue.start(project, work).catch((error: unknown) => {
      this.#ports.logger.error(`the lane of project "${project}" failed`, { error: serializeError(error) });
      onFailure(error);
    }).finally(() => {
      this.#lanes.delete(lane);
      this.#pump();
    });
    this.#lanes.add(lane);
  }

  async #claimAndRun(project: string, seen: number, slot: Slot): Promise<void> {
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
    await this.#attempts.run(claimed, slot);
  }

  #createAndRun(task: NewTask): Promise<Created> {
    const { store, hostId, options } = this.#ports;
    const { promise, resolve, reject } = Promise.withResolvers<Created>();
    this.#startInLane(task.project, async (slot) => {
      const storing = store.create(task, hostId, options.subtasks);
      const readying = this.#readyEarly(task, storing);
      const created = await storing.catch(reject);
      if (created !== undefined) resolve(created);
      if (created?.existed === false) await this.#attempts.run(created, slot, readying);
      else await readying?.then((ready) => this.#ports.sessions.discard(ready), () => undefined);
    }, reject);
    return promise;
  }

  /** Storing takes as long as loading a handler: both at once. A task that may exist already is not worth a process. */
  #readyEarly(task: NewTask, storing: Promise<unknown>): Promise<ReadyProcess> | undefined {
    const type = this.#ports.subtasks.findType(task);
    if (type === undefined || task.idempotencyKey !== undefined || task.key !== undefined) return undefined;
    const readying = this.#ports.sessions.ready({ ...task, fence: FIRST_FENCE }, type, storing);
    // A process that cannot be had is the attempt's failure, not an unhandled one.
    readying.catch(() => undefined);
    return readying;
  }

  /** Tells what a change brought about in a tree, and does what follows from it. */
  #apply(committed: TreeCommitted, time: number): void {
    const changes: readonly TreeChange[] = [committed, ...committed.others];
    announce(this.#ports.events, changes);
    for (const change of changes) this.#moved(change, time);
    for (const { taskId, reason, cause } of committed.stops) {
      this.cancel(taskId, reason, cause).catch((error: unknown) => {
        this.#ports.logger.error(`task ${taskId} could not be cancelled with its tree`, { error: serializeError(error) });
      });
    }
  }

  #moved({ task, from }: TreeChange, time: number): void {
    const { queue, subtasks } = this.#ports;
    if (isTerminal(task.state)) subtasks.ended(task.id);
    if (task.state === 'waiting') this.#waits.watch(task);
    else if (task.state === 'queued' && subtasks.isParent(task.id)) this.#deadlines.rest(task.id);
    else this.#deadlines.end(task.id);
    // One that was delayed may be due and not counted yet: too high a count is put right by a claim, too low a one leaves a task behind.
    if (from === 'queued' && task.state !== 'queued') queue.adjust(task.project, { pending: -1, ready: task.runAt === undefined ? -1 : 0 });
    if (from !== 'queued' && task.state === 'queued') this.#arrived(task, time);
    this.#lateNotes.write(task);
  }

  #arrived(task: TaskRecord, time: number): void {
    this.#ports.queue.adjust(task.project, { pending: 1 });
    this.#enqueued(task, time);
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
}
