import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextSampleMs, Trend } from '../../../src/lib/task-system/policy/limits/schedule.ts';

describe('nextSampleMs', () => {
  it('is 100 ms in the first five seconds', () => {
    expect(nextSampleMs({ ageMs: 4_999, share: 0, msToLimit: Infinity })).toBe(100);
  });

  it('is 200 ms for a quiet attempt after that', () => {
    expect(nextSampleMs({ ageMs: 5_000, share: 0.7, msToLimit: Infinity })).toBe(200);
  });

  it('is 100 ms above 70 % of a limit', () => {
    expect(nextSampleMs({ ageMs: 60_000, share: 0.71, msToLimit: Infinity })).toBe(100);
  });

  it('comes before what grows can be over its limit, and never below 20 ms', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(100_000), (msToLimit, share, ageMs) => {
      const delay = nextSampleMs({ ageMs, share, msToLimit });
      expect(delay).toBeGreaterThanOrEqual(20);
      expect(delay).toBeLessThanOrEqual(Math.max(20, msToLimit / 2));
    }));
  });
});

describe('Trend', () => {
  it('knows when the limit is reached at the present rate', () => {
    const trend = new Trend(100, 0);
    trend.push(20, 10);
    expect([trend.msToLimit, trend.share, trend.isOver]).toEqual([40, 0.2, false]);
  });

  it('never reaches a limit while it falls or stands', () => {
    const trend = new Trend(100, 0);
    trend.push(20, 10);
    trend.push(10, 20);
    expect([trend.msToLimit, trend.value, trend.peak]).toEqual([Infinity, 10, 20]);
  });

  it('is over above the limit, not at it', () => {
    const trend = new Trend(100, 0);
    trend.push(100, 10);
    expect(trend.isOver).toBe(false);
    trend.push(101, 20);
    expect([trend.isOver, trend.msToLimit]).toEqual([true, 0]);
  });

  it('is never over without a limit', () => {
    const trend = new Trend(Infinity, 0);
    trend.push(1e15, 1);
    expect([trend.isOver, trend.share, trend.msToLimit]).toEqual([false, 0, Infinity]);
  });
});
