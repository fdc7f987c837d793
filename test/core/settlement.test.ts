import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/lib/task-system/core/outcome.ts';
import { settlementOf, type AttemptEnd } from '../../src/lib/task-system/core/settlement.ts';
import type { SerializedError } from '../../src/lib/task-system/types/Errors.ts';
import { isTerminalEvent } from '../../src/lib/task-system/types/Events.ts';
import { DEFAULTS, type ResolvedQueue } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { canTransition, isTerminal } from '../../src/lib/task-system/types/TaskState.ts';
import type { Settlement, TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeRecord } from './makers.ts';

const TIME = 10_000;
const queue: ResolvedQueue = DEFAULTS.queue;
const failure: SerializedError = { name: 'Error', message: 'no luck', code: 'TASK_FAILED', retryable: true };
const broken: SerializedError = { ...failure, retryable: false };
const interruptedError: SerializedError = { name: 'TaskSystemError', message: 'closed', code: 'TASK_INTERRUPTED' };

const outcomes = {
  completed: { kind: 'completed', resultJson: '{"ok":true}' },
  failed: { kind: 'failed', error: failure },
  final: { kind: 'failed', error: broken },
  cancelled: { kind: 'cancelled', reason: 'changed my mind' },
  interrupted: { kind: 'interrupted', error: interruptedError },
} as const satisfies Record<string, Outcome>;

interface Case {
  readonly task?: Partial<TaskRecord>;
  readonly retry?: Partial<AttemptEnd['type']['retry']>;
  readonly onInterrupt?: 'retry' | 'fail';
  readonly progress?: AttemptEnd['progress'];
  readonly random?: number;
  readonly maxInterruptions?: number;
}

function settle(outcome: Outcome, { task, retry, onInterrupt = 'retry', progress, random = 0.5, maxInterruptions = 3 }: Case = {}): Settlement {
  const type = { retry: { ...DEFAULTS.retry, ...retry }, onInterrupt };
  return settlementOf({ task: makeRecord(task), type, outcome, progress, time: TIME }, { ...queue, maxInterruptions }, () => random);
}

describe('settlementOf', () => {
  it.each<[keyof typeof outcomes, number, number, number, Settlement['to']]>([
    // outcome, attempt, maxAttempts, interruptions so far, what becomes of the task
    ['completed', 1, 1, 0, 'completed'],
    ['completed', 5, 5, 0, 'completed'],
    ['completed', 4, 1, 3, 'completed'],
    ['cancelled', 1, 5, 0, 'cancelled'],
    ['cancelled', 1, 1, 0, 'cancelled'],
    ['failed', 1, 1, 0, 'failed'],
    ['failed', 1, 2, 0, 'queued'],
    ['failed', 2, 2, 0, 'failed'],
    ['failed', 2, 3, 0, 'queued'],
    ['failed', 3, 3, 0, 'failed'],
    // An interruption is nobody's failure: it does not use up an attempt.
    ['failed', 2, 2, 1, 'queued'],
    ['failed', 3, 2, 1, 'failed'],
    ['failed', 4, 1, 3, 'failed'],
    ['failed', 4, 2, 3, 'queued'],
    ['final', 1, 1, 0, 'failed'],
    ['final', 1, 9, 0, 'failed'],
    ['interrupted', 1, 1, 0, 'queued'],
    ['interrupted', 3, 1, 2, 'queued'],
    ['interrupted', 4, 1, 3, 'failed'],
    ['interrupted', 4, 9, 3, 'failed'],
    ['interrupted', 9, 9, 0, 'queued'],
  ])('%s at attempt %i of %i after %i interruptions: %s', (kind, attempt, maxAttempts, interruptions, to) => {
    expect(settle(outcomes[kind], { task: { attempt, maxAttempts, interruptions } }).to).toBe(to);
  });

  it('writes under the fence of the claim', () => {
    expect(settle(outcomes.completed, { task: { id: 'task-9', fence: 42 } })).toMatchObject({ taskId: 'task-9', fence: 42, time: TIME });
  });

  it('keeps the last progress, and writes none when there was none', () => {
    expect(settle(outcomes.completed, { progress: { percent: 80 } }).progress).toEqual({ percent: 80 });
    expect(settle(outcomes.completed)).not.toHaveProperty('progress');
  });

  it('measures the attempt from its start', () => {
    expect(settle(outcomes.completed, { task: { startedAt: 4_000 } }).event).toMatchObject({ data: { durationMs: 6_000 } });
  });

  it('never tells a negative duration, when the clock stepped back', () => {
    expect(settle(outcomes.completed, { task: { startedAt: TIME + 500 } }).event).toMatchObject({ data: { durationMs: 0 } });
  });

  it('tells no duration of an attempt whose start is unknown', () => {
    const { startedAt: _startedAt, ...task } = makeRecord();
    const settlement = settlementOf({ task, type: { retry: DEFAULTS.retry, onInterrupt: 'retry' }, outcome: outcomes.completed, progress: undefined, time: TIME }, queue, () => 0);
    expect(settlement.event).toMatchObject({ data: { durationMs: 0 } });
  });
});

describe('settlementOf a completed attempt', () => {
  it('stores the result, and tells it with the event', () => {
    const { resultJson, event } = settle(outcomes.completed);
    expect(resultJson).toBe('{"ok":true}');
    expect(event).toEqual({ type: 'task:complete', data: { durationMs: 8_000, resultBytes: 11, result: { ok: true } } });
  });

  it('leaves a result of more than 8 KiB out of the event', () => {
    const fits = JSON.stringify('x'.repeat(8_190));
    const tooLarge = JSON.stringify('x'.repeat(8_191));
    expect(settle({ kind: 'completed', resultJson: fits }).event.data).toHaveProperty('result');
    const { resultJson, event } = settle({ kind: 'completed', resultJson: tooLarge });
    expect(event.data).toEqual({ durationMs: 8_000, resultBytes: 8_193 });
    expect(resultJson).toBe(tooLarge);
  });

  it('measures the size in bytes', () => {
    expect(settle({ kind: 'completed', resultJson: '"蜂"' }).event.data).toMatchObject({ resultBytes: 5 });
  });
});

describe('settlementOf a failed attempt', () => {
  it('tells the error of the last attempt', () => {
    const { error, event } = settle(outcomes.failed);
    expect(error).toBe(failure);
    expect(event).toEqual({ type: 'task:error', data: { durationMs: 8_000, error: failure } });
  });

  it('queues the next attempt after its backoff, and keeps the error', () => {
    const settlement = settle(outcomes.failed, { task: { attempt: 2, maxAttempts: 5 }, retry: { baseDelayMs: 1_000, factor: 3 } });
    expect(settlement).toMatchObject({ to: 'queued', error: failure, runAt: TIME + 1_500 });
    expect(settlement.event).toEqual({ type: 'task:retry', data: { cause: 'failed', delayMs: 1_500, error: failure } });
    expect(settlement).not.toHaveProperty('interrupted');
  });

  it('does not let interruptions lengthen the backoff', () => {
    const settlement = settle(outcomes.failed, { task: { attempt: 3, interruptions: 2, maxAttempts: 5 }, retry: { baseDelayMs: 1_000 } });
    expect(settlement.runAt).toBe(TIME + 500);
  });

  it('puts the retry settings of the submission over those of the type', () => {
    const task = { maxAttempts: 3, overrides: { retry: { baseDelayMs: 100 } } };
    expect(settle(outcomes.failed, { task, retry: { baseDelayMs: 10_000 } }).runAt).toBe(TIME + 50);
  });

  it('takes an error that does not say whether it is worth another try for one that is', () => {
    const { retryable: _retryable, ...error } = failure;
    expect(settle({ kind: 'failed', error }, { task: { maxAttempts: 2 } }).to).toBe('queued');
  });
});

describe('settlementOf a cancelled attempt', () => {
  it('keeps the reason as error and in the event', () => {
    const { error, event } = settle(outcomes.cancelled);
    expect(error).toMatchObject({ code: 'TASK_CANCELLED', details: { taskId: 'task-1', reason: 'changed my mind' } });
    expect(event).toEqual({ type: 'task:cancel', data: { reason: 'changed my mind', durationMs: 8_000 } });
  });
});

describe('settlementOf an interrupted attempt', () => {
  it('queues it at once and counts the interruption', () => {
    const settlement = settle(outcomes.interrupted);
    expect(settlement).toMatchObject({ to: 'queued', interrupted: true, error: interruptedError });
    expect(settlement).not.toHaveProperty('runAt');
    expect(settlement.event).toEqual({ type: 'task:retry', data: { cause: 'interrupted', delayMs: 0, error: interruptedError } });
  });

  it('fails it when its type must never run twice', () => {
    const { to, error } = settle(outcomes.interrupted, { onInterrupt: 'fail' });
    expect(to).toBe('failed');
    expect(error).toMatchObject({ code: 'TASK_INTERRUPTED' });
  });

  it('does not keep a type that must never run twice from being tried again after a failure', () => {
    expect(settle(outcomes.failed, { onInterrupt: 'fail', task: { maxAttempts: 2 } }).to).toBe('queued');
  });

  it('fails at the first interruption when none is allowed', () => {
    expect(settle(outcomes.interrupted, { maxInterruptions: 0 }).to).toBe('failed');
  });
});

describe('settlementOf a whole life', () => {
  const kinds = fc.constantFrom<keyof typeof outcomes>('failed', 'failed', 'interrupted', 'completed', 'cancelled', 'final');
  const lives = fc.record({
    outcomes: fc.array(kinds, { maxLength: 60 }),
    maxAttempts: fc.integer({ min: 1, max: 10 }),
    maxInterruptions: fc.integer({ min: 0, max: 5 }),
    onInterrupt: fc.constantFrom<'retry' | 'fail'>('retry', 'fail'),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });

  it('has no more failed attempts and no more interruptions than allowed, legal moves only, and one final event', () => {
    fc.assert(fc.property(lives, ({ outcomes: script, maxAttempts, maxInterruptions, onInterrupt, random }) => {
      let task = makeRecord({ attempt: 0, maxAttempts, state: 'queued' });
      let failures = 0;
      let finals = 0;
      for (const kind of script) {
        task = { ...task, attempt: task.attempt + 1, state: 'running' };
        const settlement = settle(outcomes[kind], { task, onInterrupt, random, maxInterruptions });
        expect(canTransition('running', settlement.to)).toBe(true);
        if (kind === 'failed') failures++;
        if (isFinal(settlement)) {
          finals++;
          break;
        }
        task = { ...task, state: settlement.to, interruptions: task.interruptions + (settlement.interrupted === true ? 1 : 0) };
      }
      expect(failures).toBeLessThanOrEqual(maxAttempts);
      expect(task.interruptions).toBeLessThanOrEqual(maxInterruptions);
      expect(task.attempt).toBeLessThanOrEqual(maxAttempts + maxInterruptions + 1);
      if (script.length > maxAttempts + maxInterruptions) expect(finals).toBe(1);
    }), { numRuns: 500 });
  });
});

/** State and event must say the same. */
function isFinal({ to, event, time }: Settlement): boolean {
  const envelope = { epoch: 'e', offset: 1, time, taskId: 't', project: 'p', taskType: 'y', rootId: 't', attempt: 1 };
  const isEnd = isTerminal(to);
  expect(isTerminalEvent({ ...envelope, ...event })).toBe(isEnd);
  return isEnd;
}
