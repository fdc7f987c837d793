import { describe, expect, it } from 'vitest';
import { settleUntilStored } from '../../src/lib/task-system/core/settleUntilStored.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import type { TreeCommitted } from '../../src/lib/task-system/types/FamilyStore.ts';
import type { Settlement } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeLogger, makeRecord, makeStore } from './makers.ts';
import { turns } from './until.ts';

const settlement: Settlement = { taskId: 'task-1', fence: 7, to: 'completed', time: 1, event: { type: 'task:complete', data: { durationMs: 1, resultBytes: 4 } } };
const committed: TreeCommitted = { task: makeRecord({ state: 'completed' }), from: 'running', events: [], others: [], stops: [] };
const full = new TaskSystemError('STORE_FULL', 'No space');

/** A store that gives the answers of a list, one for each try; the last one for ever. */
function setUp(...answers: readonly (TreeCommitted | undefined | Error)[]) {
  const clock = new FakeClock();
  const logger = makeLogger();
  const stopping = new AbortController();
  const tries: number[] = [];
  const store = makeStore({
    settle: () => {
      const answer = answers[Math.min(tries.length, answers.length - 1)];
      tries.push(clock.now());
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  const done = settleUntilStored(settlement, { store, clock, logger, stopping: stopping.signal });
  return { clock, logger, stopping, tries, done, waits: () => tries.slice(1).map((at, index) => at - (tries[index] ?? 0)) };
}

describe('settleUntilStored', () => {
  it('gives back what the store wrote', async () => {
    const { done, clock } = setUp(committed);
    await expect(done).resolves.toBe(committed);
    expect(clock.pendingTimers).toBe(0);
  });

  it('says so when the task was lost to somebody else, and does not insist', async () => {
    const { done, logger, tries } = setUp(undefined);
    await expect(done).resolves.toBeUndefined();
    expect(tries).toHaveLength(1);
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
  });

  it('tries again after longer and longer waits, half a minute at most, until there is space', async () => {
    const { done, clock, waits, logger } = setUp(...Array.from({ length: 10 }, () => full), committed);
    for (let count = 0; count < 12; count++) {
      await turns();
      clock.advance(30_000);
    }
    await expect(done).resolves.toBe(committed);
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(10);
    expect(waits()).toHaveLength(10);
  });

  it('doubles the wait from a quarter of a second', async () => {
    const { clock, tries } = setUp(full);
    const expected = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    await turns();
    for (const [index, wait] of expected.entries()) {
      clock.advance(wait - 1);
      await turns();
      expect(tries).toHaveLength(index + 1);
      clock.advance(1);
      await turns();
      expect(tries).toHaveLength(index + 2);
    }
  });

  it('tries once more when the system closes, and leaves it at that', async () => {
    const { done, stopping, tries, clock } = setUp(full);
    await turns();
    stopping.abort();
    await expect(done).resolves.toBeUndefined();
    expect(tries).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gets it stored with the last try, if there is space by then', async () => {
    const { done, stopping } = setUp(full, committed);
    await turns();
    stopping.abort();
    await expect(done).resolves.toBe(committed);
  });

  it('tries only once when the system is closing already', async () => {
    const clock = new FakeClock();
    let tries = 0;
    const store = makeStore({ settle: () => { tries++; return Promise.reject(full); } });
    await expect(settleUntilStored(settlement, { store, clock, logger: makeLogger(), stopping: AbortSignal.abort() })).resolves.toBeUndefined();
    expect(tries).toBe(1);
  });

  it.each([['an error that another try cannot mend', new TaskSystemError('STORE_CORRUPT', 'x')], ['an error that is none of ours', new Error('bug')]])('gives up on %s', async (_name, error) => {
    const { done, logger } = setUp(error);
    await expect(done).resolves.toBeUndefined();
    expect(logger.lines).toHaveLength(1);
  });
});
