import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { TreeCommitted } from '../types/FamilyStore.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import type { AttemptPorts } from './Attempts.ts';
import type { Deadlines } from './Deadlines.ts';

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
    const { options, clock, store, logger } = this.#ports;
    const timeoutMs = task.overrides.timeoutMs ?? options.types.get(task.type)?.timeoutMs;
    if (this.#deadlines.of(task.id) === undefined) {
      if (timeoutMs === undefined) this.#deadlines.inherit(task.id, task.parentId);
      else this.#deadlines.begin(task.id, task.parentId, timeoutMs);
    }
    this.#deadlines.watch(task.id, () => {
      const error = serializeError(new TaskSystemError('TASK_TIMEOUT', `Task ${task.id} waited for its children`, { taskId: task.id, ...(timeoutMs === undefined ? {} : { timeoutMs }) }));
      const now = clock.now();
      store.families.failWaiting(task.id, error, now).then(
        (committed) => { if (committed !== undefined) this.#onEnd(committed, now); },
        (failure: unknown) => { logger.error(`the end of task ${task.id} could not be stored`, { error: serializeError(failure) }); },
      );
    });
  }

  /** After a start, the time of tasks that wait begins anew: that no host ran is not theirs to answer for. */
  async open(): Promise<void> {
    const waiting: TaskRecord[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.#ports.store.list({ state: 'waiting', limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      waiting.unshift(...page.tasks.toReversed());
      if (page.nextCursor === undefined) break;
      cursor = page.nextCursor;
    }
    // The oldest first: parents before the children that share their time.
    for (const task of waiting) this.watch(task);
  }
}
