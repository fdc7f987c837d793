import { describe, expect, it } from 'vitest';
import { interruption, outcomeOf, type Outcome, type TerminationReason } from '../../src/lib/task-system/core/outcome.ts';
import type { SerializedError } from '../../src/lib/task-system/types/Errors.ts';

const ROOM = 100;

function outcome(reason: TerminationReason): Outcome {
  return outcomeOf(reason, 'task-1', 'last words', ROOM);
}

function errorOf(reason: TerminationReason): SerializedError {
  const result = outcome(reason);
  if (result.kind !== 'failed' && result.kind !== 'interrupted') throw new Error(`it is ${result.kind}`);
  return result.error;
}

describe('outcomeOf', () => {
  it('completes a task with the JSON it sent', () => {
    expect(outcome({ kind: 'result', json: '{"ok":true}' })).toEqual({ kind: 'completed', resultJson: '{"ok":true}' });
  });

  it('takes a result of exactly the allowed size', () => {
    const json = JSON.stringify('x'.repeat(ROOM - 2));
    expect(outcome({ kind: 'result', json })).toEqual({ kind: 'completed', resultJson: json });
  });

  it.each([
    ['is too large', JSON.stringify('x'.repeat(ROOM - 1))],
    ['is too large in bytes though not in characters', JSON.stringify('蜂'.repeat(ROOM / 3))],
    ['is not JSON', 'undefined'],
    ['is empty', ''],
    ['has something behind it', '{} {}'],
  ])('calls it a breach of the protocol when a result %s', (_name, json) => {
    expect(errorOf({ kind: 'result', json })).toMatchObject({ code: 'TASK_PROTOCOL', retryable: false, details: { taskId: 'task-1' } });
  });

  it('passes on the error of a handler as it came', () => {
    const error: SerializedError = { name: 'TypeError', message: 'no bees', code: 'TASK_FAILED', retryable: false, cause: { name: 'Error', message: 'inner' } };
    expect(outcome({ kind: 'failure', error })).toEqual({ kind: 'failed', error });
  });

  it('says with which code a process ended, and what it printed last', () => {
    const error = errorOf({ kind: 'exit', exit: { code: 3, signal: null }, wasUp: true });
    expect(error).toMatchObject({ code: 'TASK_CRASHED', retryable: true, details: { taskId: 'task-1', exitCode: 3, signal: null, output: 'last words' } });
    expect(error.message).toContain('with exit code 3 before the handler returned');
  });

  it('says by which signal a process ended', () => {
    const error = errorOf({ kind: 'exit', exit: { code: null, signal: 'SIGKILL' }, wasUp: true });
    expect(error.details).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(error.message).toContain('by SIGKILL');
  });

  it('tells a process that never came up from one that ended in the middle', () => {
    expect(errorOf({ kind: 'exit', exit: { code: 1, signal: null }, wasUp: false }).message).toContain('before it was ready');
  });

  it('says why a process could not be started', () => {
    const error = errorOf({ kind: 'exit', exit: { code: null, signal: null, error: new Error('spawn EAGAIN') }, wasUp: false });
    expect(error).toMatchObject({ code: 'TASK_CRASHED', cause: { message: 'spawn EAGAIN' } });
    expect(error.message).toContain('could not be started: spawn EAGAIN');
  });

  it('names what was against the protocol', () => {
    expect(errorOf({ kind: 'protocol', fault: 'not JSON' })).toMatchObject({ code: 'TASK_PROTOCOL', details: { taskId: 'task-1', fault: 'not JSON', output: 'last words' } });
  });

  it('names the time a task had', () => {
    expect(errorOf({ kind: 'timeout', timeoutMs: 5_000 })).toMatchObject({ code: 'TASK_TIMEOUT', retryable: true, details: { timeoutMs: 5_000 } });
  });

  it('keeps the reason of a cancel', () => {
    expect(outcome({ kind: 'cancel', reason: 'changed my mind' })).toEqual({ kind: 'cancelled', reason: 'changed my mind' });
  });

  it('calls a shutdown an interruption, not a failure', () => {
    expect(outcome({ kind: 'shutdown' }).kind).toBe('interrupted');
    expect(errorOf({ kind: 'shutdown' })).toMatchObject({ code: 'TASK_INTERRUPTED', details: { taskId: 'task-1' } });
  });
});

describe('interruption', () => {
  it('names the task and what happened', () => {
    const { code, message } = interruption('task-9', 'The host was closed');
    expect(code).toBe('TASK_INTERRUPTED');
    expect(message).toContain('The host was closed while task task-9 ran');
  });
});
