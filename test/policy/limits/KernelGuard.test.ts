import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { KernelGuard } from '../../../src/lib/task-system/policy/limits/KernelGuard.ts';
import { Prlimit } from '../../../src/lib/task-system/policy/limits/Prlimit.ts';
import type { LaunchPlan } from '../../../src/lib/task-system/policy/sandbox/LaunchPlan.ts';
import type { ResolvedLimits } from '../../../src/lib/task-system/types/ResolvedOptions.ts';
import { temporaryDirectory } from '../../support/files.ts';

const PLAN: LaunchPlan = { command: '/usr/bin/node', args: ['child.cjs'], cwd: '/tmp', env: {}, niceness: 0 };
const WIDE: ResolvedLimits = {
  memoryMb: false, cpuMs: false, processes: 64, cpus: false, openFiles: 512, workspaceMb: false, workerThreads: 1, inputBytes: 1_000, outputBytes: 1_000, resultBytes: 1_000, artifacts: 0, artifactsMb: 0,
};
const NARROW: ResolvedLimits = { ...WIDE, cpuMs: 2_000, openFiles: 100 };

/** A `prlimit` that writes down what it was asked for. */
function recorder(exitCode = 0): { readonly prlimit: Prlimit; readonly calls: () => readonly string[] } {
  const directory = temporaryDirectory();
  const file = path.join(directory, 'prlimit');
  const log = path.join(directory, 'log');
  writeFileSync(log, '');
  writeFileSync(file, `#!/bin/sh\necho "$*" >> ${log}\nexit ${String(exitCode)}\n`);
  chmodSync(file, 0o755);
  return { prlimit: new Prlimit([file]), calls: () => readFileSync(log, 'utf8').split('\n').filter(Boolean) };
}

describe.runIf(process.platform === 'linux')('KernelGuard', () => {
  it('limits a process that is up to the widest limits of all types', async () => {
    const { prlimit, calls } = recorder();
    const guard = new KernelGuard([NARROW, WIDE], prlimit);
    guard.wrap(PLAN, 'a');
    await guard.confine('a', process.pid);
    expect(calls()).toEqual([`--pid ${String(process.pid)} --core=0 --nofile=512`]);
    expect(guard.processOf('a').limits).toEqual({ openFiles: 512 });
  });

  it('starts later processes with them, once they were seen to work', async () => {
    const { prlimit } = recorder();
    const guard = new KernelGuard([NARROW, WIDE], prlimit);
    expect(guard.wrap(PLAN, 'a')).toBe(PLAN);
    await guard.confine('a', process.pid);
    expect(guard.wrap(PLAN, 'b')).toEqual({ ...PLAN, limits: { program: expect.stringContaining('prlimit'), args: ['--core=0', '--nofile=512'], areShared: true } });
    expect(guard.processOf('b').limits).toEqual({ openFiles: 512 });
  });

  it.each([
    ['leave enough processor time to share them', 60_000, true, true],
    ['leave little of it', 50_000, true, false],
    ['leave any, but some processes have more threads than others', false, false, false],
  ] as const)('says whether whoever starts processes may have their limits: they %s', async (_case, cpuMs, isAlike, areShared) => {
    const { prlimit } = recorder();
    const guard = new KernelGuard([{ ...WIDE, cpuMs }], prlimit);
    guard.wrap(PLAN, 'a');
    await guard.confine('a', process.pid);
    expect(guard.wrap(PLAN, 'b', 0, isAlike).limits).toMatchObject({ areShared, ...(cpuMs === false ? {} : { cpuSeconds: cpuMs / 1_000 + 1 }) });
  });

  it('leaves room for the threads that a process has beside those of its task', async () => {
    const { prlimit } = recorder();
    const guard = new KernelGuard([{ ...WIDE, memoryMb: 100 }], prlimit);
    guard.wrap(PLAN, 'a');
    await guard.confine('a', process.pid);
    const dataOf = (ownThreads: number): number => Number(/--data=(\d+)/.exec(guard.wrap(PLAN, 'b', ownThreads).limits?.args.join(' ') ?? '')?.[1]);
    const plain = dataOf(0);
    expect(dataOf(1)).toBeGreaterThan(plain);
    expect(dataOf(0)).toBe(plain);
  });

  it('has nothing to do for a process that is limited so already', async () => {
    const { prlimit, calls } = recorder();
    const guard = new KernelGuard([WIDE], prlimit);
    guard.wrap(PLAN, 'a');
    await guard.confine('a', process.pid);
    expect(guard.confine('a', process.pid, WIDE)).toBeUndefined();
    expect(calls()).toHaveLength(1);
  });

  it('narrows to the limits of a type', async () => {
    const { prlimit, calls } = recorder();
    const guard = new KernelGuard([NARROW, WIDE], prlimit);
    guard.wrap(PLAN, 'a');
    await guard.confine('a', process.pid);
    await guard.confine('a', process.pid, NARROW);
    expect(calls().at(-1)).toBe(`--pid ${String(process.pid)} --core=0 --cpu=3:5 --nofile=100`);
    expect(guard.processOf('a').limits).toEqual({ cpuSeconds: 3, openFiles: 100 });
  });

  it('limits one after the other, so that the narrower one is the last', async () => {
    const { prlimit, calls } = recorder();
    const guard = new KernelGuard([NARROW, WIDE], prlimit);
    guard.wrap(PLAN, 'a');
    const first = guard.confine('a', process.pid);
    const second = guard.confine('a', process.pid, NARROW);
    await Promise.all([first, second]);
    expect(calls().map((call) => call.includes('--cpu'))).toEqual([false, true]);
  });

  it('does not believe in limits that were refused', async () => {
    const { prlimit } = recorder(1);
    const guard = new KernelGuard([NARROW], prlimit);
    guard.wrap(PLAN, 'a');
    await guard.confine('a', process.pid);
    expect(guard.processOf('a').limits).toEqual({});
    expect(guard.wrap(PLAN, 'b')).toBe(PLAN);
  });

  it('leaves everything as it is where there is no prlimit', () => {
    const guard = new KernelGuard([NARROW], new Prlimit(['/nowhere/prlimit']));
    expect(guard.wrap(PLAN, 'a')).toBe(PLAN);
    expect(guard.confine('a', process.pid)).toBeUndefined();
  });

  it('has nothing to limit in a process that is gone', () => {
    const { prlimit, calls } = recorder();
    const guard = new KernelGuard([NARROW], prlimit);
    guard.wrap(PLAN, 'a');
    expect(guard.confine('a', undefined)).toBeUndefined();
    guard.forget('a');
    expect(guard.confine('a', process.pid)).toBeUndefined();
    expect(calls()).toEqual([]);
  });

  it('still knows why a process ended when it is gone', async () => {
    const { prlimit } = recorder();
    const guard = new KernelGuard([NARROW], prlimit);
    guard.wrap(PLAN, 'a');
    const guarded = guard.processOf('a');
    await guard.confine('a', process.pid);
    guard.forget('a');
    expect(guarded.limits).toEqual({ cpuSeconds: 3, openFiles: 100 });
  });
});
