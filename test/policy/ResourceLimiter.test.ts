import { describe, expect, it } from 'vitest';
import type { LimitBreach } from '../../src/lib/task-system/policy/limits/usage.ts';
import { ResourceLimiter } from '../../src/lib/task-system/policy/ResourceLimiter.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { DEFAULTS } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { startScript } from '../core/programs.ts';

const KILLED = { code: null, signal: 'SIGKILL', output: '' };
const BREACH: LimitBreach = { limit: 'memory', unit: 'bytes', allowed: 100, seen: 100, peak: 100, mechanism: 'kernel' };
const watch = (group?: { readonly cpuMs: number; readonly breach: LimitBreach | undefined }, pid?: number): ReturnType<ResourceLimiter['watch']> => (
  new ResourceLimiter([DEFAULTS.limits], new FakeClock()).watch({ pid, processId: 'one', workspace: '/nonexistent', ...(group === undefined ? {} : { group }) }, DEFAULTS.limits)
);

describe('ResourceLimiter', () => {
  it('lays an end by a signal to nobody\'s charge', () => {
    expect(watch().explainExit(KILLED)).toBeUndefined();
    expect(watch({ cpuMs: 0, breach: undefined }).explainExit(KILLED)).toBeUndefined();
  });

  it('says that the kernel ended the whole group', () => {
    expect(watch({ cpuMs: 0, breach: BREACH }).explainExit(KILLED)).toBe(BREACH);
  });

  it('says of a failure, too, that the kernel had refused the group something', () => {
    expect(watch({ cpuMs: 0, breach: BREACH }).explainFailure({ name: 'Error', message: 'spawn EAGAIN' })).toBe(BREACH);
    expect(watch().explainFailure({ name: 'Error', message: 'spawn EAGAIN' })).toBeUndefined();
  });

  it('takes the CPU time of the group where that is more than what can be seen', async () => {
    const { pid } = startScript('exec sleep 1000');
    expect((await watch({ cpuMs: 12_345, breach: undefined }, pid).finish()).cpuMs).toBe(12_345);
    expect((await watch({ cpuMs: 0, breach: undefined }, pid).finish()).cpuMs).toBeLessThan(12_345);
  });

  it('has nothing to tell of a process that was never started', async () => {
    expect(await watch().finish()).toEqual({ cpuMs: 0, memoryBytes: 0, processes: 0 });
  });
});
