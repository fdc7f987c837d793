import type { LimitBreach } from '../policy/limits/usage.ts';
import type { ErrorCode } from '../types/ErrorCatalogue.ts';
import { deserializeError, serializeError, TaskSystemError, type SerializedError } from '../types/Errors.ts';
import type { CancelCause } from '../types/Subtasks.ts';
import type { ProcessExit } from './launch/Launcher.ts';

const BYTES_PER_MIB = 1_048_576;

/** Why an attempt is over. Set once: the first cause wins. */
export type TerminationReason =
  | { readonly kind: 'result'; readonly json: string; readonly joins?: boolean }
  | { readonly kind: 'failure'; readonly error: SerializedError }
  | { readonly kind: 'exit'; readonly exit: ProcessExit; readonly wasUp: boolean }
  | { readonly kind: 'protocol'; readonly fault: string }
  | { readonly kind: 'limit'; readonly breach: LimitBreach; readonly cause?: SerializedError }
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  | { readonly kind: 'cancel'; readonly reason: string; readonly cause?: CancelCause }
  | { readonly kind: 'shutdown' };

/** What an attempt came to. */
export type Outcome =
  | { readonly kind: 'completed'; readonly resultJson: string; readonly joins?: boolean }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  | { readonly kind: 'cancelled'; readonly reason: string; readonly cause?: CancelCause }
  | { readonly kind: 'interrupted'; readonly error: SerializedError };

/** Turns the reason an attempt ended for into what is written about it. */
export function outcomeOf(reason: TerminationReason, taskId: string, output: string, resultBytes: number): Outcome {
  const failed = (error: TaskSystemError): Outcome => ({ kind: 'failed', error: serializeError(error) });
  switch (reason.kind) {
    case 'result':
      return checkResult(reason.json, resultBytes, reason.joins === true) ?? failed(new TaskSystemError('TASK_PROTOCOL', `Task ${taskId} sent a result that is not JSON or too large`, { taskId }));
    case 'failure':
      return { kind: 'failed', error: reason.error };
    case 'exit':
      return failed(new TaskSystemError('TASK_CRASHED', describeExit(taskId, reason.exit, reason.wasUp), {
        taskId, exitCode: reason.exit.code, signal: reason.exit.signal, output,
      }, { cause: reason.exit.error }));
    case 'protocol':
      return failed(new TaskSystemError('TASK_PROTOCOL', `Task ${taskId}: ${reason.fault}`, { taskId, fault: reason.fault, output }));
    case 'timeout':
      return failed(new TaskSystemError('TASK_TIMEOUT', `Task ${taskId} had ${String(reason.timeoutMs)} ms`, { taskId, timeoutMs: reason.timeoutMs, output }));
    case 'limit':
      return failed(limitError(reason.breach, taskId, output, reason.cause));
    case 'cancel':
      return { kind: 'cancelled', reason: reason.reason, ...(reason.cause === undefined ? {} : { cause: reason.cause }) };
    case 'shutdown':
      return { kind: 'interrupted', error: interruption(taskId, 'The host was closed') };
  }
}

/** The error of an attempt that ended with its host. */
export function interruption(taskId: string, what: string): SerializedError {
  return serializeError(new TaskSystemError('TASK_INTERRUPTED', `${what} while task ${taskId} ran`, { taskId }));
}

function limitError(breach: LimitBreach, taskId: string, output: string, cause: SerializedError | undefined): TaskSystemError {
  const { limit, unit, allowed, seen, mechanism } = breach;
  const who = mechanism === 'kernel' ? 'stopped by the kernel; last seen with' : 'seen with';
  return new TaskSystemError(LIMIT_CODES[limit], `Task ${taskId} may have ${amount(allowed, unit)} and was ${who} ${amount(seen, unit)}`, {
    taskId, ...breach, output,
  }, cause === undefined ? {} : { cause: deserializeError(cause) });
}

const LIMIT_CODES = {
  memory: 'TASK_LIMIT_MEMORY', cpu: 'TASK_LIMIT_CPU', processes: 'TASK_LIMIT_PROCESSES', disk: 'TASK_LIMIT_DISK', output: 'TASK_LIMIT_OUTPUT',
} as const satisfies Record<LimitBreach['limit'], ErrorCode>;

function amount(value: number, unit: LimitBreach['unit']): string {
  return unit === 'bytes' ? `${(value / BYTES_PER_MIB).toFixed(1)} MiB` : `${String(value)} ${unit}`;
}

/** The child has checked its result already; one that went around the library has not. */
function checkResult(json: string, maxBytes: number, joins: boolean): Outcome | undefined {
  if (Buffer.byteLength(json) > maxBytes) return undefined;
  try {
    JSON.parse(json);
    return { kind: 'completed', resultJson: json, ...(joins ? { joins } : {}) };
  } catch {
    return undefined;
  }
}

function describeExit(taskId: string, exit: ProcessExit, wasUp: boolean): string {
  if (exit.error !== undefined) return `The process of task ${taskId} could not be started: ${exit.error.message}`;
  const how = exit.signal === null ? `with exit code ${String(exit.code)}` : `by ${exit.signal}`;
  return `The process of task ${taskId} ended ${how} ${wasUp ? 'before the handler returned' : 'before it was ready'}`;
}
