import { describe, expect, it } from 'vitest';
import { ownDirectory, stepAside } from '../../../src/lib/task-system/policy/cgroups/ownDirectory.ts';
import { FakeCgroups } from './FakeCgroups.ts';

const mounted = (root: string, target: string): string => `24 1 8:1 / / rw - ext4 /dev/sda rw\n36 25 0:31 ${root} ${target} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n`;

function directoryOf(cgroup: string | undefined, mountinfo: string | undefined): string | undefined {
  return ownDirectory({ read: (path) => (path === '/proc/self/cgroup' ? cgroup : mountinfo) });
}

describe('ownDirectory', () => {
  it.each([
    ['a service of systemd', '0::/system.slice/app.service\n', mounted('/', '/sys/fs/cgroup'), '/sys/fs/cgroup/system.slice/app.service'],
    ['a container with its own view', '0::/\n', mounted('/', '/sys/fs/cgroup'), '/sys/fs/cgroup'],
    ['a container with the view of the machine', '0::/docker/abc/inner\n', mounted('/docker/abc', '/sys/fs/cgroup'), '/sys/fs/cgroup/inner'],
    ['a machine that has version 1 beside it', '9:memory:/x\n0::/y\n', mounted('/', '/sys/fs/cgroup/unified'), '/sys/fs/cgroup/unified/y'],
    ['a host that stepped aside before', '0::/app.service/task-system.host\n', mounted('/', '/sys/fs/cgroup'), '/sys/fs/cgroup/app.service'],
    ['a mount without fields of its own', '0::/a\n', '36 25 0:31 / /cg rw - cgroup2 none rw\n', '/cg/a'],
  ])('finds that of %s', (_, cgroup, mountinfo, directory) => {
    expect(directoryOf(cgroup, mountinfo)).toBe(directory);
  });

  it.each([
    ['there is version 1 only', '9:memory:/x\n', mounted('/', '/sys/fs/cgroup')],
    ['it is not mounted', '0::/x\n', '24 1 8:1 / / rw - ext4 /dev/sda rw\n'],
    ['there is no /proc', undefined, undefined],
  ])('finds none where %s', (_, cgroup, mountinfo) => {
    expect(directoryOf(cgroup, mountinfo)).toBeUndefined();
  });
});

describe('stepAside', () => {
  it('moves nothing out of the topmost group of a machine, which may have processes', async () => {
    const tree = new FakeCgroups('/top');
    tree.put('/top', 1);
    await stepAside('/top', tree);
    expect([tree.names, tree.read('/top/cgroup.procs')]).toEqual([[], '1\n']);
  });

  it('makes no group where there is nobody to move', async () => {
    const tree = new FakeCgroups('/top');
    await tree.make('/top/app');
    await stepAside('/top/app', tree);
    expect(tree.names).toEqual(['app']);
  });

  it('does not mind a process that has ended in the meantime', async () => {
    const tree = new FakeCgroups('/top');
    await tree.make('/top/app');
    tree.put('/top/app', 999_999);
    tree.put('/top/app', 7);
    await stepAside('/top/app', tree);
    expect(tree.read('/top/app/task-system.host/cgroup.procs')).toBe('7\n');
  });

  it('says so when it may not move them', async () => {
    const tree = new FakeCgroups('/top');
    await tree.make('/top/app');
    tree.put('/top/app', 7);
    tree.refuse('cgroup.procs', 'EACCES');
    await expect(stepAside('/top/app', tree)).rejects.toMatchObject({ code: 'EACCES' });
  });
});
