import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listFiles } from '../../src/lib/task-system/core/listFiles.ts';
import { temporaryDirectory } from './support.ts';

function folderWith(...paths: readonly string[]): string {
  const folder = temporaryDirectory();
  for (const path of paths) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
  return folder;
}

describe('listFiles', () => {
  it('lists files below a directory by their relative paths, in order', async () => {
    expect(await listFiles(folderWith('b.txt', 'a/z.txt', 'a/b/c.txt'))).toEqual(['a/b/c.txt', 'a/z.txt', 'b.txt']);
  });

  it('leaves out what is hidden, and what packages brought along', async () => {
    expect(await listFiles(folderWith('.env', '.git/config', 'node_modules/x/index.js', 'kept.txt'))).toEqual(['kept.txt']);
  });

  it('follows no links', async () => {
    const folder = folderWith('kept.txt');
    symlinkSync('/etc', join(folder, 'etc'));
    symlinkSync('/etc/passwd', join(folder, 'passwd'));
    expect(await listFiles(folder)).toEqual(['kept.txt']);
  });

  it('goes four folders deep', async () => {
    expect(await listFiles(folderWith('1/2/3/in.txt', '1/2/3/4/out.txt'))).toEqual(['1/2/3/in.txt']);
  });

  it('stops at two hundred', async () => {
    const names = Array.from({ length: 205 }, (_, index) => `${String(index).padStart(3, '0')}.txt`);
    expect(await listFiles(folderWith(...names))).toEqual(names.slice(0, 200));
  });

  it('finds nothing where there is nothing', async () => {
    expect(await listFiles(join(temporaryDirectory(), 'missing'))).toEqual([]);
  });
});
