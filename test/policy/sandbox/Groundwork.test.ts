import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Groundwork, parentsOf } from '../../../src/lib/task-system/policy/sandbox/Groundwork.ts';

let directory = '';
let etc = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'groundwork-'));
  etc = join(directory, 'etc');
});
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

/** From where to where something is mounted. */
function mountsOf(args: readonly string[]): Map<string, string> {
  return new Map(args.flatMap((word, index) => word === '--ro-bind' ? [[args[index + 2] ?? '', args[index + 1] ?? ''] as const] : []));
}

describe('Groundwork', () => {
  it('makes nothing before the first sandbox needs it', () => {
    const groundwork = new Groundwork(etc);
    expect(existsSync(etc)).toBe(false);
    expect(groundwork.arguments).not.toEqual([]);
    expect(existsSync(etc)).toBe(true);
  });

  it('is laid once, however many sandboxes stand on it', () => {
    const groundwork = new Groundwork(etc);
    const first = groundwork.arguments;
    rmSync(etc, { recursive: true });
    expect(groundwork.arguments).toBe(first);
    expect(existsSync(etc)).toBe(false);
  });

  it('becomes /etc as a whole, with names for the own loopback in place of the host\'s', () => {
    expect(mountsOf(new Groundwork(etc).arguments).get('/etc')).toBe(etc);
    expect(readFileSync(join(etc, 'hosts'), 'utf8')).toBe('127.0.0.1 localhost task\n::1 localhost\n');
  });

  it.each(['passwd', 'shadow', 'group', 'hostname', 'resolv.conf', 'ssh', 'ssl/private', 'environment', 'machine-id'])('takes no %s along', (name) => {
    expect(new Groundwork(etc).arguments.join(' ')).not.toContain(`/etc/${name}`);
    expect(existsSync(join(etc, name))).toBe(false);
  });

  it('lets everybody read what it made, and nobody write it, whatever the umask of the host is', () => {
    const before = process.umask(0o077);
    try {
      expect(new Groundwork(etc).arguments).not.toEqual([]);
    } finally {
      process.umask(before);
    }
    const files = readdirSync(etc, { recursive: true, encoding: 'utf8' }).map((name) => join(etc, name));
    expect(files.length).toBeGreaterThan(1);
    for (const path of [etc, ...files]) expect(statSync(path).mode & 0o777, path).toBe(statSync(path).isDirectory() ? 0o755 : 0o444);
  });

  it('has a place for each folder that is mounted into what it made', () => {
    const inner = [...mountsOf(new Groundwork(etc).arguments).keys()].filter((path) => path.startsWith('/etc/'));
    for (const path of inner) expect(statSync(join(etc, path.slice('/etc/'.length))).isDirectory(), path).toBe(true);
  });

  it.runIf(existsSync('/usr/bin'))('mounts the folders of the system at their places, and no empty one', () => {
    const mounts = mountsOf(new Groundwork(etc).arguments);
    expect(mounts.get('/usr/bin')).toBe('/usr/bin');
    for (const [to, from] of mounts) if (to.startsWith('/usr/')) expect(readdirSync(from).length, to).toBeGreaterThan(0);
  });

  it.runIf(existsSync('/bin') && lstatSync('/bin').isSymbolicLink())('makes links where the system has links', () => {
    const args = new Groundwork(etc).arguments;
    expect(args[args.indexOf('/bin') - 2]).toBe('--symlink');
  });

  it('never shows all of /usr, where apps and their data may lie', () => {
    const sources = [...mountsOf(new Groundwork(etc).arguments).values()];
    for (const path of ['/', '/usr', '/usr/local', '/usr/src', '/etc']) expect(sources).not.toContain(path);
  });
});

describe('parentsOf', () => {
  it('opens each folder on the way, outermost first, but not the end of the way', () => {
    expect(parentsOf('/srv/app/tasks')).toEqual(['--perms', '0755', '--dir', '/srv', '--perms', '0755', '--dir', '/srv/app']);
  });

  it('has nothing to do just below the root', () => {
    expect(parentsOf('/workspace')).toEqual([]);
  });
});
