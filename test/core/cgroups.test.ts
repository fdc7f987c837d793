import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { kernelFiles } from '../../src/lib/task-system/policy/cgroups/CgroupFiles.ts';
import { openCgroups } from '../../src/lib/task-system/policy/cgroups/openCgroups.ts';
import { ownDirectory } from '../../src/lib/task-system/policy/cgroups/ownDirectory.ts';
import { rootMarkOf } from '../../src/lib/task-system/policy/Sandbox.ts';
import { systemClock } from '../../src/lib/task-system/types/Ports.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { startScript } from './programs.ts';
import { openSystem, testOptions } from './support.ts';
import { until } from './until.ts';

/** Where this machine lets the tests make groups; says loudly what is left out where it does not, or where the kernel holds nothing there. */
const delegated = await findDelegated();
const kernel = await hasKernelLevel();

describe.skipIf(delegated === undefined)('control groups of this machine', () => {
  const setUp = (): string => {
    const directory = join(delegated?.directory ?? '', `task-system-test-${randomUUID()}`);
    mkdirSync(directory);
    onTestFinished(() => { rmdirSync(directory); });
    return directory;
  };

  it('hold a process and all it starts, and end them with one word', async () => {
    const directory = setUp();
    const cgroups = await openCgroups({ setting: directory, name: 'app', spawn, clock: systemClock });
    const program = startScript('read -r _; setsid sleep 1000 & echo started; wait');
    const group = cgroups.admit('one', Promise.resolve([program.pid]));
    await group.entered;
    program.child.stdin?.write('go\n');
    await program.nextLine();
    expect(group.pids).toHaveLength(2);
    cgroups.forget('one');
    expect(await program.ended).toBe('SIGKILL');
    await cgroups.close();
    expect(readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())).toEqual([]);
  });

  it('count the CPU time also of what has ended', async () => {
    const cgroups = await openCgroups({ setting: setUp(), name: 'app', spawn, clock: systemClock });
    const program = startScript('read -r _; (i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done); echo done; read -r _');
    const group = cgroups.admit('one', Promise.resolve([program.pid]));
    await group.entered;
    program.child.stdin?.write('go\n');
    await program.nextLine();
    expect(group.cpuMs).toBeGreaterThan(0);
    await cgroups.close();
  });

  it('that a host left are ended at the next start', async () => {
    const directory = setUp();
    await openCgroups({ setting: directory, name: 'app', spawn, clock: systemClock });
    const left = join(directory, 'task-system.app', 'left');
    await kernelFiles.make(left);
    const program = startScript('exec sleep 1000');
    await kernelFiles.write(join(left, 'cgroup.procs'), String(program.pid));
    const next = await openCgroups({ setting: directory, name: 'app', spawn, clock: systemClock });
    expect(await program.ended).toBe('SIGKILL');
    expect(existsSync(left)).toBe(false);
    await next.close();
  });

  it.each(kernel ? ['process', 'kernel'] as const : ['process'] as const)('are made for each attempt and removed after it, at the level %s', async (level) => {
    const directory = setUp();
    const options = testOptions({ 'reads-cgroup.mjs': { sandbox: { level } } }, { sandbox: { cgroup: directory } });
    const tasks = await openSystem(options);
    const base = `task-system.${rootMarkOf(options.root)}`;
    const results = await Promise.all([1, 2].map(async () => (await tasks.submit({ type: 'reads-cgroup' })).result()));
    // Version 2 is the line without a controller; the last part is the group of this process alone.
    const groups = results.map((text) => new RegExp(`^0::.*${base}/(.+)$`, 'm').exec(typeof text === 'string' ? text : '')?.[1]);
    expect(new Set(groups).size).toBe(2);
    expect(groups).not.toContain(undefined);
    await tasks.close();
    expect(existsSync(join(directory, base))).toBe(false);
  });

  it('are looked at by the doctor of an open system without any harm to its tasks', async () => {
    const directory = setUp();
    const tasks = await openSystem(testOptions({ 'never.mjs': { sandbox: { level: 'process' }, stopGraceMs: 0 } }, { sandbox: { cgroup: directory }, queue: { spares: 0 } }));
    const handle = await tasks.submit({ type: 'never' });
    const isRunning = async (): Promise<boolean> => (await tasks.get(handle.id))?.state === 'running';
    await until(isRunning);
    const { cgroup, types } = await tasks.doctor();
    expect([cgroup.directory, types]).toEqual([directory, [{ type: 'never', level: 'process' }]]);
    expect(await isRunning()).toBe(true);
    await handle.cancel();
  });

  it('hold spares, too, before any task is known', async () => {
    const directory = setUp();
    const options = testOptions({ 'echo.mjs': { sandbox: { level: 'process' } } }, { sandbox: { cgroup: directory }, queue: { spares: 2 } });
    await openSystem(options);
    const base = join(directory, `task-system.${rootMarkOf(options.root)}`);
    await until(() => kernelFiles.groupsIn(base).filter((name) => (kernelFiles.read(join(base, name, 'cgroup.procs')) ?? '') !== '').length === 2);
  });
});

describe('sandbox.cgroup', () => {
  it('does not let a system open that cannot have the group', async () => {
    await expect(openSystem(testOptions({ 'echo.mjs': {} }, { sandbox: { cgroup: '/proc' } }))).rejects.toMatchObject({ code: 'CGROUP_UNAVAILABLE' });
  });

  it('is what holds limits.cpus: without it each task says that it is not held', async () => {
    const tasks = await openSystem(testOptions({ 'echo.mjs': { sandbox: { level: 'process' }, limits: { cpus: 0.5 } } }));
    const handle = await tasks.submit({ type: 'echo', input: {} });
    const warnings: string[] = [];
    for await (const event of handle.events()) if (event.type === 'task:warning') warnings.push(event.data.message);
    expect(warnings).toEqual([expect.stringContaining('`limits.cpus` is not held')]);
  });
});

async function findDelegated(): Promise<{ readonly directory: string } | undefined> {
  const directory = ownDirectory(kernelFiles);
  const place = directory === undefined ? undefined : join(directory, `task-system-probe-${randomUUID()}`);
  try {
    if (place === undefined || directory === undefined) throw new Error('there are no cgroups v2');
    mkdirSync(place);
    const cgroups = await openCgroups({ setting: place, name: 'probe', spawn, clock: systemClock });
    await cgroups.close();
    const held = readFileSync(join(directory, 'cgroup.controllers'), 'utf8');
    if (!held.includes('memory')) process.stdout.write(`PARTLY SKIPPED: cgroups v2 are here, but hold nothing (controllers: ${held.trim() || 'none'}); the limits themselves are only tested against a scripted kernel.\n`);
    return { directory };
  } catch (error) {
    process.stdout.write(`SKIPPED: this machine lets no control groups be made (${error instanceof Error ? error.message : String(error)}); they are only tested against a scripted kernel.\n`);
    return undefined;
  } finally {
    if (place !== undefined && existsSync(place)) rmdirSync(place);
  }
}
