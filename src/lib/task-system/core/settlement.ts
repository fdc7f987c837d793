import { serializeError, TaskSystemError, type SerializedError } from '../types/Errors.ts';
import { parseJson } from '../types/Json.ts';
import { mergeRetry } from '../types/parseOptions.ts';
import type { ResolvedQueue, ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { TaskIsolation } from '../types/Isolation.ts';
import type { TaskProgress, TaskUsage } from '../types/Task.ts';
import type { Settlement, TaskRecord } from '../types/TaskStore.ts';
import type { Outcome } from './outcome.ts';
import { interruption } from './outcome.ts';
import { backoffMs } from './retry.ts';

const MAX_RESULT_IN_EVENT_BYTES = 8_192;

/** What is known when an attempt is to be settled. */
export interface AttemptEnd {
  readonly task: TaskRecord;
  readonly type: Pick<ResolvedTaskType, 'retry' | 'onInterrupt'>;
  readonly outcome: Outcome;
  readonly progress: TaskProgress | undefined;
  readonly usage?: TaskUsage | undefined;
  readonly isolation?: TaskIsolation | undefined;
  readonly time: number;
}

type Verdict = Pick<Settlement, 'to' | 'event' | 'resultJson' | 'error' | 'runAt' | 'interrupted'>;

/** Decides what is written about an attempt: its final state, or another try. */
export function settlementOf(end: AttemptEnd, queue: ResolvedQueue, random: () => number): Settlement {
  const { task, progress, usage, isolation, time } = end;
  const base = {
    taskId: task.id, fence: task.fence, time, ...(progress === undefined ? {} : { progress }), ...(usage === undefined ? {} : { usage }),
    ...(isolation === undefined ? {} : { isolation }),
  };
  return { ...base, ...verdictOf(end, queue, random) };
}

function verdictOf(end: AttemptEnd, queue: ResolvedQueue, random: () => number): Verdict {
  const { outcome } = end;
  switch (outcome.kind) {
    case 'completed': return completed(end, outcome.resultJson);
    case 'failed': return failed(end, outcome.error, random);
    case 'cancelled': return cancelled(end, outcome.reason);
    case 'interrupted': return interrupted(end, outcome.error, queue);
  }
}

function completed(end: AttemptEnd, resultJson: string): Verdict {
  const resultBytes = Buffer.byteLength(resultJson);
  const small = resultBytes <= MAX_RESULT_IN_EVENT_BYTES ? { result: parseJson(resultJson) } : {};
  return { to: 'completed', resultJson, event: { type: 'task:complete', data: { durationMs: durationOf(end), resultBytes, ...small } } };
}

function failed(end: AttemptEnd, error: SerializedError, random: () => number): Verdict {
  const { task, type, time } = end;
  const failures = task.attempt - task.interruptions;
  if (error.retryable === false || failures >= task.maxAttempts) return final(end, error);
  const delayMs = backoffMs(mergeRetry(type.retry, task.overrides.retry), failures, random);
  return { to: 'queued', error, runAt: time + delayMs, event: { type: 'task:retry', data: { cause: 'failed', delayMs, error } } };
}

function cancelled(end: AttemptEnd, reason: string): Verdict {
  const error = serializeError(new TaskSystemError('TASK_CANCELLED', `Task ${end.task.id}: ${reason}`, { taskId: end.task.id, reason }));
  return { to: 'cancelled', error, event: { type: 'task:cancel', data: { reason, durationMs: durationOf(end) } } };
}

function interrupted(end: AttemptEnd, error: SerializedError, queue: ResolvedQueue): Verdict {
  const { task, type } = end;
  if (type.onInterrupt === 'fail') return final(end, interruption(task.id, 'The host was closed, and the type says that it must never run twice,'));
  if (task.interruptions >= queue.maxInterruptions) return final(end, error);
  return { to: 'queued', interrupted: true, error, event: { type: 'task:retry', data: { cause: 'interrupted', delayMs: 0, error } } };
}

function final(end: AttemptEnd, error: SerializedError): Verdict {
  return { to: 'failed', error, event: { type: 'task:error', data: { durationMs: durationOf(end), error } } };
}

function durationOf({ task, time }: AttemptEnd): number {
  return Math.max(0, time - (task.startedAt ?? time));
}
