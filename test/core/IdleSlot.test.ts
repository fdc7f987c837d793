import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdleSlot } from '../../src/lib/task-system/core/IdleSlot.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { rejectionOf } from '../support/thrown.ts';
import { turns } from './until.ts';

/** A slot as parking gives it: idempotent, one thing after the other. */
function setUp() {
  const state = { isGiven: false, changes: 0 };
  const set = (isGiven: boolean): Promise<void> => { if (state.isGiven !== isGiven) { state.isGiven = isGiven; state.changes++; } return Promise.resolve(); };
  const slot = new IdleSlot(async () => { await set(true); return { takeBack: () => set(false) }; });
  const wait = (answer: Promise<boolean>): Promise<boolean> => slot.wait(answer, (isYes) => isYes);
  return { slot, state, wait };
}

describe('IdleSlot', () => {
  it('is given while a call waits, and taken back for it', async () => {
    const { state, wait } = setUp();
    const answer = Promise.withResolvers<boolean>();
    const waiting = wait(answer.promise);
    await turns(1);
    expect(state.isGiven).toBe(true);
    answer.resolve(true);
    expect(await waiting).toBe(true);
    expect(state.isGiven).toBe(false);
  });

  it('is kept while a call that was allowed is made, and given again after it when another one waits', async () => {
    const { slot, state, wait } = setUp();
    const [first, second] = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
    const [one, two] = [wait(first.promise), wait(second.promise)];
    first.resolve(true);
    await one;
    await turns(1);
    expect(state.isGiven).toBe(false);
    slot.done();
    await turns(1);
    expect(state.isGiven).toBe(true);
    second.resolve(true);
    await two;
    expect(state.isGiven).toBe(false);
  });

  it('is not given by a call that begins to wait while another one is made', async () => {
    const { slot, state, wait } = setUp();
    await slot.begin();
    const answer = Promise.withResolvers<boolean>();
    const waiting = wait(answer.promise);
    await turns(1);
    expect(state.isGiven).toBe(false);
    slot.done();
    await turns(1);
    expect(state.isGiven).toBe(true);
    answer.resolve(false);
    await waiting;
    expect(state.isGiven).toBe(false);
  });

  it('stays given after a no while other calls wait', async () => {
    const { state, wait } = setUp();
    const [first, second] = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
    const [one, two] = [wait(first.promise), wait(second.promise)];
    first.resolve(false);
    await one;
    expect(state.isGiven).toBe(true);
    second.resolve(false);
    await two;
    expect(state).toEqual({ isGiven: false, changes: 2 });
  });

  it('passes on that it cannot be given', async () => {
    const slot = new IdleSlot(() => Promise.reject(new TaskSystemError('WAITING_FULL', 'full')));
    expect((await rejectionOf(slot.wait(Promise.resolve(true), () => true))).code).toBe('WAITING_FULL');
  });

  it('counts nobody who gave up', async () => {
    const { slot, state, wait } = setUp();
    await expect(wait(Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
    await slot.begin();
    slot.done();
    await turns(1);
    expect(state.isGiven).toBe(false);
  });

  it('is held whenever an allowed call is made, and by nobody when all wait, whatever comes in whatever order', async () => {
    const call = fc.record({ isYes: fc.boolean(), after: fc.nat(3), lasts: fc.nat(3) });
    await fc.assert(fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 6 }), async (calls) => {
      const { slot, state, wait } = setUp();
      let making = 0;
      await Promise.all(calls.map(async ({ isYes, after, lasts }) => {
        if (!await wait(turns(after).then(() => isYes))) return;
        making++;
        for (let turn = 0; turn <= lasts; turn++) { expect(state.isGiven).toBe(false); await turns(1); }
        making--;
        slot.done();
      }));
      await turns(2);
      expect([making, state.isGiven]).toEqual([0, false]);
    }), { numRuns: 200 });
  });
});
