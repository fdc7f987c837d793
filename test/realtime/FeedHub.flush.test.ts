import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import type { Batch } from '../../src/lib/task-system/realtime/server/Batch.ts';
import { FeedHub } from '../../src/lib/task-system/realtime/server/FeedHub.ts';
import { ManualClock, RecordingLogger, settle } from './helpers.ts';
import { MemoryLog } from './serverHelpers.ts';

/** A hub with one receiver on a clock that stands still. */
function setup() {
  const log = new MemoryLog();
  const clock = new ManualClock();
  const hub = new FeedHub(log.events, new RecordingLogger(), clock);
  const batches: Batch[] = [];
  hub.setTopics({ deliver: (batch) => { batches.push(batch); }, lose: () => undefined }, ['tasks']);
  return { log, clock, hub, sizes: () => batches.map(({ events }) => events.length), batches };
}

describe('FeedHub: when events are sent', () => {
  it('is at the end of the turn when nothing was sent lately', async () => {
    const { log, sizes, clock } = setup();
    log.append();
    log.append();
    await settle(1);
    expect(sizes()).toEqual([2]);
    clock.advance(10);
    log.append();
    await settle(1);
    expect(sizes()).toEqual([2, 1]);
  });

  it('is at most every 10 ms under load', async () => {
    const { log, sizes, clock } = setup();
    log.append();
    await settle(1);
    for (let event = 0; event < 5; event += 1) {
      log.append();
      await settle(1);
      clock.advance(1);
    }
    expect(sizes()).toEqual([1]);
    clock.advance(5);
    expect(sizes()).toEqual([1, 5]);
  });

  it('is at once when 64 Ki characters wait', async () => {
    const { log, sizes } = setup();
    log.append();
    await settle(1);
    for (let event = 0; event < 3; event += 1) log.append('task-1', { taskType: 'x'.repeat(30_000) });
    expect(sizes()).toEqual([1, 3]);
  });

  it('is not put off by a clock that is set back', async () => {
    const { log, hub, sizes } = setup();
    let time = 100_000;
    const batches: Batch[] = [];
    const jumping = new FeedHub(log.events, new RecordingLogger(), { now: () => time, setTimer: () => ({ cancel: () => undefined }) });
    jumping.setTopics({ deliver: (batch) => { batches.push(batch); }, lose: () => undefined }, ['tasks']);
    log.append();
    await settle(1);
    time = 1_000;
    log.append();
    await settle(1);
    expect(batches).toHaveLength(2);
    hub.flush();
    expect(sizes()).toEqual([1, 1]);
  });

  it('loses, doubles and reorders nothing, whatever the load', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ size: fc.nat(40_000), waitMs: fc.nat(12), isTurn: fc.boolean() }), { maxLength: 60 }), async (steps) => {
      const { log, clock, batches, hub } = setup();
      for (const { size, waitMs, isTurn } of steps) {
        log.append('task-1', { taskType: 'x'.repeat(size) });
        if (isTurn) await settle(1);
        clock.advance(waitMs);
      }
      hub.flush();
      expect(batches.flatMap(({ events }) => events.map(({ event }) => event.offset))).toEqual(log.stored.map(({ offset }) => offset));
      // Never more than the bound and one event.
      for (const { events } of batches) expect(events.slice(0, -1).reduce((sum, { json }) => sum + json.length, 0)).toBeLessThan(65_536);
    }), { numRuns: 50 });
  });
});
