import { describe, expect, it } from 'vitest';
import { Parking } from '../../src/lib/task-system/core/Parking.ts';
import type { Slot } from '../../src/lib/task-system/core/Slot.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { rejectionOf } from '../support/thrown.ts';
import { makeRecord, makeStore } from './makers.ts';

function setUp({ maxWaiting = 2, isLost = false } = {}) {
  const log: string[] = [];
  const base = makeStore({});
  const note = (what: string, state: 'waiting' | 'running') => (taskId: string) => {
    log.push(what);
    return Promise.resolve(isLost ? undefined : { task: makeRecord({ id: taskId, state }), events: [] });
  };
  const parking = new Parking({
    store: { families: { ...base.families, park: note('park', 'waiting'), unpark: note('unpark', 'running') } }, clock: new FakeClock(), maxWaiting,
    publish: ({ task }) => { log.push(`told ${task.state}`); }, onFree: () => { log.push('free'); },
  });
  const slot: Slot = { give: () => { log.push('give'); }, take: () => { log.push('take'); return Promise.resolve(); } };
  const stop = new AbortController();
  const place = (id = 'a') => parking.place(makeRecord({ id }), slot, stop.signal);
  return { parking, place, log, stop };
}

describe('Parking', () => {
  it('stores that a task waits before it gives the slot away, and that it runs before it goes on', async () => {
    const { place, log } = setUp();
    const given = await place().giveSlot(3);
    expect(log.splice(0)).toEqual(['park', 'told waiting', 'give', 'free']);
    await given.takeBack();
    expect(log).toEqual(['take', 'unpark', 'told running']);
  });

  it('parks an attempt once, however many things it waits for', async () => {
    const { parking, place, log } = setUp();
    const own = place();
    const [first, second] = [await own.giveSlot(1), await own.giveSlot(0)];
    expect([parking.parked, log.filter((line) => line === 'park').length]).toEqual([1, 1]);
    await first.takeBack();
    await second.takeBack();
    expect([parking.parked, log.filter((line) => line === 'take').length]).toEqual([0, 1]);
  });

  it('refuses more than may wait, with a code, and takes the next when one goes on', async () => {
    const { place } = setUp({ maxWaiting: 1 });
    const given = await place('a').giveSlot(1);
    expect(await rejectionOf(place('b').giveSlot(1))).toMatchObject({ code: 'WAITING_FULL', retryable: true, details: { taskId: 'b', maxWaiting: 1 } });
    await given.takeBack();
    await expect(place('b').giveSlot(1)).resolves.toBeDefined();
  });

  it('counts no attempt that is over', async () => {
    const { parking, place } = setUp();
    const own = place();
    await own.giveSlot(1);
    own.leave();
    own.leave();
    expect(parking.parked).toBe(0);
  });

  it('parks nothing that is being stopped', async () => {
    const { parking, place, log, stop } = setUp();
    stop.abort();
    await expect(place().giveSlot(1)).rejects.toThrow();
    expect([parking.parked, log]).toEqual([0, []]);
  });

  it('keeps the slot of a task that somebody else has taken over', async () => {
    const { parking, place, log } = setUp({ isLost: true });
    expect((await rejectionOf(place().giveSlot(1))).code).toBe('TASK_INTERRUPTED');
    expect([parking.parked, log]).toEqual([0, ['park']]);
  });
});
