import { describe, expect, it } from 'vitest';
import { kernelLimits, prlimitArgs, sameLimits, widest, withinOwn } from '../../../src/lib/task-system/policy/limits/rlimits.ts';
import { DEFAULTS } from '../../../src/lib/task-system/types/ResolvedOptions.ts';

const MIB = 1_048_576;

describe('kernelLimits', () => {
  it('adds what Node reserves, once for itself and once for each worker thread', () => {
    const { dataBytes } = kernelLimits({ ...DEFAULTS.limits, memoryMb: 100, workerThreads: 1 }, 50 * MIB);
    expect(dataBytes).toBe((50 * 2 + 100 + 16) * MIB);
  });

  it('does not limit memory while the baseline is unknown, nor what is switched off', () => {
    expect(kernelLimits(DEFAULTS.limits, undefined).dataBytes).toBeUndefined();
    expect(kernelLimits({ ...DEFAULTS.limits, memoryMb: false, cpuMs: false, openFiles: false, workspaceMb: false }, MIB)).toEqual({});
  });
});

describe('widest', () => {
  it('takes the larger of each, and none where one has none', () => {
    expect(widest([{ openFiles: 10, cpuSeconds: 5 }, { openFiles: 20 }])).toEqual({ openFiles: 20 });
  });

  it('is nothing of nothing', () => {
    expect(widest([])).toEqual({});
  });
});

describe('prlimitArgs', () => {
  it('names every limit, and lets a process that is out of CPU time hear of it first', () => {
    expect(prlimitArgs({ dataBytes: 1, cpuSeconds: 2, openFiles: 3, fileBytes: 4 })).toEqual(['--core=0', '--data=1', '--cpu=2:4', '--nofile=3', '--fsize=4']);
  });
});

describe('sameLimits', () => {
  it('compares values', () => {
    expect([sameLimits({ openFiles: 1 }, { openFiles: 1 }), sameLimits({ openFiles: 1 }, { openFiles: 2 })]).toEqual([true, false]);
  });
});

describe('withinOwn', () => {
  it('asks for no more open files than this process may have', () => {
    expect(withinOwn({ openFiles: 2 ** 40 }).openFiles).toBeLessThan(2 ** 40);
    expect(withinOwn({ openFiles: 10, cpuSeconds: 1 })).toEqual({ openFiles: 10, cpuSeconds: 1 });
  });
});
