import { describe, expect, it } from 'vitest';
import { OwnLimits } from '../../../src/lib/task-system/core/launch/OwnLimits.ts';
import type { LaunchLimits } from '../../../src/lib/task-system/policy/sandbox/LaunchPlan.ts';

const SHARED: LaunchLimits = { program: '/usr/bin/prlimit', args: ['--core=0', '--cpu=100:102'], areShared: true, cpuSeconds: 100 };

/** What was asked of the kernel, and how much processor time was used. */
function make({ works = true } = {}): { readonly limits: OwnLimits; readonly asked: LaunchLimits[]; readonly used: { seconds: number } } {
  const asked: LaunchLimits[] = [];
  const used = { seconds: 0 };
  const limitSelf = (limits: LaunchLimits): boolean => {
    asked.push(limits);
    return works;
  };
  return { limits: new OwnLimits(limitSelf, () => used.seconds), asked, used };
}

describe('OwnLimits', () => {
  it('takes what all processes share, once, and covers each of them', () => {
    const { limits, asked } = make();
    expect([limits.cover(SHARED), limits.cover(SHARED), limits.cover({ ...SHARED })]).toEqual([true, true, true]);
    expect(asked).toEqual([SHARED]);
  });

  it('takes none that only some processes have', () => {
    const { limits, asked } = make();
    expect(limits.cover({ ...SHARED, areShared: false })).toBe(false);
    expect(asked).toEqual([]);
  });

  it('covers no process without limits, and takes none for it', () => {
    const { limits, asked } = make();
    expect(limits.cover(undefined)).toBe(false);
    expect(asked).toEqual([]);
  });

  it('does not cover others than it has: they could not be widened again', () => {
    const { limits, asked } = make();
    limits.cover(SHARED);
    expect(limits.cover({ ...SHARED, args: ['--core=0', '--cpu=50:52'] })).toBe(false);
    expect(limits.cover(SHARED)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('covers nothing where the kernel refuses, and does not ask again', () => {
    const { limits, asked } = make({ works: false });
    expect([limits.cover(SHARED), limits.cover(SHARED)]).toEqual([false, false]);
    expect(asked).toHaveLength(1);
  });

  it('is nearly used up at half of its processor time, and says so once', () => {
    const { limits, used } = make();
    limits.cover(SHARED);
    used.seconds = 49.9;
    expect(limits.areNearlyUsedUp()).toBe(false);
    used.seconds = 50;
    expect([limits.areNearlyUsedUp(), limits.areNearlyUsedUp()]).toEqual([true, false]);
  });

  it.each([
    ['has taken none', undefined, {}],
    ['has taken some without a bound of processor time', { program: SHARED.program, args: ['--core=0'], areShared: true }, {}],
    ['was refused them', SHARED, { works: false }],
  ] as const)('is never used up where it %s', (_case, wanted, how) => {
    const { limits, used } = make(how);
    limits.cover(wanted);
    used.seconds = 1_000_000;
    expect(limits.areNearlyUsedUp()).toBe(false);
  });
});
