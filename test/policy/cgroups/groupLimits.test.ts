import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupSettings, maxMemory, maxTasks } from '../../../src/lib/task-system/policy/cgroups/groupLimits.ts';
import { CGROUP_CONTROLLERS } from '../../../src/lib/task-system/types/Isolation.ts';

const NO_LIMITS = { memoryMb: false, processes: false, cpus: false } as const;
const valuesOf = (...request: Parameters<typeof groupSettings>): Record<string, string> => Object.fromEntries(groupSettings(...request).map(({ file, value }) => [file, value]));

describe('groupSettings', () => {
  it('sets memory in bytes, without swap, and ends all processes together', () => {
    expect(valuesOf({ ...NO_LIMITS, memoryMb: 200 }, ['memory'])).toEqual({ 'memory.max': '209715200', 'memory.swap.max': '0', 'memory.oom.group': '1' });
  });

  it('leaves out what older kernels, or machines without swap, do not know', () => {
    const optional = groupSettings({ ...NO_LIMITS, memoryMb: 200 }, ['memory']).filter(({ isOptional }) => isOptional === true);
    expect(optional.map(({ file }) => file)).toEqual(['memory.swap.max', 'memory.oom.group']);
  });

  it('sets a number of threads for which the watch over processes comes first', () => {
    expect(valuesOf({ ...NO_LIMITS, processes: 64 }, ['pids'])).toEqual({ 'pids.max': '1088' });
  });

  it.each([[0.5, '50000 100000'], [1, '100000 100000'], [2.25, '225000 100000'], [0.01, '1000 100000']])('sets %s processors as a share of a tenth of a second', (cpus, value) => {
    expect(valuesOf({ ...NO_LIMITS, cpus }, ['cpu'])).toEqual({ 'cpu.max': value });
  });

  it('sets nothing for what has no bound', () => {
    expect(groupSettings(NO_LIMITS, CGROUP_CONTROLLERS)).toEqual([]);
  });

  it.each(CGROUP_CONTROLLERS)('sets nothing of %s where the kernel does not hold it', (controller) => {
    const all = groupSettings({ memoryMb: 1, processes: 1, cpus: 1 }, CGROUP_CONTROLLERS.filter((other) => other !== controller));
    expect(all.some(({ file }) => file.startsWith(`${controller}.`))).toBe(false);
    expect(all.length).toBeGreaterThan(0);
  });

  it('never allows more by a narrower limit', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 100_000 }), (left, right) => {
      const [narrow, wide] = [Math.min(left, right), Math.max(left, right)];
      expect(maxMemory({ memoryMb: narrow })).toBeLessThanOrEqual(maxMemory({ memoryMb: wide }) ?? 0);
      expect(maxTasks({ processes: narrow })).toBeLessThanOrEqual(maxTasks({ processes: wide }) ?? 0);
    }));
  });
});
