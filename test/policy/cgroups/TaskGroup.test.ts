import { describe, expect, it } from 'vitest';
import { TaskGroup } from '../../../src/lib/task-system/policy/cgroups/TaskGroup.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { CGROUP_CONTROLLERS, type CgroupController } from '../../../src/lib/task-system/types/Isolation.ts';
import type { Clock } from '../../../src/lib/task-system/types/Ports.ts';
import { eagerClock, FakeCgroups } from './FakeCgroups.ts';

const LIMITS = { memoryMb: 100, processes: 1, cpus: 0.5 };
const PATH = '/top/one';

function treeWith(controllers: readonly CgroupController[] = CGROUP_CONTROLLERS): FakeCgroups {
  const tree = new FakeCgroups('/top', controllers);
  for (const controller of controllers) void tree.write('/top/cgroup.subtree_control', `+${controller}`);
  return tree;
}

function groupIn(tree: FakeCgroups, members: Promise<readonly number[]> = Promise.resolve([11, 12]), held: readonly CgroupController[] = CGROUP_CONTROLLERS, clock: Clock = new FakeClock()): TaskGroup {
  return new TaskGroup(PATH, members, { files: tree, clock, held });
}

async function limited(tree: FakeCgroups): Promise<TaskGroup> {
  const group = groupIn(tree);
  await group.limit(LIMITS);
  return group;
}

describe('TaskGroup', () => {
  it('has the processes that it was given, once they are there', async () => {
    const tree = treeWith();
    const members = Promise.withResolvers<readonly number[]>();
    const group = groupIn(tree, members.promise);
    expect(group.pids).toEqual([]);
    members.resolve([11, 12]);
    await group.entered;
    expect(group.pids).toEqual([11, 12]);
  });

  it('says what the kernel holds only when its processes are in it', async () => {
    const members = Promise.withResolvers<readonly number[]>();
    const group = groupIn(treeWith(), members.promise);
    expect(group.held).toEqual([]);
    members.resolve([11]);
    await group.entered;
    expect(group.held).toEqual(CGROUP_CONTROLLERS);
  });

  it('holds nothing, and says why, when it is not known who belongs to it', async () => {
    const group = groupIn(treeWith(), Promise.reject(new RangeError('no /proc')));
    await group.entered;
    await group.limit(LIMITS);
    expect([group.held, group.problem]).toMatchObject([[], { message: 'no /proc' }]);
    expect(await group.remove()).toBe(true);
  });

  it('tells the kernel the limits', async () => {
    const tree = treeWith();
    await limited(tree);
    const files = ['memory.max', 'memory.swap.max', 'pids.max', 'cpu.max'];
    expect(files.map((file) => tree.read(`${PATH}/${file}`))).toEqual(['104857600', '0', '80', '50000 100000']);
  });

  it('does without what the kernel does not know of swap', async () => {
    const tree = treeWith();
    tree.refuse('memory.swap.max', 'ENOENT');
    const group = await limited(tree);
    expect([group.problem, tree.read(`${PATH}/memory.oom.group`)]).toEqual([undefined, '1']);
  });

  it.each(['mkdir', 'cgroup.procs', 'memory.max'])('holds nothing, and says why, when %s is refused', async (what) => {
    const tree = treeWith();
    tree.refuse(what, 'EACCES');
    const group = await limited(tree);
    expect(group.held).toEqual([]);
    expect(group.problem).toMatchObject({ code: 'EACCES' });
  });

  it('holds nothing of a process that has ended on the way', async () => {
    const group = groupIn(treeWith(), Promise.resolve([999_999]));
    await group.entered;
    expect(group.problem).toMatchObject({ code: 'ESRCH' });
  });

  it('counts CPU time as the kernel does, in milliseconds', async () => {
    const tree = treeWith();
    const group = await limited(tree);
    expect(group.cpuMs).toBe(0);
    tree.say(`${PATH}/cpu.stat`, 'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n');
    expect(group.cpuMs).toBe(1.5);
  });

  it('sees no breach where the kernel refused nothing', async () => {
    const tree = treeWith();
    const group = await limited(tree);
    tree.say(`${PATH}/memory.events`, 'low 0\nhigh 0\nmax 7\noom 0\noom_kill 0\n');
    tree.say(`${PATH}/pids.events`, 'max 0\n');
    expect(group.breach).toBeUndefined();
  });

  it('says that the kernel ended it for its memory, with the peak', async () => {
    const tree = treeWith();
    const group = await limited(tree);
    tree.say(`${PATH}/memory.events`, 'max 7\noom 1\noom_kill 3\n');
    tree.say(`${PATH}/memory.peak`, '104857600\n');
    expect(group.breach).toEqual({ limit: 'memory', unit: 'bytes', allowed: 104_857_600, seen: 104_857_600, peak: 104_857_600, mechanism: 'kernel' });
  });

  it('says that the kernel refused it processes', async () => {
    const tree = treeWith();
    const group = await limited(tree);
    tree.say(`${PATH}/pids.events`, 'max 2\n');
    expect(group.breach).toMatchObject({ limit: 'processes', unit: 'threads', allowed: 80, peak: 80, mechanism: 'kernel' });
  });

  it('lays nothing to the charge of limits that are not set', async () => {
    const tree = treeWith();
    const group = groupIn(tree);
    await group.limit({ memoryMb: false, processes: false, cpus: false });
    tree.say(`${PATH}/memory.events`, 'oom_kill 3\n');
    tree.say(`${PATH}/pids.events`, 'max 2\n');
    expect(group.breach).toBeUndefined();
  });

  it('ends its processes and goes', async () => {
    const tree = treeWith();
    const group = await limited(tree);
    expect(await group.remove()).toBe(true);
    expect(tree.names).toEqual([]);
  });

  it('still tells what was seen when it is gone', async () => {
    const tree = treeWith();
    const group = await limited(tree);
    tree.say(`${PATH}/memory.events`, 'oom_kill 1\n');
    tree.say(`${PATH}/cpu.stat`, 'usage_usec 3000\n');
    await group.remove();
    expect([group.breach?.limit, group.cpuMs]).toEqual(['memory', 3]);
  });

  it('does not come back when it is removed while its processes are on their way', async () => {
    const tree = treeWith();
    const members = Promise.withResolvers<readonly number[]>();
    const group = groupIn(tree, members.promise);
    await group.remove();
    members.resolve([11]);
    await group.entered;
    expect([tree.names, group.held]).toEqual([[], []]);
  });

  it('asks again until the killed processes have left', async () => {
    const tree = treeWith();
    const group = groupIn(tree, Promise.resolve([11]), CGROUP_CONTROLLERS, eagerClock((timers) => { tree.isUnkillable = timers < 3; }));
    await group.entered;
    tree.isUnkillable = true;
    expect(await group.remove()).toBe(true);
    expect(tree.names).toEqual([]);
  });

  it('says so when something in it cannot be ended', async () => {
    const tree = treeWith();
    let looks = 0;
    const group = groupIn(tree, Promise.resolve([11]), CGROUP_CONTROLLERS, eagerClock((timers) => { looks = timers; }));
    await group.entered;
    tree.isUnkillable = true;
    expect(await group.remove()).toBe(false);
    expect(looks).toBe(200);
  });
});
