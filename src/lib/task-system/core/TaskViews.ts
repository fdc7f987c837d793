import { treeOf } from '../subtask/treeOf.ts';
import type { ResolvedList } from '../types/ResolvedOptions.ts';
import type { TaskHandle, TaskPage } from '../types/System.ts';
import type { TaskTree } from '../types/Subtasks.ts';
import type { Task } from '../types/Task.ts';
import type { SnapshotFilter } from '../types/Snapshots.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import type { CoreParts } from './CoreParts.ts';
import { toTask } from './records.ts';
import { TaskFollower } from './TaskFollower.ts';
import { createHandle, type HandlePorts } from './TaskHandle.ts';
import type { TaskRunner } from './TaskRunner.ts';

/** What the views work with. */
export interface ViewPorts extends Pick<CoreParts, 'store' | 'events'> {
  readonly runner: Pick<TaskRunner, 'progressOf' | 'isolationOf'>;
}

/** Shows tasks in their public form: as they are stored, with what only the running attempt knows. */
export class TaskViews {
  readonly #ports: ViewPorts;
  readonly #handlePorts: HandlePorts;

  /** @param cancel what the handles cancel with. @param closing is aborted when nobody can wait for an outcome any more. */
  constructor(ports: ViewPorts, cancel: HandlePorts['cancel'], closing: AbortSignal) {
    this.#ports = ports;
    this.#handlePorts = {
      follower: new TaskFollower(ports.events),
      get: (id) => this.find(id),
      cancel,
      readEvents: (id, offset, limit) => ports.store.readEvents(offset, limit, id),
      closing,
    };
  }

  /** The handle of a task, whether there is one or not. */
  handle(taskId: string): TaskHandle {
    return createHandle(taskId, this.#handlePorts);
  }

  /** The task as it stands now, or undefined. */
  async find(taskId: string): Promise<Task | undefined> {
    const record = await this.#ports.store.get(taskId);
    return record === undefined ? undefined : this.#show(record);
  }

  /** A page of tasks. */
  async list(options: ResolvedList): Promise<TaskPage> {
    const page = await this.#ports.store.list(options);
    return { ...page, tasks: page.tasks.map((record) => this.#show(record)) };
  }

  /** The tree below a task. */
  async tree(taskId: string): Promise<TaskTree | undefined> {
    const record = await this.#ports.store.get(taskId);
    if (record === undefined) return undefined;
    return treeOf(taskId, await this.#ports.store.families.tree(record.rootId), (id) => this.#ports.runner.progressOf(id)?.percent);
  }

  /** The tasks of a moment. */
  async snapshot(filter: SnapshotFilter): Promise<{ readonly tasks: readonly Task[]; readonly offset: number }> {
    const { tasks, offset } = await this.#ports.store.snapshot(filter);
    return { tasks: tasks.map((record) => this.#show(record)), offset };
  }

  #show(record: TaskRecord): Task {
    if (record.state !== 'running' && record.state !== 'waiting') return toTask(record);
    const { runner, events } = this.#ports;
    // Of a task with children, how far these are was told last.
    const told = events.live(record.id)?.progress?.data;
    return toTask(record, told?.total === undefined ? runner.progressOf(record.id) : told, runner.isolationOf(record.id));
  }
}
