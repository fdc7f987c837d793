import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { permissionFlags } from '../../../src/lib/task-system/policy/sandbox/permissionModel.ts';
import { temporaryDirectory, writeFiles } from '../../support/files.ts';

const view = { readable: ['/srv/app/tasks', '/srv/app/node_modules'], hiddenFiles: [], hiddenFolders: [] };
const flags = permissionFlags(view, '/root/workspaces/a');

describe('permissionFlags', () => {
  it('switches the model on, and SQLite off, which does not ask it', () => {
    expect(flags.slice(0, 2)).toEqual(['--permission', '--no-experimental-sqlite']);
  });

  it.each(['/srv/app/tasks', '/srv/app/node_modules', '/root/workspaces/a', '/root/workspaces/a/*'])('lets %s be read', (path) => {
    expect(flags).toContain(`--allow-fs-read=${path}`);
  });

  it('lets nothing but the workspace be written', () => {
    expect(flags.filter((flag) => flag.startsWith('--allow-fs-write='))).toEqual(['--allow-fs-write=/root/workspaces/a', '--allow-fs-write=/root/workspaces/a/*']);
  });

  it.each(['/package.json', '/srv/package.json', '/srv/app/package.json'])('lets %s be asked for, which Node does above every module', (path) => {
    expect(flags).toContain(`--allow-fs-read=${path}`);
  });

  it.each(['child-process', 'worker', 'addons', 'wasi', 'inspector'])('grants no --allow-%s', (what) => {
    expect(flags).not.toContain(`--allow-${what}`);
  });

  it('tells a folder with secrets entry by entry, and leaves those out', () => {
    const base = temporaryDirectory();
    writeFiles(base, { 'handler.js': '', '.env': '', '.ssh/key': '', 'inner/a.js': '', 'inner/b.pem': '', 'plain/deep/c.js': '' });
    const hiding = permissionFlags({ readable: [base], hiddenFiles: [join(base, '.env'), join(base, 'inner/b.pem')], hiddenFolders: [join(base, '.ssh')] }, '/w');
    const told = hiding.filter((flag) => flag.startsWith(`--allow-fs-read=${base}`)).map((flag) => relative(base, flag.slice('--allow-fs-read='.length)));
    expect(told.sort()).toEqual(['handler.js', 'inner/a.js', 'plain']);
  });

  it('tells a folder without secrets as a whole', () => {
    expect(permissionFlags({ ...view, hiddenFiles: ['/elsewhere/.env'] }, '/w')).toContain('--allow-fs-read=/srv/app/tasks');
  });

  it('grants the network only where it is told to, and where Node knows of it', () => {
    expect(flags).not.toContain('--allow-net');
    expect(permissionFlags(view, '/root/workspaces/a', true).includes('--allow-net')).toBe(process.allowedNodeEnvironmentFlags.has('--allow-net'));
  });
});
