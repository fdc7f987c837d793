import { describe, expect, it } from 'vitest';
import { UsageWatch } from '../../../src/lib/task-system/policy/limits/UsageWatch.ts';
import type { LimitBreach, TreeUsage } from '../../../src/lib/task-system/policy/limits/usage.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { DEFAULTS, type ResolvedLimits } from '../../../src/lib/task-system/types/ResolvedOptions.ts';
import { turns } from '../../core/until.ts';

const MIB = 1_048_576;
const QUIET: TreeUsage = { cpuMs: 10, memoryBytes: MIB, processes: 1, threads: 10 };

interface Setup {
  readonly watch: UsageWatch;
  readonly usages: TreeUsage[];
  readonly breaches: LimitBreach[];
  readonly state: { usage: TreeUsage | undefined; exact: number | undefined; disk: number; reads: number };
  /** Lets time pass in steps of 10 ms. */
  readonly pass: (ms: number) => Promise<void>;
}

function setup(limits: Partial<ResolvedLimits> = {}): Setup {
  const clock = new FakeClock();
  const state: Setup['state'] = { usage: QUIET, exact: undefined, disk: 0, reads: 0 };
  const watch = new UsageWatch({ ...DEFAULTS.limits, ...limits }, {
    clock,
    reader: { minIntervalMs: 0, exactMemory: () => state.exact, read: () => { state.reads++; return Promise.resolve(state.usage); } },
    measureDisk: () => Promise.resolve({ bytes: state.disk, entries: 1 }),
  });
  const usages: TreeUsage[] = [];
  const breaches: LimitBreach[] = [];
  watch.start({ onUsage: (usage) => { usages.push(usage); }, onBreach: (breach) => { breaches.push(breach); } });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) { clock.advance(10); await turns(2); }
  };
  return { watch, usages, breaches, state, pass };
}

describe('UsageWatch', () => {
  it('takes ten samples a second at first and five later, and tells one a second', async () => {
    const { state, usages, pass } = setup();
    await pass(5_000);
    const early = state.reads;
    await pass(5_000);
    expect([early, state.reads - early, usages.length]).toEqual([50, 25, 10]);
  });

  it.each<[LimitBreach['limit'], Partial<TreeUsage>, LimitBreach['unit'], number]>([
    ['memory', { memoryBytes: 513 * MIB }, 'bytes', 512 * MIB],
    ['cpu', { cpuMs: 900_001 }, 'ms', 900_000],
    ['processes', { processes: 65 }, 'processes', 64],
    ['processes', { threads: 64 * 16 + 1 }, 'threads', 64 * 16],
  ])('says once that the limit of %s is exceeded, and then watches no more', async (limit, over, unit, allowed) => {
    const { state, breaches, pass } = setup();
    state.usage = { ...QUIET, ...over };
    await pass(1_000);
    const seen = Object.values(over)[0];
    expect([breaches, state.reads]).toEqual([[{ limit, unit, allowed, seen, peak: seen, mechanism: 'watched' }], 1]);
  });

  it('says it of the workspace', async () => {
    const { state, breaches, pass } = setup({ workspaceMb: 1 });
    state.disk = MIB + 1;
    await pass(300);
    expect(breaches).toMatchObject([{ limit: 'disk', allowed: MIB, seen: MIB + 1 }]);
  });

  it('believes the exact count of shared memory over the rough one', async () => {
    const { state, breaches, watch, pass } = setup({ memoryMb: 10 });
    state.usage = { ...QUIET, memoryBytes: 30 * MIB };
    state.exact = 9 * MIB;
    await pass(1_000);
    expect([breaches, watch.peaks.memoryBytes]).toEqual([[], 9 * MIB]);
  });

  it('samples faster while memory grows towards its limit', async () => {
    const { state, breaches, pass } = setup({ memoryMb: 200 });
    state.usage = { ...QUIET, memoryBytes: 150 * MIB };
    await pass(100);
    state.usage = { ...QUIET, memoryBytes: 201 * MIB };
    await pass(20);
    expect(breaches).toHaveLength(1);
  });

  it('knows no limit that is switched off', async () => {
    const { state, breaches, pass } = setup({ memoryMb: false, cpuMs: false, processes: false, workspaceMb: false });
    state.usage = { cpuMs: 1e12, memoryBytes: 1e15, processes: 1e6, threads: 1e7 };
    state.disk = 1e15;
    await pass(1_000);
    expect(breaches).toEqual([]);
  });

  it('takes a last look when it ends, and keeps what it saw when nothing is left to look at', async () => {
    const first = setup();
    expect(await first.watch.finish()).toEqual({ cpuMs: 10, memoryBytes: MIB, processes: 1 });
    const second = setup();
    await second.pass(300);
    second.state.usage = undefined;
    expect(await second.watch.finish()).toEqual({ cpuMs: 10, memoryBytes: MIB, processes: 1, workspaceBytes: 0 });
  });

  it('goes on when a sample fails', async () => {
    const { state, usages, pass } = setup();
    state.usage = undefined;
    await pass(200);
    state.usage = QUIET;
    await pass(200);
    expect(usages).toEqual([QUIET]);
  });
});
