import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { TreeCommitted } from '../types/FamilyStore.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import type { AttemptPorts } from './Attempts.ts';
import type { Deadlines } from './Deadlines.ts';

/** When the end of a task could not be stored, it is tried again after this. */
const AGAIN_MS = 5_000;

/** The tasks that wait for their children without a process: ends those whose time is up. */
export class WaitingTasks {
  readonly #ports: Pick<AttemptPorts, 'options' | 'clock' | 'store' | 'logger'>;
  readonly #deadlines: Deadlines;
  readonly #onEnd: (committed: TreeCommitted, time: number) => void;

  /** @param onEnd is told what followed from the end of a task. */
  constructor(ports: Pick<AttemptPorts, 'options' | 'clock' | 'store' | 'logger'>, deadlines: Deadlines, onEnd: (committed: TreeCommitted, time: number) => void) {
    this.#ports = ports;
    this.#deadlines = deadlines;
    this.#onEnd = onEnd;
  }

  /** A task waits without a process: its time goes on. */
  watch(task: TaskRecord): void {
    const { clock, store, logger } = this.#ports;
    const timeoutMs = this.#timeOf(task);
    if (this.#deadlines.of(task.id) === undefined) this.#begin(task);
    this.#deadlines.watch(task.id, () => {
      const error = serializeError(new TaskSystemError('TASK_TIMEOUT', `Task ${task.id} waited for its children`, { taskId: task.id, ...(timeoutMs === undefined ? {} : { timeoutMs }) }));
      const now = clock.now();
      store.families.failWaiting(task.id, error, now).then(
        (committed) => { if (committed !== undefined) this.#onEnd(committed, now); },
        (failure: unknown) => {
          logger.error(`the end of task ${task.id} could not be stored; trying again`, { error: serializeError(failure) });
          this.#deadlines.watchAgain(task.id, AGAIN_MS);
        },
      );
    });
  }

  /**
   * After a start, the time of tasks that wait begins anew: that no host ran is not theirs to answer for. So does that of tasks that ran and
   * are queued again, for their children, which may run before them.
   */
  async open(recovered: readonly TaskRecord[]): Promise<void> {
    const waiting: TaskRecord[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.#ports.store.list({ state: 'waiting', limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      waiting.push(...page.tasks);
      if (page.nextCursor === undefined) break;
      cursor = page.nextCursor;
    }
    const again = recovered.filter(({ state }) => state === 'queued');
    // Parents before the children that share their time.
    const tasks = [...again, ...waiting].toSorted((a, b) => (a.lineage?.length ?? 0) - (b.lineage?.length ?? 0));
    for (const task of tasks) {
      if (task.state === 'waiting') this.watch(task);
      else this.#begin(task);
    }
  }

  /** A parent that was queued again when another host ran: its time begins with the first child that runs before it does. */
  async beginAbove(parentId: string): Promise<void> {
    const { store, logger } = this.#ports;
    const parent = await store.get(parentId).catch((error: unknown) => {
      logger.warn(`the time of task ${parentId} cannot be read; a child of it begins without that bound`, { error: serializeError(error) });
      return undefined;
    });
    if (parent?.state === 'queued' && parent.attempt > 0 && this.#deadlines.of(parentId) === undefined) this.#begin(parent);
  }

  #begin(task: TaskRecord): void {
    const timeoutMs = this.#timeOf(task);
    if (timeoutMs === undefined) this.#deadlines.inherit(task.id, task.parentId);
    else this.#deadlines.begin(task.id, task.parentId, timeoutMs);
  }

  /** A group has no time unless it was given one. */
  #timeOf({ overrides, type }: TaskRecord): number | undefined {
    return overrides.timeoutMs ?? this.#ports.options.types.get(type)?.timeoutMs;
  }
}
