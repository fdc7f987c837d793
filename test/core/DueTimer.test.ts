import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueTimer } from '../../src/lib/task-system/core/DueTimer.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

const START = 1_000_000;

function setUp(): { readonly clock: FakeClock; readonly timer: DueTimer; readonly calls: number[] } {
  const clock = new FakeClock(START);
  const calls: number[] = [];
  return { clock, calls, timer: new DueTimer(clock, () => { calls.push(clock.now() - START); }) };
}

describe('DueTimer', () => {
  it('calls at the time it was told', () => {
    const { clock, timer, calls } = setUp();
    timer.wakeAt(START + 50);
    clock.advance(49);
    expect(calls).toEqual([]);
    clock.advance(1);
    expect(calls).toEqual([50]);
  });

  it('calls once for many times, at the earliest', () => {
    const { clock, timer, calls } = setUp();
    for (const at of [80, 30, 60, 30]) timer.wakeAt(START + at);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(100);
    expect(calls).toEqual([30]);
  });

  it('can be told the next time when it calls', () => {
    const clock = new FakeClock(START);
    const calls: number[] = [];
    const timer: DueTimer = new DueTimer(clock, () => {
      calls.push(clock.now() - START);
      if (calls.length < 3) timer.wakeAt(clock.now() + 10);
    });
    timer.wakeAt(START + 10);
    clock.advance(100);
    expect(calls).toEqual([10, 20, 30]);
  });

  it('calls soon, but not at once, for a time that has passed', () => {
    const { clock, timer, calls } = setUp();
    timer.wakeAt(START - 1_000);
    expect(calls).toEqual([]);
    clock.advance(0);
    expect(calls).toEqual([0]);
  });

  it('never calls after it was closed', () => {
    const { clock, timer, calls } = setUp();
    timer.wakeAt(START + 10);
    timer.close();
    timer.wakeAt(START + 5);
    clock.advance(100);
    expect([calls, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('has one timer at most, and is never late for any of many times', () => {
    fc.assert(fc.property(fc.array(fc.record({ inMs: fc.integer({ min: -20, max: 200 }), wait: fc.nat(60) }), { maxLength: 40 }), (script) => {
      const clock = new FakeClock(START);
      let open: readonly number[] = [];
      // As the runner does: what is due goes, and the earliest of the rest is the next time.
      const timer: DueTimer = new DueTimer(clock, () => {
        open = open.filter((at) => at > clock.now());
        if (open.length > 0) timer.wakeAt(Math.min(...open));
      });
      for (const { inMs, wait } of script) {
        open = [...open, clock.now() + inMs];
        timer.wakeAt(clock.now() + inMs);
        expect(clock.pendingTimers).toBe(1);
        clock.advance(wait);
        expect(open.filter((at) => at <= clock.now())).toEqual([]);
      }
    }));
  });
});
