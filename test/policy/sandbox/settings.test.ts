import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { laySettings } from '../../../src/lib/task-system/policy/sandbox/settings.ts';

let root = '';

beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'settings-')); });
afterEach(() => { rmSync(root, { recursive: true, force: true }); });

describe('laySettings', () => {
  it('names the own loopback in place of the machines of the host\'s network', () => {
    laySettings(root);
    expect(readFileSync(join(root, 'etc/hosts'), 'utf8')).toBe('127.0.0.1 localhost task\n::1 localhost\n');
  });

  it.each(['passwd', 'shadow', 'group', 'hostname', 'resolv.conf', 'ssh', 'ssl/private', 'environment', 'machine-id'])('takes no %s along', (name) => {
    expect(laySettings(root).join(' ')).not.toContain(`/etc/${name}`);
    expect(existsSync(join(root, 'etc', name))).toBe(false);
  });

  it('lets everybody read what it made, and nobody write it, whatever the umask of the host is', () => {
    const before = process.umask(0o077);
    try {
      laySettings(root);
    } finally {
      process.umask(before);
    }
    const entries = readdirSync(join(root, 'etc'), { recursive: true, withFileTypes: true }).filter((entry) => !entry.isSymbolicLink());
    expect(entries.length).toBeGreaterThan(1);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      expect(statSync(path).mode & 0o777, path).toBe(entry.isDirectory() ? 0o755 : 0o444);
    }
  });

  it('has an empty place for each folder that is to be mounted', () => {
    for (const path of laySettings(root)) expect(readdirSync(join(root, path)), path).toEqual([]);
  });

  it('asks for no mount of a folder that does not exist', () => {
    for (const path of laySettings(root)) expect(existsSync(path), path).toBe(true);
  });
});
