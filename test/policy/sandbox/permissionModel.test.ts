import { describe, expect, it } from 'vitest';
import { permissionFlags } from '../../../src/lib/task-system/policy/sandbox/permissionModel.ts';

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

  it('grants the network only where it is told to, and where Node knows of it', () => {
    expect(flags).not.toContain('--allow-net');
    expect(permissionFlags(view, '/root/workspaces/a', true).includes('--allow-net')).toBe(process.allowedNodeEnvironmentFlags.has('--allow-net'));
  });
});
