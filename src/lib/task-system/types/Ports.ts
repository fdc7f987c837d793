import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { TaskEvent, TaskEventMap } from './Events.ts';

/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** Time as the library sees it; tests put a fake one in its place. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Calls `callback` after `delayMs`.
   * @param keepsAlive whether the process must not end before: for what somebody awaits. Default: false.
   */
  setTimer(delayMs: number, callback: () => void, keepsAlive?: boolean): Timer;
}

/** Where the library says what went wrong when there is nobody to throw at. */
export interface Logger {
  debug(message: string, details?: object): void;
  info(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  error(message: string, details?: object): void;
}

/** Starts an operating-system process; tests put a scripted one in its place. */
export type ProcessSpawner = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

/** What watches events: a WebSocket server, hooks, handles. */
export interface EventSource {
  readonly epoch: string;
  /** Offset of the newest stored event. */
  readonly offset: number;
  on<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<(...args: TaskEventMap[Type]) => void>): () => void;
  /** Stored events after `offset`, oldest first, at most `limit`; undefined when some of them were pruned. `taskId` narrows to one task. */
  readSince(offset: number, limit: number, taskId?: string): Promise<readonly TaskEvent[] | undefined>;
}

const MAX_TIMER_MS = 2_147_483_647;

/** The real clock. Delays beyond what Node can hold (24.8 days) are waited for in steps. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, callback, keepsAlive = false) {
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const step = Math.min(Math.max(leftMs, 0), MAX_TIMER_MS);
      handle = setTimeout(() => { if (leftMs > step) arm(leftMs - step); else callback(); }, step);
      if (!keepsAlive) handle.unref();
    };
    arm(delayMs);
    return { cancel: () => { clearTimeout(handle); } };
  },
};
