import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CompileCache } from '../../src/lib/task-system/core/CompileCache.ts';
import { DirectLauncher } from '../../src/lib/task-system/core/launch/DirectLauncher.ts';
import { isAlive } from '../../src/lib/task-system/core/processTree.ts';
import { TaskProcess } from '../../src/lib/task-system/core/TaskProcess.ts';
import { planOwn } from '../../src/lib/task-system/policy/Sandbox.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { systemClock, type Clock } from '../../src/lib/task-system/types/Ports.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { CHILD_ENTRY, openSystem, temporaryDirectory, testOptions } from './support.ts';
import { until } from './until.ts';

const hasKernel = await hasKernelLevel();

interface Setup {
  readonly cache: CompileCache;
  readonly folder: string;
  readonly children: readonly TaskProcess[];
}

/** @param program in the place of the one that children run. */
function setUp({ program = CHILD_ENTRY, clock = systemClock, makeFolder }: { readonly program?: string; readonly clock?: Clock; readonly makeFolder?: () => string } = {}): Setup {
  const folder = temporaryDirectory();
  const children: TaskProcess[] = [];
  const cache = new CompileCache(makeFolder ?? (() => folder), (env) => {
    const child = new TaskProcess(randomUUID(), planOwn(program, env, 0), { launcher: new DirectLauncher(spawn), clock, maxResultBytes: 1_000 });
    children.push(child);
    return child;
  }, clock);
  onTestFinished(() => cache.close());
  return { cache, folder, children };
}

function countTo(cache: CompileCache, processes: number): void {
  for (let count = 0; count < processes; count++) cache.count();
}

describe('CompileCache', () => {
  it('costs nothing where few processes are started', () => {
    const { cache, folder, children } = setUp();
    countTo(cache, 3);
    expect([children.length, readdirSync(folder), cache.folder]).toEqual([0, [], undefined]);
  });

  it('is made by one process, however many come, and is there when that process is gone', async () => {
    const { cache, children } = setUp();
    countTo(cache, 50);
    await until(() => cache.folder !== undefined);
    expect(children).toHaveLength(1);
    expect(isAlive(children[0]?.pid ?? process.pid)).toBe(false);
  });

  it('holds the program, for nobody else to read or write', async () => {
    const { cache, folder } = setUp();
    countTo(cache, 4);
    await until(() => cache.folder !== undefined);
    expect(cache.folder).toBe(join(folder, 'task-system-compiled'));
    expect(statSync(cache.folder ?? '').mode & 0o777).toBe(0o700);
    const files = readdirSync(cache.folder ?? '', { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(Math.max(...files.map((file) => statSync(join(file.parentPath, file.name)).size))).toBeGreaterThan(10_000);
  });

  it.each([
    ['ends before it is up', 'data/none.cjs'],
    ['never comes up, and is ended with the system', 'programs/silent.cjs'],
  ])('is not there where the process %s', async (_, program) => {
    const { cache, children } = setUp({ program: join(import.meta.dirname, program) });
    countTo(cache, 4);
    await cache.close();
    expect(cache.folder).toBeUndefined();
    expect(children.every(({ pid }) => pid === undefined || !isAlive(pid))).toBe(true);
  });

  it('gives up a process that takes too long', async () => {
    const clock = new FakeClock();
    const { cache, children } = setUp({ program: join(import.meta.dirname, 'programs/silent.cjs'), clock });
    countTo(cache, 4);
    await vi.waitUntil(() => children.length === 1);
    clock.advance(60_000);
    await children[0]?.exited;
    expect(cache.folder).toBeUndefined();
  });

  it('is not there, and breaks nothing, where there is no room for it', async () => {
    const { cache } = setUp({ makeFolder: () => { throw new Error('ENOSPC'); } });
    countTo(cache, 4);
    await cache.close();
    expect(cache.folder).toBeUndefined();
  });

  it('is not made for a system that is closing', async () => {
    const { cache, children } = setUp();
    await cache.close();
    countTo(cache, 10);
    expect(children).toEqual([]);
  });
});

describe.each(['process', 'permission-model', 'kernel'] as const)('the compiled program of children at the level "%s"', (level) => {
  it.skipIf(level === 'kernel' && !hasKernel)('is read by later ones where they may, and their tasks are told nothing of it', async () => {
    const options = testOptions({ 'compiled.mjs': { sandbox: { level } } }, { queue: { spares: 1, maxConcurrent: 1 } });
    const system = await openSystem(options);
    const results: unknown[] = [];
    const isRead = (): boolean => results.some((result) => typeof result === 'object' && result !== null && 'folder' in result && result.folder !== null);
    while (!isRead() && results.length < (level === 'permission-model' ? 10 : 200)) results.push(await (await system.submit({ type: 'compiled' })).result());
    expect(isRead()).toBe(level !== 'permission-model');
    for (const result of results) expect(result).toMatchObject({ variable: null });
    if (level === 'kernel') expect(results.at(-1)).toMatchObject({ folder: expect.stringMatching(/^\/task-system-compiled\//) });
    await system.close();
    expect(existsSync(join(options.root, 'workspaces')) ? readdirSync(join(options.root, 'workspaces')) : []).toEqual([]);
  });
});

describe.each(['process', 'kernel'] as const)('the compile cache that an app asks for, at the level "%s"', (level) => {
  it.skipIf(level === 'kernel' && !hasKernel)('stays that of the app', async () => {
    const own = temporaryDirectory();
    vi.stubEnv('NODE_COMPILE_CACHE', own);
    onTestFinished(() => { vi.unstubAllEnvs(); });
    const options = testOptions({ 'compiled.mjs': { sandbox: { level } } }, { queue: { spares: 0 }, sandbox: { env: ['NODE_COMPILE_CACHE'] } });
    const system = await openSystem(options);
    for (let count = 0; count < 8; count++) await expect((await system.submit({ type: 'compiled' })).result()).resolves.toMatchObject({ variable: own });
  });
});
