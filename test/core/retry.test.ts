import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, type RetrySettings } from '../../src/lib/task-system/core/retry.ts';

const ALMOST_ONE = 1 - Number.EPSILON / 2;
const settings: RetrySettings = { maxAttempts: 10, baseDelayMs: 1_000, maxDelayMs: 60_000, factor: 2 };

const anySettings = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 1_000 }),
  baseDelayMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
  maxDelayMs: fc.double({ min: 0, max: 3e12, noNaN: true }),
  factor: fc.oneof(fc.double({ min: 1, max: 10, noNaN: true }), fc.constantFrom(1, 1e100, Number.MAX_VALUE)),
});
const failures = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: Number.MAX_SAFE_INTEGER }));
const random = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true });

/** What comes out when the random number is nearly one: the upper bound. */
function longest(failed: number, over: Partial<RetrySettings> = {}): number {
  return backoffMs({ ...settings, ...over }, failed, () => ALMOST_ONE);
}

describe('backoffMs', () => {
  it('doubles its upper bound with every failure', () => {
    expect([1, 2, 3, 4].map((failed) => longest(failed))).toEqual([999, 1_999, 3_999, 7_999]);
  });

  it('grows by the factor that is set', () => {
    expect([1, 2, 3].map((failed) => longest(failed, { factor: 3 }))).toEqual([999, 2_999, 8_999]);
  });

  it('stays at the first bound with a factor of 1', () => {
    expect(longest(50, { factor: 1 })).toBe(999);
  });

  it('never exceeds the longest delay', () => {
    expect(longest(30)).toBe(59_999);
  });

  it('spreads evenly from nothing to the bound', () => {
    const at = (fraction: number): number => backoffMs(settings, 3, () => fraction);
    expect([at(0), at(0.25), at(0.5), at(0.75)]).toEqual([0, 1_000, 2_000, 3_000]);
  });

  it('is no delay at all when none is wanted, however many failures there were', () => {
    expect(longest(1, { baseDelayMs: 0 })).toBe(0);
    expect(longest(5_000, { baseDelayMs: 0 })).toBe(0);
  });

  it('is a whole number of milliseconds within its bounds for any settings and any number of failures', () => {
    fc.assert(fc.property(anySettings, failures, random, (any, failed, fraction) => {
      const delay = backoffMs(any, failed, () => fraction);
      expect(Number.isSafeInteger(delay)).toBe(true);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(any.maxDelayMs);
      if (failed === 1) expect(delay).toBeLessThanOrEqual(any.baseDelayMs);
    }));
  });

  it('never shrinks with more failures, given the same luck', () => {
    fc.assert(fc.property(anySettings, fc.integer({ min: 1, max: 2_000 }), random, (any, failed, fraction) => {
      expect(backoffMs(any, failed + 1, () => fraction)).toBeGreaterThanOrEqual(backoffMs(any, failed, () => fraction));
    }));
  });
});
