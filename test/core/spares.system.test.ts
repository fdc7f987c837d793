import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ISOLATION_LEVELS } from '../../src/lib/task-system/types/Isolation.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { commandLine, isRunning, logged, openSystem, processesIn, testOptions } from './support.ts';
import { until } from './until.ts';

const hasKernel = await hasKernelLevel();

/** The process of a system that calls itself so, once there is one. */
async function processNamed(root: string, name: string): Promise<number> {
  let found: number | undefined;
  await until(() => {
    found = processesIn(root).find((pid) => commandLine(pid).startsWith(name));
    return found !== undefined;
  });
  // To signal number 0 would be to signal the tests themselves.
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function namespaceOf(pid: number | 'self', name: string): string {
  return readlinkSync(`/proc/${String(pid)}/ns/${name}`);
}

function statusOf(pid: number, field: string): string | undefined {
  return new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]?.trim();
}

describe.skipIf(!hasKernel)('a spare at the level "kernel"', () => {
  it('waits in a finished sandbox, in which its task then runs in the same process', async () => {
    const options = testOptions({ 'ends.mjs': { stopGraceMs: 0, sandbox: { level: 'kernel' } } }, { queue: { spares: 1 } });
    const system = await openSystem(options);
    const spare = await processNamed(options.root, 'task-system: spare');
    for (const name of ['mnt', 'pid', 'net', 'ipc', 'uts']) expect(namespaceOf(spare, name), name).not.toBe(namespaceOf('self', name));
    for (const thread of readdirSync(`/proc/${String(spare)}/task`).map(Number)) {
      expect([statusOf(thread, 'Seccomp'), statusOf(thread, 'NoNewPrivs')]).toEqual(['2', '1']);
      expect(['CapPrm', 'CapEff', 'CapAmb'].map((set) => statusOf(thread, set))).toEqual(Array.from({ length: 3 }, () => '0000000000000000'));
      for (const name of ['Uid', 'Gid']) expect(statusOf(thread, name)?.split('\t')).not.toContain('0');
      if (process.getuid?.() === 0) expect(statusOf(thread, 'Groups')).toBe('');
    }

    const namespaces = ['mnt', 'pid', 'net'].map((name) => namespaceOf(spare, name));
    const handle = await system.submit({ type: 'ends', input: { how: 'hang' } });
    await logged(system, handle.id, 'left');
    const runner = await processNamed(options.root, `task-system: ends ${handle.id}`);
    expect(runner).toBe(spare);
    expect(['mnt', 'pid', 'net'].map((name) => namespaceOf(runner, name))).toEqual(namespaces);
    await handle.cancel();
  });

  it('is never used twice: the next task has another process and another sandbox', async () => {
    const options = testOptions({ 'ends.mjs': { stopGraceMs: 0, sandbox: { level: 'kernel' } } }, { queue: { spares: 1 } });
    const system = await openSystem(options);
    const used: string[] = [];
    for (let round = 0; round < 3; round++) {
      const handle = await system.submit({ type: 'ends', input: { how: 'hang' } });
      await logged(system, handle.id, 'left');
      const pid = await processNamed(options.root, `task-system: ends ${handle.id}`);
      used.push(String(pid), namespaceOf(pid, 'mnt'), namespaceOf(pid, 'pid'));
      // While it lives: the numbers of what is gone are given again.
      const successor = await processNamed(options.root, 'task-system: spare');
      expect([String(successor), namespaceOf(successor, 'mnt'), namespaceOf(successor, 'pid')].filter((name) => used.slice(-3).includes(name))).toEqual([]);
      await handle.cancel();
    }
  });
});

describe.each(ISOLATION_LEVELS.filter((level) => level !== 'kernel' || hasKernel))('a spare at the level "%s" that somebody harms', (level) => {
  it('by a kill: the task has another process, and notices nothing', async () => {
    const options = testOptions({ 'echo.mjs': { sandbox: { level } } }, { queue: { spares: 1 } });
    const system = await openSystem(options);
    const spare = await processNamed(options.root, 'task-system: spare');
    process.kill(spare, 'SIGKILL');
    // Word of it may still be on its way to the host.
    await until(() => processesIn(options.root).length === 0);
    const handle = await system.submit({ type: 'echo', input: 'unharmed' });
    await expect(handle.result()).resolves.toBe('unharmed');
    await expect(system.get(handle.id)).resolves.toMatchObject({ attempt: 1 });
  });

  it('by a stop: the task that gets it ends with its time, and the next one has another process', async () => {
    const options = testOptions({ 'echo.mjs': { sandbox: { level }, stopGraceMs: 0 } }, { queue: { spares: 1, maxConcurrent: 1 } });
    const system = await openSystem(options);
    const spare = await processNamed(options.root, 'task-system: spare');
    process.kill(spare, 'SIGSTOP');
    const stopped = await system.submit({ type: 'echo', timeoutMs: 1_000 });
    const next = await system.submit({ type: 'echo', input: 'unharmed' });
    await expect(stopped.result()).rejects.toMatchObject({ code: 'TASK_TIMEOUT' });
    await expect(next.result()).resolves.toBe('unharmed');
    expect(isRunning(spare)).toBe(false);
  });
});
