import type { TaskEvent, TaskEventOf } from '../../src/lib/task-system/types/Events.ts';
import type { Clock, Logger, Timer } from '../../src/lib/task-system/types/Ports.ts';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #time = 1_000_000;
  readonly #timers = new Set<{ readonly due: number; readonly callback: () => void }>();

  get pendingTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#time;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { due: this.#time + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => { this.#timers.delete(timer); } };
  }

  /** Moves time on and calls what is due, in order of time. */
  advance(byMs: number): void {
    const until = this.#time + byMs;
    for (;;) {
      const next = [...this.#timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#time = Math.max(this.#time, next.due);
      next.callback();
    }
    this.#time = until;
  }
}

/** A clock for which everything was long ago whenever it is looked at: nothing is ever busy. */
export function idleClock(): Clock {
  let time = 0;
  return { now: () => { time += 60_000; return time; }, setTimer: () => ({ cancel: () => undefined }) };
}

/** A logger that remembers. */
export class RecordingLogger implements Logger {
  readonly lines: { readonly level: keyof Logger; readonly message: string; readonly details: object | undefined }[] = [];

  debug(message: string, details?: object): void {
    this.lines.push({ level: 'debug', message, details });
  }

  info(message: string, details?: object): void {
    this.lines.push({ level: 'info', message, details });
  }

  warn(message: string, details?: object): void {
    this.lines.push({ level: 'warn', message, details });
  }

  error(message: string, details?: object): void {
    this.lines.push({ level: 'error', message, details });
  }

  messages(level: keyof Logger): readonly string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }
}

/** Lets everything that waits for a promise or an immediate go on, without waiting for any clock. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
}

/** Waits until something is true that a socket event will bring about. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await settle(1);
}

const envelope = { epoch: 'epoch-1', time: 1_000_000, project: 'acme', taskType: 'research', rootId: 'task-1', attempt: 1 };

/** A stored event. */
export function startEvent(offset: number, taskId = 'task-1', overrides: Partial<TaskEventOf<'task:start'>> = {}): TaskEventOf<'task:start'> {
  return { ...envelope, offset, taskId, rootId: taskId, type: 'task:start', data: { queuedMs: 0 }, ...overrides };
}

/** A final event. */
export function completeEvent(offset: number, taskId = 'task-1'): TaskEventOf<'task:complete'> {
  return { ...envelope, offset, taskId, rootId: taskId, type: 'task:complete', data: { durationMs: 1, resultBytes: 4, result: null } };
}

/** A final event of a failed task. */
export function errorEvent(offset: number, taskId = 'task-1'): TaskEventOf<'task:error'> {
  return { ...envelope, offset, taskId, rootId: taskId, type: 'task:error', data: { durationMs: 1, error: { name: 'Error', message: 'no luck' } } };
}

/** A final event of a cancelled task. */
export function cancelEvent(offset: number, taskId = 'task-1'): TaskEventOf<'task:cancel'> {
  return { ...envelope, offset, taskId, rootId: taskId, type: 'task:cancel', data: { durationMs: 1, reason: 'changed my mind' } };
}

/** An event that is not stored. */
export function progressEvent(offset: number, percent: number, taskId = 'task-1'): TaskEventOf<'task:progress'> {
  return { ...envelope, offset, taskId, rootId: taskId, seq: percent, type: 'task:progress', data: { percent } };
}

/** Offsets of events, in order. */
export function offsets(events: readonly TaskEvent[]): readonly number[] {
  return events.map(({ offset }) => offset);
}
