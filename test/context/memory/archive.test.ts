import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendToArchive } from '../../../src/lib/task-system/context/memory/archive.ts';
import { renderEntry } from '../../../src/lib/task-system/context/memory/MemoryEntry.ts';
import { temporaryDirectory } from '../../support/files.ts';
import { entryOf, idsOf } from './support.ts';

const entry = (id: string): ReturnType<typeof renderEntry> => renderEntry(entryOf(id));

function archiveWith(text?: string): string {
  const file = path.join(temporaryDirectory(), 'archive.md');
  if (text !== undefined) writeFileSync(file, text);
  return file;
}

describe('appendToArchive', () => {
  it('makes the archive where there is none', async () => {
    const file = archiveWith();
    expect(await appendToArchive(file, [entry('a')])).toBe(true);
    expect(idsOf(readFileSync(file, 'utf8'))).toEqual(['a']);
  });

  it('adds at the end and leaves what stands there', async () => {
    const file = archiveWith('mine\n');
    await appendToArchive(file, [entry('a'), entry('b')]);
    const text = readFileSync(file, 'utf8');
    expect([text.startsWith('mine\n<!--'), idsOf(text)]).toEqual([true, ['a', 'b']]);
  });

  it('writes an entry once, however often it is told', async () => {
    const file = archiveWith();
    await appendToArchive(file, [entry('a')]);
    expect(await appendToArchive(file, [entry('a')])).toBe(false);
    expect(idsOf(readFileSync(file, 'utf8'))).toEqual(['a']);
  });

  it('writes only those that are missing', async () => {
    const file = archiveWith();
    await appendToArchive(file, [entry('a')]);
    await appendToArchive(file, [entry('a'), entry('b')]);
    expect(idsOf(readFileSync(file, 'utf8'))).toEqual(['a', 'b']);
  });

  it('begins a line of its own behind a write that was cut off', async () => {
    const file = archiveWith('cut off in the mid');
    await appendToArchive(file, [entry('a')]);
    expect(readFileSync(file, 'utf8')).toMatch(/^cut off in the mid\n<!-- /);
  });

  it('writes nothing where there is nothing to write', async () => {
    const file = archiveWith('mine');
    expect([await appendToArchive(file, []), readFileSync(file, 'utf8')]).toEqual([false, 'mine']);
  });

  it('does not follow a link', async () => {
    const target = archiveWith('target');
    const link = path.join(temporaryDirectory(), 'archive.md');
    symlinkSync(target, link);
    await expect(appendToArchive(link, [entry('a')])).rejects.toMatchObject({ code: 'ELOOP' });
    expect(readFileSync(target, 'utf8')).toBe('target');
  });

  it('refuses a folder through a link, which lies elsewhere than it says', async () => {
    const link = path.join(temporaryDirectory(), 'folder');
    symlinkSync(temporaryDirectory(), link);
    await expect(appendToArchive(path.join(link, 'archive.md'), [entry('a')])).rejects.toMatchObject({ code: 'MEMORY_REFUSED' });
  });
});
