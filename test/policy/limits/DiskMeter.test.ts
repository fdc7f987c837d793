import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeDeep } from '../../support/makeDeep.ts';
import { measureDirectory } from '../../../src/lib/task-system/policy/limits/DiskMeter.ts';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'task-system-disk-'));
  onTestFinished(() => { rmSync(path, { recursive: true, force: true }); });
  return path;
}

describe('measureDirectory', () => {
  it('counts nothing for an empty or a missing directory', async () => {
    expect([await measureDirectory(directory()), await measureDirectory('/nonexistent')]).toEqual([{ bytes: 0, entries: 0 }, { bytes: 0, entries: 0 }]);
  });

  it('counts blocks, not lengths: a sparse file of 1 TB is small', async () => {
    const path = directory();
    writeFileSync(join(path, 'sparse'), '');
    truncateSync(join(path, 'sparse'), 2 ** 40);
    expect((await measureDirectory(path)).bytes).toBe(4_096);
  });

  it('counts every entry with at least 4 KiB', async () => {
    const path = directory();
    for (let number = 0; number < 300; number++) writeFileSync(join(path, String(number)), '');
    expect(await measureDirectory(path)).toEqual({ bytes: 300 * 4_096, entries: 300 });
  });

  it('counts a file with several names once', async () => {
    const path = directory();
    writeFileSync(join(path, 'one'), Buffer.alloc(100_000, 1));
    const alone = (await measureDirectory(path)).bytes;
    linkSync(join(path, 'one'), join(path, 'two'));
    expect((await measureDirectory(path)).bytes).toBe(alone);
  });

  it('does not follow links', async () => {
    const path = directory();
    symlinkSync('/usr', join(path, 'usr'));
    symlinkSync(path, join(path, 'itself'));
    expect(await measureDirectory(path)).toEqual({ bytes: 8_192, entries: 2 });
  });

  it('is not held up by a FIFO', async () => {
    const path = directory();
    execFileSync('mkfifo', [join(path, 'pipe')]);
    expect((await measureDirectory(path)).entries).toBe(1);
  });

  it('reaches the bottom of directories deeper than a path may be long', async () => {
    const path = directory();
    makeDeep(path, 1_000);
    onTestFinished(() => { execFileSync('/bin/rm', ['-rf', path]); });
    expect((await measureDirectory(path)).entries).toBe(1_001);
  });

  it('stops early once more than asked for was seen', async () => {
    const path = directory();
    mkdirSync(join(path, 'inner'));
    for (let number = 0; number < 100; number++) writeFileSync(join(path, 'inner', String(number)), '');
    expect((await measureDirectory(path, 40_000)).entries).toBeLessThan(15);
  });
});
