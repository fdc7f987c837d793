import { describe, expect, it } from 'vitest';
import { bubblewrapArguments, INNER_WORKSPACE, type SandboxSpec } from '../../../src/lib/task-system/policy/sandbox/bubblewrap.ts';

const spec: SandboxSpec = {
  view: { readable: ['/srv/app/tasks', '/usr/src/app/tasks', '/usr/bin/node'], hiddenFiles: ['/srv/app/tasks/.env'], hiddenFolders: ['/srv/app/tasks/.ssh'] },
  groundwork: ['--ro-bind', '/usr/bin', '/usr/bin', '--ro-bind', '/host/etc', '/etc'], directory: '/root/workspaces/slot', extra: [], filterFd: 5, asRoot: false,
};
const args = bubblewrapArguments(spec);
const text = ` ${args.join(' ')} `;

/** Where what is asked for stands. */
const at = (part: string): number => {
  const index = text.indexOf(` ${part} `);
  expect(index, part).toBeGreaterThanOrEqual(0);
  return index;
};

describe('bubblewrapArguments', () => {
  it.each(['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--die-with-parent', '--new-session'])('asks for %s', (flag) => {
    expect(args).toContain(flag);
  });

  it('makes a user namespace, and forbids those within, where the host is not root', () => {
    expect(args).toEqual(expect.arrayContaining(['--unshare-user', '--disable-userns']));
    expect(args).not.toContain('--cap-add');
  });

  it('keeps only the rights to become another user where the host is root', () => {
    const asRoot = bubblewrapArguments({ ...spec, asRoot: true });
    expect(asRoot.filter((_, index) => asRoot[index - 1] === '--cap-add')).toEqual(['CAP_SETUID', 'CAP_SETGID']);
    expect(asRoot).not.toContain('--unshare-user');
  });

  it('reads the filter of system calls from its descriptor', () => {
    at('--seccomp 5');
  });

  it('lets nothing be written but the workspace', () => {
    expect(args.filter((_, index) => args[index - 1] === '--bind')).toEqual([spec.directory]);
    at(`--bind ${spec.directory} ${INNER_WORKSPACE}`);
  });

  it('lays what all sandboxes stand on below everything else', () => {
    expect(at('--ro-bind /host/etc /etc')).toBeLessThan(at('--proc /proc'));
  });

  it('closes the root when everything is in its place', () => {
    expect(at('--remount-ro /')).toBeGreaterThan(at(`--bind ${spec.directory} ${INNER_WORKSPACE}`));
  });

  it('covers /proc/sys after /proc', () => {
    expect(at('--ro-bind /proc/sys /proc/sys')).toBeGreaterThan(at('--proc /proc'));
  });

  it('gives /tmp and /dev/shm a size, and closes /dev', () => {
    expect(text).toMatch(/ --size \d+ --perms 1777 --tmpfs \/tmp /);
    expect(text).toMatch(/ --size \d+ --perms 1777 --tmpfs \/dev\/shm --remount-ro \/dev /);
  });

  it('masks secrets after the folder in which they lie', () => {
    const folder = at('--ro-bind /srv/app/tasks /srv/app/tasks');
    expect(at('--ro-bind /dev/null /srv/app/tasks/.env')).toBeGreaterThan(folder);
    expect(at('--tmpfs /srv/app/tasks/.ssh')).toBeGreaterThan(folder);
    expect(at('--remount-ro /srv/app/tasks/.ssh')).toBeGreaterThan(at('--tmpfs /srv/app/tasks/.ssh'));
  });

  it.each(['/', '/usr', '/usr/local', '/usr/src', '/home', '/root', '/etc', '/run', '/var', '/srv', '/opt'])('shows no more of %s than is named', (path) => {
    const sources = args.filter((_, index) => ['--bind', '--ro-bind'].includes(args[index - 1] ?? ''));
    expect(sources).not.toContain(path);
  });

  it('shows an app that lies in /usr/src, and what the system has already only once', () => {
    at('--ro-bind /usr/src/app/tasks /usr/src/app/tasks');
    expect(text).not.toContain('--ro-bind /usr/bin/node');
  });

  it('opens the folders on the way to what is shown, for whoever the task is', () => {
    expect(at('--perms 0755 --dir /srv/app')).toBeLessThan(at('--ro-bind /srv/app/tasks /srv/app/tasks'));
  });

  it('puts what is extra where it is wanted, writable only if it is said', () => {
    const extra = bubblewrapArguments({ ...spec, extra: [{ from: '/run/proxy', to: '/proxy', writable: false }, { from: '/data', to: '/mnt/data', writable: true }] }).join(' ');
    expect(extra).toContain('--ro-bind /run/proxy /proxy');
    expect(extra).toContain('--bind /data /mnt/data');
  });
});
