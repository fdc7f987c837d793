import { serializeError, TaskSystemError, type SerializedError } from '../types/Errors.ts';
import { parseJson } from '../types/Json.ts';
import { mergeRetry } from '../types/parseOptions.ts';
import type { ResolvedQueue, ResolvedTaskType } from '../types/ResolvedOptions.ts';
import type { TaskIsolation } from '../types/Isolation.ts';
import type { CancelCause } from '../types/Subtasks.ts';
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
  /** Children whose failures the handler was told of. */
  readonly excused?: readonly string[];
  readonly time: number;
}

type Verdict = Pick<Settlement, 'to' | 'event' | 'resultJson' | 'error' | 'runAt' | 'interrupted' | 'joins'>;

/** Decides what is written about an attempt: its final state, or another try. */
export function settlementOf(end: AttemptEnd, queue: ResolvedQueue, random: () => number): Settlement {
  const { task, progress, usage, isolation, excused = [], time } = end;
  const base = {
    taskId: task.id, fence: task.fence, time, ...(progress === undefined ? {} : { progress }), ...(usage === undefined ? {} : { usage }),
    ...(isolation === undefined ? {} : { isolation }), ...(excused.length === 0 ? {} : { excused }),
  };
  return { ...base, ...verdictOf(end, queue, random) };
}

function verdictOf(end: AttemptEnd, queue: ResolvedQueue, random: () => number): Verdict {
  const { outcome } = end;
  switch (outcome.kind) {
    case 'completed': return { ...completed(end, outcome.resultJson), ...(outcome.joins === true ? { joins: true } : {}) };
    case 'failed': return failed(end, outcome.error, random);
    case 'cancelled': return cancelled(end, outcome.reason, outcome.cause ?? 'request');
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
  const failures = task.attempt - task.interruptions - (task.joins ?? 0);
  if (error.retryable === false || failures >= task.maxAttempts) return final(end, error);
  const delayMs = backoffMs(mergeRetry(type.retry, task.overrides.retry), failures, random);
  return { to: 'queued', error, runAt: time + delayMs, event: { type: 'task:retry', data: { cause: 'failed', delayMs, error } } };
}

function cancelled(end: AttemptEnd, reason: string, by: CancelCause): Verdict {
  const cause = by === 'request' ? {} : { cause: by };
  const error = serializeError(new TaskSystemError('TASK_CANCELLED', `Task ${end.task.id}: ${reason}`, { taskId: end.task.id, reason, ...cause }));
  return { to: 'cancelled', error, event: { type: 'task:cancel', data: { reason, durationMs: durationOf(end), ...cause } } };
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
