import { TaskSystemError } from '../types/Errors.ts';
import { assertProjectName } from '../types/ProjectName.ts';
import type { ProjectSnapshot, QueueControl, QueueSnapshot, SnapshotOptions, WaitingTask, WaitReason } from '../types/System.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import type { CoreParts } from './CoreParts.ts';
import type { Sessions } from './Sessions.ts';
import type { TaskRunner } from './TaskRunner.ts';

const DEFAULT_TASKS = 100;
const MAX_TASKS = 10_000;
const MAX_PAGE = 1_000;

/** What the desk works with. */
export interface DeskPorts extends Pick<CoreParts, 'queue' | 'store' | 'options' | 'clock'> {
  readonly sessions: Pick<Sessions, 'spares'>;
  readonly runner: Pick<TaskRunner, 'setPaused'>;
}

/** Looks at and steers the queue from outside. */
export class QueueDesk implements QueueControl {
  readonly #ports: DeskPorts;
  readonly #assertOpen: () => void;

  /** @param assertOpen throws when the system is closed. */
  constructor(ports: DeskPorts, assertOpen: () => void) {
    this.#ports = ports;
    this.#assertOpen = assertOpen;
  }

  async snapshot(snapshotOptions: SnapshotOptions = {}): Promise<QueueSnapshot> {
    this.#assertOpen();
    const limit = limitOf(snapshotOptions);
    const { queue, store, options, sessions } = this.#ports;
    const counts = new Map((await store.counts()).map((count) => [count.project, count]));
    const names = new Set([...counts.keys(), ...queue.pausedProjects()]);
    const projects = [...names].sort().map((project): ProjectSnapshot => {
      const { ready, delayed, running, waiting } = counts.get(project) ?? { ready: 0, delayed: 0, running: 0, waiting: 0 };
      const { maxConcurrent, weight } = options.project(project);
      return { project, ready, delayed, running, waiting, paused: queue.isPaused(project), maxConcurrent, weight };
    });
    const tasks = limit === 0 ? [] : [...await this.#queued(limit), ...await this.#waiting(limit)];
    return { maxConcurrent: options.queue.maxConcurrent, running: queue.running, paused: queue.isPaused(), spares: sessions.spares, projects, tasks };
  }

  pause(project?: string): Promise<void> {
    return this.#setPaused(project, true);
  }

  resume(project?: string): Promise<void> {
    return this.#setPaused(project, false);
  }

  async #queued(limit: number): Promise<readonly WaitingTask[]> {
    const places = new Map<string, number>();
    const now = this.#ports.clock.now();
    return (await this.#ports.store.families.queued(limit)).map((task) => {
      const position = (places.get(task.project) ?? 0) + 1;
      places.set(task.project, position);
      return { ...shown(task), position, waitsFor: this.#reasonOf(task, now) };
    });
  }

  #reasonOf({ project, runAt = 0 }: TaskRecord, now: number): WaitReason {
    const { queue } = this.#ports;
    if (runAt > now) return 'delay';
    if (queue.isPaused() || queue.isPaused(project)) return 'pause';
    return queue.isLaneFull(project) ? 'lane' : 'slot';
  }

  async #waiting(limit: number): Promise<readonly WaitingTask[]> {
    const { tasks } = await this.#ports.store.list({ state: 'waiting', limit: Math.min(limit, MAX_PAGE) });
    if (tasks.length === 0) return [];
    const asking = new Set((await this.#ports.store.approvals.list({ state: 'open', limit: MAX_PAGE })).map(({ taskId }) => taskId));
    return tasks.map((task) => ({ ...shown(task), waitsFor: asking.has(task.id) ? 'approval' : 'children' }));
  }

  async #setPaused(project: string | undefined, isPaused: boolean): Promise<void> {
    this.#assertOpen();
    if (project !== undefined) assertProjectName(project);
    await this.#ports.runner.setPaused(project, isPaused);
  }
}

function shown({ id, type, project, parentId }: TaskRecord): Omit<WaitingTask, 'waitsFor'> {
  return { id, type, project, ...(parentId === undefined ? {} : { parentId }) };
}

function limitOf({ tasks = DEFAULT_TASKS }: SnapshotOptions): number {
  if (Number.isInteger(tasks) && tasks >= 0 && tasks <= MAX_TASKS) return tasks;
  throw new TaskSystemError('OPTIONS_INVALID', `tasks: expected an integer from 0 to ${String(MAX_TASKS)}, got ${String(tasks)}`, { tasks });
}
