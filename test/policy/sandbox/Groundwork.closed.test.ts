import type * as FileSystem from 'node:fs';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { copyLinks } from '../../../src/lib/task-system/policy/sandbox/folders.ts';
import { laySettings } from '../../../src/lib/task-system/policy/sandbox/settings.ts';

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

/** A folder that is removed with the test. */
function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'closed-'));
  onTestFinished(() => { rmSync(directory, { recursive: true }); });
  return directory;
}

describe('a host that may not read everything', () => {
  it('does without the settings that are closed to it', () => {
    const root = temporary();
    laySettings(root);
    expect(readdirSync(join(root, 'etc'))).toContain('hosts');
    expect(readdirSync(join(root, 'etc'))).not.toContain('nsswitch.conf');
  });

  it.runIf(existsSync('/usr/share'))('mounts a folder of the system that it cannot look into: the task can as little', () => {
    const place = join(temporary(), 'share');
    expect(copyLinks('/usr/share', place)).toBe(false);
    expect(readdirSync(place)).toEqual([]);
  });
});
