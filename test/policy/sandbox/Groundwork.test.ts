import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Groundwork, type GroundKind } from '../../../src/lib/task-system/policy/sandbox/Groundwork.ts';
import { SYSCALL_TABLES } from '../../../src/lib/task-system/policy/sandbox/syscalls.ts';

const { x64: syscalls } = SYSCALL_TABLES;
if (syscalls === undefined) throw new Error('no table');
const kind: GroundKind = { view: { readable: [], hiddenFiles: [], hiddenFolders: [] }, unixSockets: false, asRoot: false, syscalls };

let directory = '';
let folder = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'groundwork-'));
  folder = join(directory, 'ground');
});
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

/** The arguments for a kind, and the root that they name. */
function lay(of: Partial<GroundKind> = {}, groundwork = new Groundwork(folder), name = JSON.stringify(of)) {
  const [argumentsFile] = groundwork.of(name, { ...kind, ...of });
  const args = readFileSync(argumentsFile, 'utf8').split('\0');
  const mounts = new Map(args.flatMap((word, index) => word === '--ro-bind' ? [[args[index + 2] ?? '', args[index + 1] ?? ''] as const] : []));
  return { args, mounts, root: mounts.get('/') ?? '' };
}

describe('Groundwork', () => {
  it('makes nothing before the first sandbox needs it', () => {
    const groundwork = new Groundwork(folder);
    expect(existsSync(folder)).toBe(false);
    lay({}, groundwork);
    expect(existsSync(folder)).toBe(true);
  });

  it('is laid once for a kind, however many sandboxes stand on it', () => {
    const groundwork = new Groundwork(folder);
    const first = groundwork.of('kind', kind);
    rmSync(folder, { recursive: true });
    expect(groundwork.of('kind', kind)).toBe(first);
    expect(existsSync(folder)).toBe(false);
  });

  it('gives each kind a root of its own: the names of paths of one are not for others', () => {
    const groundwork = new Groundwork(folder);
    const [seeing, blind] = [lay({ view: { ...kind.view, readable: ['/var'] } }, groundwork), lay({}, groundwork)];
    expect([existsSync(join(seeing.root, 'var')), existsSync(join(blind.root, 'var'))]).toEqual([true, false]);
    expect(seeing.mounts.get('/etc')).toBe(blind.mounts.get('/etc'));
  });

  it('lets nobody but the host read the files and enter the folder', () => {
    for (const path of new Groundwork(folder).of('kind', kind)) expect(statSync(path).mode & 0o777).toBe(0o400);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('writes a filter that lets unix sockets be only where they are asked for', () => {
    const groundwork = new Groundwork(folder);
    const [, without] = groundwork.of('without', kind);
    const [, having] = groundwork.of('with', { ...kind, unixSockets: true });
    expect(statSync(having).size).toBeGreaterThan(statSync(without).size);
    expect(statSync(without).size % 8).toBe(0);
  });
});

describe('Groundwork as the root', () => {
  it.each(['proc', 'dev', 'tmp', 'etc', 'workspace'])('has a place for /%s', (name) => {
    expect(readdirSync(join(lay().root, name))).toEqual([]);
  });

  it('has nothing of the host but folders of the system, settings and what the kind may read', () => {
    const allowed = new Set(['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'usr', 'proc', 'dev', 'tmp', 'etc', 'workspace']);
    expect(readdirSync(lay().root).filter((name) => !allowed.has(name))).toEqual([]);
  });

  it('has a folder where a folder and a file where a file will be mounted', () => {
    const { root } = lay({ view: { ...kind.view, readable: ['/var', '/etc/hosts'] } });
    expect(readdirSync(join(root, 'var'))).toEqual([]);
    expect(readFileSync(join(root, 'etc/hosts'), 'utf8')).toBe('');
  });

  it('has a place for the socket of a kind with a network only', () => {
    expect(existsSync(join(lay().root, 'proxy'))).toBe(false);
    expect(statSync(join(lay({ unixSockets: true }, new Groundwork(join(directory, 'other'))).root, 'proxy/socket')).isFile()).toBe(true);
  });

  it('can be entered by everybody, whatever the umask of the host is', () => {
    const before = process.umask(0o077);
    try {
      const { root } = lay({ view: { ...kind.view, readable: ['/var', '/srv'].filter(existsSync) } });
      const folders = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
      expect(folders.length).toBeGreaterThan(5);
      for (const path of [root, ...folders]) expect(statSync(path).mode & 0o777, path).toBe(0o755);
    } finally {
      process.umask(before);
    }
  });
});

describe('Groundwork of the system', () => {
  it.runIf(existsSync('/usr/bin'))('mounts its folders at their places, and none that holds nothing', () => {
    const { mounts } = lay();
    expect(mounts.get('/usr/bin')).toBe('/usr/bin');
    for (const [to, from] of mounts) if (to.startsWith('/usr/')) expect(readdirSync(from).length, to).toBeGreaterThan(0);
  });

  it('has a place in the root for each of them', () => {
    const { mounts, root } = lay();
    for (const to of mounts.keys()) if (to.startsWith('/usr/')) expect(statSync(join(root, to)).isDirectory(), to).toBe(true);
  });

  it('never shows all of /usr, where apps and their data may lie', () => {
    const sources = [...lay().mounts.values()];
    for (const path of ['/', '/usr', '/usr/local', '/usr/src', '/etc']) expect(sources).not.toContain(path);
  });
});
