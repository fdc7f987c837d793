import { describe, expect, it } from 'vitest';
import { answerOf } from '../../src/lib/task-system/realtime/server/answerOf.ts';
import { ManualClock, RecordingLogger } from './helpers.ts';

function setup() {
  return { clock: new ManualClock(), logger: new RecordingLogger() };
}

describe('answerOf', () => {
  it.each([['a value', () => 7], ['a promise', () => Promise.resolve(7)]])('gives what the function answers with %s, and leaves no timer', async (_, call) => {
    const deps = setup();
    expect(await answerOf('ask', call, deps)).toBe(7);
    expect(deps.clock.pendingTimers).toBe(0);
    expect(deps.logger.lines).toEqual([]);
  });

  it.each([['throws', () => { throw new Error('no'); }], ['rejects', () => Promise.reject(new Error('no'))]])('gives undefined and logs when the function %s', async (_, call) => {
    const deps = setup();
    expect(await answerOf('ask', call, deps)).toBeUndefined();
    expect(deps.logger.messages('error').join()).toContain('`ask`');
    expect(deps.clock.pendingTimers).toBe(0);
  });

  it('gives undefined after 10 seconds, and ignores what comes later', async () => {
    const deps = setup();
    const late = Promise.withResolvers<boolean>();
    const answer = answerOf('ask', () => late.promise, deps);
    deps.clock.advance(9_999);
    deps.clock.advance(1);
    late.resolve(true);
    expect(await answer).toBeUndefined();
    expect(deps.logger.messages('error')).toHaveLength(1);
  });
});
