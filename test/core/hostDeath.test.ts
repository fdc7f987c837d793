import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MARKS, rootMarkOf } from '../../src/lib/task-system/policy/Sandbox.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { ISOLATION_LEVELS } from '../../src/lib/task-system/types/Isolation.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { childrenOf, commandLine, isRunning, openSystem, processesIn, temporaryDirectory, testOptions } from './support.ts';
import { until } from './until.ts';

/** Starts a host program and resolves when it has printed as many lines. */
async function startHost(root: string, types: readonly string[], lines: number): Promise<{ readonly host: ChildProcess; readonly printed: readonly string[] }> {
  const host = spawn(process.execPath, [new URL('./hosts/spinning.mjs', import.meta.url).pathname, root, ...types], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { host.kill('SIGKILL'); });
  const printed: string[] = [];
  for await (const line of createInterface({ input: host.stdout })) {
    printed.push(line);
    if (printed.length === lines) break;
  }
  return { host, printed };
}

async function ended(host: ChildProcess): Promise<void> {
  if (host.exitCode === null && host.signalCode === null) await new Promise((resolve) => { host.once('exit', resolve); });
}

const hasKernel = await hasKernelLevel();
const LEVELS = ISOLATION_LEVELS.filter((level) => level !== 'kernel' || hasKernel);
const BUSY = [['an idle handler', 'heeds-abort', 'waiting'], ['one that spins', 'spins', 'spinning'], ['one that ignores signals', 'ignores-sigterm', 'ignoring']] as const;

describe.each(LEVELS)('when the host dies by SIGKILL, at the level "%s"', (level) => {
  it.each(BUSY)('%s is gone with it', async (_name, type, line) => {
    const root = temporaryDirectory();
    const { host, printed } = await startHost(root, [`${type}@${level}`], 1);
    expect(printed).toEqual([`log ${line}`]);
    expect(processesIn(root).length).toBeGreaterThan(0);
    host.kill('SIGKILL');
    await ended(host);
    await until(() => processesIn(root).length === 0);
  });
});

describe('when the host dies by SIGKILL', () => {
  it('a detached grandchild is gone with it', async () => {
    const root = temporaryDirectory();
    const { host, printed } = await startHost(root, ['leaves-grandchild'], 1);
    const pid = Number(printed[0]?.replace('log ', ''));
    expect(isRunning(pid)).toBe(true);
    host.kill('SIGKILL');
    await ended(host);
    await until(() => !isRunning(pid));
  });

  it('what it left is ended by the next host, also by one whose clock stands still', async () => {
    const root = temporaryDirectory();
    const left = spawn('sleep', ['1000'], { env: { ...process.env, [MARKS.root]: rootMarkOf(root) }, stdio: 'ignore' });
    onTestFinished(() => { left.kill('SIGKILL'); });
    await openSystem({ ...testOptions({ 'echo.mjs': {} }), root }, { clock: new FakeClock() });
    await ended(left);
    expect(left.signalCode).toBe('SIGKILL');
  });

  it('the task is run again by the next host, as an interruption', async () => {
    const root = temporaryDirectory();
    const { host } = await startHost(root, ['spins'], 1);
    host.kill('SIGKILL');
    await ended(host);
    const system = await openSystem({ ...testOptions({ 'spins.mjs': { stopGraceMs: 0 } }), root });
    const { tasks: [task] } = await system.list();
    expect(task).toMatchObject({ type: 'spins', interruptions: 1 });
    await expect(system.cancel(task?.id ?? '')).resolves.toBe(true);
  });
});

describe('when the host and its undertaker are killed together', () => {
  it('the next host on the same root ends what is left before it runs anything', async () => {
    const root = temporaryDirectory();
    const { host } = await startHost(root, ['spins@process'], 1);
    const undertaker = childrenOf(host.pid ?? 0).find((pid) => commandLine(pid).includes('task-system-undertaker'));
    // To kill number 0 would be to kill the tests themselves.
    if (undertaker === undefined) throw new Error('there is no undertaker');
    process.kill(undertaker, 'SIGKILL');
    host.kill('SIGKILL');
    await ended(host);
    const spinning = processesIn(root).filter((pid) => commandLine(pid).includes('task-system: spins'));
    expect(spinning).toHaveLength(1);
    const system = await openSystem({ ...testOptions({ 'spins.mjs': { stopGraceMs: 0 } }), root });
    expect(spinning.map(isRunning)).toEqual([false]);
    const { tasks: [task] } = await system.list();
    await system.cancel(task?.id ?? '');
  });
});

describe('when the host exits by itself without closing', () => {
  it('its tasks are gone too', async () => {
    const root = temporaryDirectory();
    const { host } = await startHost(root, ['spins'], 1);
    host.kill('SIGTERM');
    await ended(host);
    await until(() => processesIn(root).length === 0);
  });
});
