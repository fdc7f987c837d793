import { LifecycleHooks, type LifecycleHooksOptions } from '../../src/lib/task-system/hooks/LifecycleHooks.ts';
import type { Task } from '../../src/lib/task-system/types/Task.ts';
import { ManualClock, RecordingLogger } from '../realtime/helpers.ts';

/** A task as a hook receives it. */
export function taskOf(id = 'task-1', overrides: Partial<Task> = {}): Task {
  return {
    id, type: 'research', project: 'acme', state: 'running', input: null, priority: 0, attempt: 1, maxAttempts: 1, interruptions: 0, rootId: id, metadata: {},
    createdAt: 1_000_000, ...overrides,
  };
}

/** Hooks with a clock that stands still. */
export function hooksOf(options: Partial<LifecycleHooksOptions> = {}): { readonly hooks: LifecycleHooks; readonly clock: ManualClock; readonly logger: RecordingLogger } {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  return { hooks: new LifecycleHooks({ clock, logger, ...options }), clock, logger };
}

/** Rejects with the signal's reason when the signal is aborted; never resolves. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => { reject(signal.reason instanceof Error ? signal.reason : new TypeError('aborted without an error')); };
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** What a promise rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return undefined;
}
