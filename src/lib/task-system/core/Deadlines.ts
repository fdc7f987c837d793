import type { Clock, Timer } from '../types/Ports.ts';

interface Deadline {
  readonly at: number;
  /** The task whose own time it is: itself, or one above it. */
  readonly source: string;
  readonly timer?: Timer;
  /** Ends the task for its time being up. */
  readonly onUp?: () => void;
}

/** An earlier end than its own, that a task has from one above it. */
export interface ImposedEnd {
  readonly at: number;
  /** The task whose time it is. */
  readonly source: string;
}

/** Until when tasks have to be over that run here or wait: none outlives its parent. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #deadlines = new Map<string, Deadline>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Until when a task has to be over; undefined when that is open, or nothing is known of it. */
  of(taskId: string | undefined): number | undefined {
    return taskId === undefined ? undefined : this.#deadlines.get(taskId)?.at;
  }

  /**
   * Sets the deadline of a task that begins now: after its own time, or with its parent, whichever is earlier.
   * @param onUp ends the task for its time being up; see {@link Deadlines.expire}.
   * @returns the earlier end that the parent imposes, if it does.
   */
  begin(taskId: string, parentId: string | undefined, timeoutMs: number, onUp?: () => void): ImposedEnd | undefined {
    const own = this.#clock.now() + timeoutMs;
    const above = parentId === undefined ? undefined : this.#deadlines.get(parentId);
    const imposed = above !== undefined && above.at < own ? { at: above.at, source: above.source } : undefined;
    this.#set(taskId, { ...imposed ?? { at: own, source: taskId }, ...(onUp === undefined ? {} : { onUp }) });
    return imposed;
  }

  /**
   * Ends a task whose time is up before its children, whose time it is as well, can fail it by their ends.
   * @returns whether it waits without a process: then its children are cancelled with it.
   */
  expire(taskId: string): boolean {
    const deadline = this.#deadlines.get(taskId);
    deadline?.onUp?.();
    return deadline?.timer !== undefined;
  }

  /** Calls `onUp` at the deadline of a task that waits without a process; without a deadline, never. */
  watch(taskId: string, onUp: () => void): void {
    const deadline = this.#deadlines.get(taskId);
    if (deadline === undefined) return;
    const { at, source } = deadline;
    this.#set(taskId, { at, source, onUp, timer: this.#clock.setTimer(Math.max(0, at - this.#clock.now()), onUp) });
  }

  /** Calls `onUp` of a task once more, after `afterMs`, if it still waits without a process by then. */
  watchAgain(taskId: string, afterMs: number): void {
    const deadline = this.#deadlines.get(taskId);
    if (deadline?.timer === undefined || deadline.onUp === undefined) return;
    this.#set(taskId, { ...deadline, timer: this.#clock.setTimer(afterMs, deadline.onUp) });
  }

  /** Takes over the deadline of the parent, for a task without a time of its own. */
  inherit(taskId: string, parentId: string | undefined): void {
    const above = parentId === undefined ? undefined : this.#deadlines.get(parentId);
    if (above !== undefined) this.#set(taskId, { at: above.at, source: above.source });
  }

  /** The task goes back to the queue: its children that go on still have no more time than it had. */
  rest(taskId: string): void {
    const deadline = this.#deadlines.get(taskId);
    if (deadline !== undefined) this.#set(taskId, { at: deadline.at, source: deadline.source });
  }

  /** The task has ended, or goes back to the queue without children. */
  end(taskId: string): void {
    this.#deadlines.get(taskId)?.timer?.cancel();
    this.#deadlines.delete(taskId);
  }

  /** Forgets everything. */
  close(): void {
    for (const taskId of [...this.#deadlines.keys()]) this.end(taskId);
  }

  #set(taskId: string, deadline: Deadline): void {
    this.end(taskId);
    this.#deadlines.set(taskId, deadline);
  }
}
