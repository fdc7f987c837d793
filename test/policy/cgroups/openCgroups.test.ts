import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { examineCgroups, openCgroups } from '../../../src/lib/task-system/policy/cgroups/openCgroups.ts';
import type { Cgroups } from '../../../src/lib/task-system/policy/cgroups/Cgroups.ts';
import { eagerClock, FakeCgroups, inSystem } from './FakeCgroups.ts';

const BASE = inSystem('/top', 'app');
const open = (files: FakeCgroups, setting = '/top'): Promise<Cgroups> => openCgroups({ setting, name: 'app', spawn, clock: eagerClock(), files });
const reasonOf = (files: FakeCgroups): Promise<string> => open(files).then(() => 'none', (error: unknown) => (error instanceof Error ? error.message : ''));

describe('openCgroups', () => {
  it('passes on what the directory can hold, to where the groups of tasks will be', async () => {
    const tree = new FakeCgroups('/top', ['cpuset', 'cpu', 'memory', 'pids']);
    expect((await open(tree)).held).toEqual(['memory', 'pids', 'cpu']);
    expect(tree.read(`${BASE}/cgroup.subtree_control`)).toBe('memory pids cpu\n');
  });

  it('holds what there is, where it is not all', async () => {
    expect((await open(new FakeCgroups('/top', ['pids']))).held).toEqual(['pids']);
    expect((await open(new FakeCgroups('/top', []))).held).toEqual([]);
  });

  it('ends and removes what an earlier host of the same root left, and nothing of others', async () => {
    const tree = new FakeCgroups('/top');
    for (const group of [BASE, `${BASE}/old`, inSystem('/top', 'other'), inSystem('/top', 'other', 'theirs')]) await tree.make(group);
    tree.put(`${BASE}/old`, 77);
    tree.put(inSystem('/top', 'other', 'theirs'), 78);
    await open(tree);
    expect(tree.names).toEqual(['task-system.app', 'task-system.other', 'task-system.other/theirs']);
    expect(tree.read(inSystem('/top', 'other', 'theirs', 'cgroup.procs'))).toBe('78\n');
  });

  it('leaves no canary behind', async () => {
    const tree = new FakeCgroups('/top');
    await open(tree);
    expect(tree.names).toEqual(['task-system.app']);
  });

  it('leaves nothing behind when the canary could not be moved', async () => {
    const tree = new FakeCgroups('/top');
    tree.refuse('cgroup.procs', 'EACCES');
    await expect(open(tree)).rejects.toMatchObject({ code: 'CGROUP_UNAVAILABLE' });
    expect(tree.names).toEqual([]);
  });

  it('says so, and leaves nothing behind, when no canary can be started', async () => {
    const tree = new FakeCgroups('/top');
    const refused = openCgroups({ setting: '/top', name: 'app', spawn: () => { throw new RangeError('spawn ENOMEM'); }, clock: eagerClock(), files: tree });
    await expect(refused).rejects.toMatchObject({ code: 'CGROUP_UNAVAILABLE', details: { what: 'Control groups do not work there: spawn ENOMEM' } });
    expect(tree.names).toEqual([]);
  });

  it('refuses a directory that is none of cgroups v2', async () => {
    await expect(open(new FakeCgroups('/top'), '/elsewhere')).rejects.toMatchObject({ code: 'CGROUP_UNAVAILABLE', details: { directory: '/elsewhere' } });
  });

  it.each([
    ['mkdir', 'EACCES', 'The host itself must run inside the part that it is given'],
    ['canary/cgroup.procs', 'EPERM', 'The host itself must run inside the part that it is given'],
    ['mkdir', 'EROFS', '/sys/fs/cgroup:rw'],
    ['canary/cgroup.procs', 'EBUSY', 'a group in which no process is'],
    ['canary/cgroup.procs', 'EIO', 'Delegate=yes'],
  ])('says what to do when %s answers %s', async (what, code, fix) => {
    const tree = new FakeCgroups('/top');
    tree.refuse(what, code);
    expect(await reasonOf(tree)).toContain(fix);
  });

  it('refuses a kernel by which a group cannot be ended', async () => {
    const tree = new FakeCgroups('/top');
    tree.isUnkillable = true;
    expect(await reasonOf(tree)).toContain('could not be ended there');
  });

  it('moves the host aside where it is to use its own group', async () => {
    const tree = new FakeCgroups('/top');
    tree.others.set('/proc/self/cgroup', '0::/\n').set('/proc/self/mountinfo', '36 25 0:31 / /top rw - cgroup2 cgroup2 rw\n').set('not the top', '');
    tree.put('/top', 5);
    tree.put('/top', 6);
    const cgroups = await open(tree, 'own');
    expect(tree.read('/top/task-system.host/cgroup.procs')).toBe('5\n6\n');
    expect(cgroups.held).toEqual(['memory', 'pids', 'cpu']);
  });

  it('cannot pass anything on from a group with processes that it was not told to move', async () => {
    const tree = new FakeCgroups('/top');
    tree.put('/top', 5);
    expect((await open(tree)).held).toEqual([]);
  });
});

describe('Cgroups', () => {
  it('knows the group of each process until it is gone', async () => {
    const cgroups = await open(new FakeCgroups('/top'));
    const group = cgroups.admit('one', Promise.resolve([1]));
    expect(cgroups.of('one')).toBe(group);
    cgroups.forget('one');
    expect(cgroups.of('one')).toBeUndefined();
  });

  it('forgets what it never knew', async () => {
    const cgroups = await open(new FakeCgroups('/top'));
    expect(() => { cgroups.forget('nobody'); }).not.toThrow();
  });

  it('leaves nothing behind when it closes', async () => {
    const tree = new FakeCgroups('/top');
    const cgroups = await open(tree);
    await cgroups.admit('one', Promise.resolve([1])).entered;
    await cgroups.admit('two', Promise.resolve([2])).entered;
    cgroups.forget('two');
    await cgroups.close();
    expect(tree.names).toEqual([]);
  });

  it('closes also where a process cannot be ended', async () => {
    const tree = new FakeCgroups('/top');
    const cgroups = await open(tree);
    await cgroups.admit('one', Promise.resolve([1])).entered;
    tree.isUnkillable = true;
    await cgroups.close();
    expect(tree.names).toEqual(['task-system.app', 'task-system.app/one']);
  });
});

describe('examineCgroups', () => {
  const examine = (files: FakeCgroups, setting?: string): ReturnType<typeof examineCgroups> => examineCgroups({ setting, name: 'doctor', spawn, clock: eagerClock(), files });

  it('says how to get groups where none are set', async () => {
    const { directory, controllers, problems } = await examine(new FakeCgroups('/top'));
    expect([directory, controllers]).toEqual([undefined, []]);
    expect(problems[0]?.fix).toMatch(/Delegate=yes.*cgroupns=private/);
  });

  it('finds nothing missing where all can be held, and leaves nothing behind', async () => {
    const tree = new FakeCgroups('/top');
    expect(await examine(tree, '/top')).toEqual({ directory: '/top', controllers: ['memory', 'pids', 'cpu'], problems: [] });
    expect(tree.names).toEqual([]);
  });

  it('names each controller that is missing', async () => {
    const { controllers, problems } = await examine(new FakeCgroups('/top', ['pids']), '/top');
    expect(controllers).toEqual(['pids']);
    expect(problems.map(({ what }) => /controller "(\w+)"/.exec(what)?.[1])).toEqual(['memory', 'cpu']);
  });

  it('says why groups cannot be used at all', async () => {
    const tree = new FakeCgroups('/top');
    tree.refuse('mkdir', 'EACCES');
    const { controllers, problems } = await examine(tree, '/top');
    expect([controllers, problems.length]).toEqual([[], 1]);
    expect(problems[0]?.what).toContain('may not make groups there');
  });
});
