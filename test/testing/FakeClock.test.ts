import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

describe('FakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = new FakeClock(500);
    expect(clock.now()).toBe(500);
    clock.advance(20);
    expect(clock.now()).toBe(520);
  });

  it('calls timers in the order of their time, at their time', () => {
    const clock = new FakeClock(0);
    const calls: [string, number][] = [];
    clock.setTimer(30, () => { calls.push(['late', clock.now()]); });
    clock.setTimer(10, () => { calls.push(['early', clock.now()]); });
    clock.advance(100);
    expect(calls).toEqual([['early', 10], ['late', 30]]);
  });

  it('calls timers of one time in the order in which they were set', () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 20 }), (delays) => {
      const clock = new FakeClock();
      const calls: { delay: number; index: number }[] = [];
      delays.forEach((delay, index) => { clock.setTimer(delay, () => { calls.push({ delay, index }); }); });
      clock.advance(5);
      expect(calls).toEqual(calls.toSorted((a, b) => a.delay - b.delay || a.index - b.index));
      expect(calls).toHaveLength(delays.length);
    }));
  });

  it('calls what a timer sets, if it falls due in the same move', () => {
    const clock = new FakeClock(0);
    const times: number[] = [];
    clock.setTimer(10, () => { clock.setTimer(10, () => { times.push(clock.now()); }); clock.setTimer(1_000, () => { times.push(-1); }); });
    clock.advance(50);
    expect(times).toEqual([20]);
    expect(clock.pendingTimers).toBe(1);
  });

  it('does not call what was cancelled', () => {
    const clock = new FakeClock();
    const timer = clock.setTimer(1, () => { throw new Error('called'); });
    timer.cancel();
    clock.advance(10);
    expect(clock.pendingTimers).toBe(0);
  });

  it('calls a timer without delay only when it is moved', () => {
    const clock = new FakeClock();
    let calls = 0;
    clock.setTimer(0, () => { calls++; });
    expect(calls).toBe(0);
    clock.advance(0);
    expect(calls).toBe(1);
  });
});
