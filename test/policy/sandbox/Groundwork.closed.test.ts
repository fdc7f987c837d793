import type * as FileSystem from 'node:fs';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Groundwork } from '../../../src/lib/task-system/policy/sandbox/Groundwork.ts';

/** What the host may not read here: root, who may run the tests, may read everything. */
const closed = vi.hoisted(() => ['/etc/nsswitch.conf', '/usr/share']);

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof FileSystem>();
  const refuse = (path: unknown): void => {
    if (closed.includes(String(path))) throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  };
  return {
    ...fs,
    accessSync: (...args: Parameters<typeof fs.accessSync>) => { refuse(args[0]); fs.accessSync(...args); },
    copyFileSync: (...args: Parameters<typeof fs.copyFileSync>) => { refuse(args[0]); fs.copyFileSync(...args); },
    readdirSync: (path: string) => { refuse(path); return fs.readdirSync(path); },
  };
});

describe('Groundwork of a host that may not read everything', () => {
  it('does without the settings that are closed to it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'groundwork-'));
    onTestFinished(() => { rmSync(directory, { recursive: true }); });
    expect(new Groundwork(join(directory, 'etc')).arguments).toContain('/etc');
    expect(readdirSync(join(directory, 'etc'))).toContain('hosts');
    expect(readdirSync(join(directory, 'etc'))).not.toContain('nsswitch.conf');
  });

  it.runIf(existsSync('/usr/share'))('mounts a folder of the system that it cannot look into: the task can as little', () => {
    const directory = mkdtempSync(join(tmpdir(), 'groundwork-'));
    onTestFinished(() => { rmSync(directory, { recursive: true }); });
    expect(new Groundwork(join(directory, 'etc')).arguments.join(' ')).toContain('--ro-bind /usr/share /usr/share');
  });
});
