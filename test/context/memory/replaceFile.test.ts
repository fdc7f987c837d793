import { appendFileSync, chmodSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isUntouched, replaceFile, takeSnapshot, type Snapshot } from '../../../src/lib/task-system/context/memory/replaceFile.ts';
import { temporaryDirectory } from '../../support/files.ts';

function fileWith(text: string): string {
  const file = path.join(temporaryDirectory(), 'MEMORY.md');
  writeFileSync(file, text);
  return file;
}

async function snapshotOf(file: string): Promise<Snapshot | undefined> {
  await using handle = await open(file, 'r');
  return await takeSnapshot(handle);
}

describe('takeSnapshot', () => {
  it('reads one character for each byte', async () => {
    expect((await snapshotOf(fileWith('é')))?.text).toBe('\u00c3\u00a9');
  });

  it('reads an empty file', async () => {
    expect((await snapshotOf(fileWith('')))?.text).toBe('');
  });

  it('keeps the mode without the kind of file', async () => {
    const file = fileWith('x');
    chmodSync(file, 0o640);
    expect((await snapshotOf(file))?.mode).toBe(0o640);
  });
});

describe('isUntouched', () => {
  it('sees that a file has grown', async () => {
    const file = fileWith('x');
    await using handle = await open(file, 'r');
    const snapshot = await takeSnapshot(handle);
    if (snapshot === undefined) throw new Error('no snapshot of a file at rest');
    const before = await isUntouched(handle, snapshot);
    appendFileSync(file, 'y');
    expect([before, await isUntouched(handle, snapshot)]).toEqual([true, false]);
  });
});

describe('replaceFile', () => {
  it('makes a file where there was none', async () => {
    const file = path.join(temporaryDirectory(), 'MEMORY.md');
    expect([await replaceFile(file, 'new', undefined), readFileSync(file, 'utf8')]).toEqual([true, 'new']);
  });

  it('writes one byte for each character', async () => {
    const file = path.join(temporaryDirectory(), 'MEMORY.md');
    await replaceFile(file, '\u00c3\u00a9', undefined);
    expect(readFileSync(file, 'utf8')).toBe('é');
  });

  it('keeps the mode of the old file', async () => {
    const file = fileWith('old');
    chmodSync(file, 0o604);
    await replaceFile(file, 'new', await snapshotOf(file));
    expect(statSync(file).mode & 0o777).toBe(0o604);
  });

  it('leaves no other file behind', async () => {
    const file = fileWith('old');
    await replaceFile(file, 'new', await snapshotOf(file));
    expect(readdirSync(path.dirname(file))).toEqual(['MEMORY.md']);
  });

  it('changes nothing when somebody wrote in the meantime', async () => {
    const file = fileWith('old');
    const old = await snapshotOf(file);
    appendFileSync(file, ' and more');
    expect([await replaceFile(file, 'new', old), readFileSync(file, 'utf8')]).toEqual([false, 'old and more']);
  });

  it('changes nothing when another file has taken the place', async () => {
    const file = fileWith('old');
    const old = await snapshotOf(file);
    writeFileSync(`${file}.other`, 'odd');
    renameSync(`${file}.other`, file);
    expect([await replaceFile(file, 'new', old), readFileSync(file, 'utf8')]).toEqual([false, 'odd']);
  });

  it('changes nothing when a file has appeared where none was', async () => {
    const file = fileWith('appeared');
    expect([await replaceFile(file, 'new', undefined), readFileSync(file, 'utf8')]).toEqual([false, 'appeared']);
  });

  it('leaves nothing behind when it changes nothing', async () => {
    const file = fileWith('appeared');
    await replaceFile(file, 'new', undefined);
    expect(readdirSync(path.dirname(file))).toEqual(['MEMORY.md']);
  });
});
