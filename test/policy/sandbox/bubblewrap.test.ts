import { describe, expect, it } from 'vitest';
import { bubblewrapArguments, INNER_WORKSPACE, isInTmp, processArguments, shownOf, type SandboxSpec } from '../../../src/lib/task-system/policy/sandbox/bubblewrap.ts';

const spec: SandboxSpec = {
  view: { readable: ['/srv/app/tasks', '/usr/src/app/tasks', '/usr/bin/node'], hiddenFiles: ['/srv/app/tasks/.env'], hiddenFolders: ['/srv/app/tasks/.ssh'] },
  root: '/host/root', mounts: [{ from: '/usr/bin', to: '/usr/bin' }, { from: '/host/etc', to: '/etc' }], filterFd: 5, asRoot: false,
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
    expect(args.filter((_, index) => args[index - 1] === '--bind')).toEqual(['.']);
    at(`--bind . ${INNER_WORKSPACE}`);
  });

  it('lays the root first, closed to writing, and then what stands on it', () => {
    expect(at('--ro-bind /host/root /')).toBeLessThan(at('--ro-bind /usr/bin /usr/bin'));
    expect(at('--ro-bind /host/etc /etc')).toBeLessThan(at('--proc /proc'));
  });

  it('does not stand in the root of the host when it hands over', () => {
    expect(at('--chdir /')).toBeGreaterThan(at('--proc /proc'));
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

  it('makes the places for what lies in /tmp, which is empty until then, open to whoever the task is', () => {
    const inTmp = ` ${bubblewrapArguments({ ...spec, view: { ...spec.view, readable: ['/tmp/app/tasks'] } }).join(' ')} `;
    expect(inTmp.indexOf(' --tmpfs /tmp ')).toBeLessThan(inTmp.indexOf(' --perms 0755 --dir /tmp/app '));
    expect(inTmp.indexOf(' --perms 0755 --dir /tmp/app ')).toBeLessThan(inTmp.indexOf(' --ro-bind /tmp/app/tasks /tmp/app/tasks '));
  });

  it('leaves the places for everything else to the root: nothing can be made in it', () => {
    expect(text).not.toContain('--dir');
  });
});

describe('processArguments', () => {
  it('puts what is extra where it is wanted, told from the directory of the process', () => {
    expect(processArguments('/srv/.tasks/workspaces/slot', [{ from: '/srv/.tasks/sockets/7', to: '/proxy' }])).toEqual(['--ro-bind', '../../sockets/7', '/proxy']);
  });

  it('has nothing to say of a process without anything extra', () => {
    expect(processArguments('/srv/.tasks/workspaces/slot', [])).toEqual([]);
  });
});

describe('shownOf', () => {
  it('leaves out what the folders of the system show already', () => {
    expect(shownOf({ ...spec.view, readable: ['/usr/bin', '/usr/lib/node', '/lib/x', '/usr/binary', '/srv'] })).toEqual(['/usr/binary', '/srv']);
  });
});

describe('isInTmp', () => {
  it.each([['/tmp/app', true], ['/tmp', false], ['/tmpfiles/app', false], ['/srv/tmp/app', false]])('of %s is %s', (path, isIt) => {
    expect(isInTmp(path)).toBe(isIt);
  });
});
