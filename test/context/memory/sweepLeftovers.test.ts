import { mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryManager } from '../../../src/lib/task-system/context/MemoryManager.ts';
import { sweepLeftovers } from '../../../src/lib/task-system/context/memory/sweepLeftovers.ts';
import { temporaryDirectory } from '../../support/files.ts';
import { entryOf, targetIn } from './support.ts';

const ID = '0b0e7a3c-5d1f-4c7e-9a53-1f2e3d4c5b6a';
const LEFT = [`.MEMORY.md.${ID}.tmp`, `.MEMORY.md.lock.${ID}`, `.MEMORY.md.lock.reclaim.${ID}`, `.MEMORY.md.lock.reclaim.${ID}.old`];
const OTHERS = ['.MEMORY.md.lock', '.MEMORY.md.tmp', `.MEMORY.md.${ID}`, `.MEMORY.md.x${ID}.tmp`, `.NOTES.md.${ID}.tmp`, `MEMORY.md.${ID}.tmp`, `.MEMORY.md.${ID}.tmp.md`, 'MEMORY.md.saved-1'];

/** A directory with these files, an hour old. */
function oldFiles(names: readonly string[]): string {
  const directory = temporaryDirectory();
  for (const name of names) {
    writeFileSync(join(directory, name), 'left behind');
    utimesSync(join(directory, name), Date.now() / 1_000 - 3_600, Date.now() / 1_000 - 3_600);
  }
  return directory;
}

describe('sweepLeftovers', () => {
  it('removes what killed writers left, and nothing of anybody else', async () => {
    const directory = oldFiles([...LEFT, ...OTHERS]);
    expect(await sweepLeftovers(join(directory, 'MEMORY.md'))).toBe(LEFT.length);
    expect(readdirSync(directory).toSorted()).toEqual(OTHERS.toSorted());
  });

  it('leaves what may still be in use', async () => {
    const directory = temporaryDirectory();
    for (const name of LEFT) writeFileSync(join(directory, name), 'just written');
    expect(await sweepLeftovers(join(directory, 'MEMORY.md'))).toBe(0);
    expect(readdirSync(directory)).toHaveLength(LEFT.length);
  });

  it('leaves folders and links of such a name, and what links lead to', async () => {
    const directory = oldFiles(['target']);
    mkdirSync(join(directory, `.MEMORY.md.${ID}.tmp`));
    symlinkSync('target', join(directory, `.MEMORY.md.lock.${ID}`));
    expect(await sweepLeftovers(join(directory, 'MEMORY.md'), Date.now() + 7_200_000)).toBe(0);
    expect(readdirSync(directory)).toHaveLength(3);
  });

  it('minds no directory that is gone', async () => {
    expect(await sweepLeftovers('/nowhere/at/all/MEMORY.md')).toBe(0);
  });
});

describe('MemoryManager', () => {
  it('sweeps beside a file before it first writes to it', async () => {
    const directory = oldFiles(LEFT);
    await new MemoryManager().write(targetIn(directory), entryOf('a'));
    expect(readdirSync(directory)).toEqual(['MEMORY.md']);
  });

  it('does not look again at each entry', async () => {
    const directory = temporaryDirectory();
    const manager = new MemoryManager();
    await manager.write(targetIn(directory), entryOf('a'));
    const [left = ''] = LEFT;
    writeFileSync(join(directory, left), 'x');
    utimesSync(join(directory, left), 1, 1);
    await manager.write(targetIn(directory), entryOf('b'));
    expect(readdirSync(directory).toSorted()).toEqual([left, 'MEMORY.md']);
  });
});
