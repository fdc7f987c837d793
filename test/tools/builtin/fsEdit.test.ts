import { linkSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsEdit } from '../../../src/lib/task-system/tools/builtin/fsEdit.ts';
import { fsRead } from '../../../src/lib/task-system/tools/builtin/fsRead.ts';
import { fsRemove } from '../../../src/lib/task-system/tools/builtin/fsRemove.ts';
import { fsStat } from '../../../src/lib/task-system/tools/builtin/fsStat.ts';
import { fsWrite } from '../../../src/lib/task-system/tools/builtin/fsWrite.ts';
import { memoryRemember } from '../../../src/lib/task-system/tools/builtin/memoryRemember.ts';
import type { JsonObject } from '../../../src/lib/task-system/types/Json.ts';
import { workspaceWith } from './support.ts';

const reason = (value: string): object => ({ code: 'TOOL_FAILED', details: { reason: value } });

async function edited(text: string, input: JsonObject): Promise<readonly [JsonObject, string]> {
  const { path: root, run } = workspaceWith({ a: text });
  return [await run(fsEdit, { path: 'a', ...input }), readFileSync(path.join(root, 'a'), 'utf8')];
}

describe('fs.edit', () => {
  it('replaces the one place', async () => {
    expect(await edited('one two', { oldText: 'two', newText: '2' })).toEqual([{ path: 'a', replacements: 1, size: 5 }, 'one 2']);
  });

  it('takes no sign of the new text for anything special', async () => {
    expect((await edited('a', { oldText: 'a', newText: '$& $1 \\' }))[1]).toBe('$& $1 \\');
  });

  it('takes no sign of the old text for a pattern', async () => {
    expect((await edited('axb a.b', { oldText: 'a.b', newText: 'y' }))[1]).toBe('axb y');
  });

  it('leaves a file as it is in which the text occurs twice, and says how often', async () => {
    await expect(edited('a a', { oldText: 'a', newText: 'b' })).rejects.toMatchObject({ message: expect.stringContaining('occurs 2 times'), ...reason('EMATCHES') });
  });

  it('replaces every occurrence where that is asked for', async () => {
    expect(await edited('a a a', { oldText: 'a', newText: '', all: true })).toEqual([{ path: 'a', replacements: 3, size: 2 }, '  ']);
  });

  it('says that the text does not occur', async () => {
    await expect(edited('a', { oldText: 'b', newText: 'c' })).rejects.toMatchObject(reason('ENOMATCH'));
  });

  it('keeps the byte order mark of a file', async () => {
    expect((await edited('\ufeffa', { oldText: 'a', newText: 'b' }))[1]).toBe('\ufeffb');
  });

  it('keeps line endings that it is not told of', async () => {
    expect((await edited('a\r\nb\r\n', { oldText: 'b', newText: 'c' }))[1]).toBe('a\r\nc\r\n');
  });

  it('refuses a file that is no text, rather than damage it', async () => {
    const { path: root, run } = workspaceWith({});
    writeFileSync(path.join(root, 'a'), Buffer.from([0x61, 0xff, 0x62]));
    await expect(run(fsEdit, { path: 'a', oldText: 'b', newText: 'c' })).rejects.toMatchObject(reason('ENOTTEXT'));
    expect([...readFileSync(path.join(root, 'a'))]).toEqual([0x61, 0xff, 0x62]);
  });

  it('refuses a file above four mebibytes', async () => {
    const { path: root, run } = workspaceWith({});
    writeFileSync(path.join(root, 'a'), 'a'.padEnd(4_194_305, '.'));
    await expect(run(fsEdit, { path: 'a', oldText: 'a', newText: 'b' })).rejects.toMatchObject(reason('EFBIG'));
  });

  it('does not edit a file that has a second name elsewhere', async () => {
    const { path: root, run } = workspaceWith({ a: 'a' });
    linkSync(path.join(root, 'a'), path.join(root, 'b'));
    await expect(run(fsEdit, { path: 'a', oldText: 'a', newText: 'b' })).rejects.toMatchObject(reason('EHARDLINK'));
  });
});

describe('fs.read', () => {
  it('reads from an offset', async () => {
    expect(await workspaceWith({ a: 'abcdef' }).run(fsRead, { path: 'a', offset: 4 })).toEqual({ path: 'a', content: 'ef', size: 6 });
  });

  it('leaves a character that does not fit to the next page', async () => {
    expect(await workspaceWith({ a: 'abc🐝' }).run(fsRead, { path: 'a', limit: 6 })).toEqual({ path: 'a', content: 'abc', size: 7, nextOffset: 3 });
  });

  it('reads an empty file', async () => {
    expect(await workspaceWith({ a: '' }).run(fsRead, { path: 'a' })).toEqual({ path: 'a', content: '', size: 0 });
  });

  it('reads on through bytes that are no text', async () => {
    const { path: root, run } = workspaceWith({});
    writeFileSync(path.join(root, 'a'), Buffer.alloc(10, 0x80));
    expect(await run(fsRead, { path: 'a', limit: 4 })).toMatchObject({ nextOffset: 4 });
  });

  it('gives the path in its plain form', async () => {
    expect(await workspaceWith({ 'a/b': '' }).run(fsRead, { path: './a//x/../b' })).toMatchObject({ path: 'a/b' });
  });
});

describe('fs.write', () => {
  it('tells how much was written and how large the file is now', async () => {
    expect(await workspaceWith({ a: 'ab' }).run(fsWrite, { path: 'a', content: 'é', mode: 'append' })).toEqual({ path: 'a', bytes: 2, size: 4 });
  });

  it('leaves nothing of a longer file that it replaces', async () => {
    const { path: root, run } = workspaceWith({ a: 'a long text' });
    await run(fsWrite, { path: 'a', content: 'b' });
    expect(readFileSync(path.join(root, 'a'), 'utf8')).toBe('b');
  });

  it('creates no file that is there, and leaves that one', async () => {
    const { path: root, run } = workspaceWith({ a: 'old' });
    await expect(run(fsWrite, { path: 'a', content: 'new', mode: 'create' })).rejects.toMatchObject(reason('EEXIST'));
    expect(readFileSync(path.join(root, 'a'), 'utf8')).toBe('old');
  });

  it('writes bytes that were given as base64', async () => {
    const { path: root, run } = workspaceWith({});
    await run(fsWrite, { path: 'x/a', content: '/wA=', encoding: 'base64' });
    expect([...readFileSync(path.join(root, 'x/a'))]).toEqual([0xff, 0]);
  });
});

describe('fs.remove', () => {
  it('counts everything that it removes', async () => {
    expect(await workspaceWith({ 'a/b/c': '', 'a/d': '' }).run(fsRemove, { path: 'a', recursive: true })).toEqual({ path: 'a', removed: 4 });
  });

  it('keeps a folder with something in it unless it is told otherwise', async () => {
    await expect(workspaceWith({ 'a/b': '' }).run(fsRemove, { path: 'a' })).rejects.toMatchObject(reason('ENOTEMPTY'));
  });

  it('never removes the workspace itself, however it is called', async () => {
    const { run } = workspaceWith({ 'a/b': '' });
    await expect(run(fsRemove, { path: 'a/..', recursive: true })).rejects.toMatchObject(reason('EPERM'));
  });

  it('stops when it is aborted', async () => {
    const { path: root, run } = workspaceWith({ a: 'x' });
    await expect(run(fsRemove, { path: 'a' }, AbortSignal.abort(new RangeError('enough')))).rejects.toThrow('enough');
    expect(readFileSync(path.join(root, 'a'), 'utf8')).toBe('x');
  });
});

describe('fs.stat', () => {
  it('tells kind, size and time of a file', async () => {
    expect(await workspaceWith({ a: 'ab' }).run(fsStat, { path: 'a' })).toEqual({ path: 'a', type: 'file', size: 2, modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
  });

  it('looks at the workspace itself', async () => {
    expect(await workspaceWith({}).run(fsStat, { path: '.' })).toMatchObject({ path: '.', type: 'folder' });
  });

  it('says that there is nothing', async () => {
    await expect(workspaceWith({}).run(fsStat, { path: 'a' })).rejects.toMatchObject({ message: expect.stringContaining('fs.stat "a": there is no such file or folder') });
  });
});

describe('memory.remember', () => {
  it('asks the host, with the files only where there are some', async () => {
    const asked: unknown[] = [];
    const tool = memoryRemember((method, params) => { asked.push([method, params]); return Promise.resolve(null); });
    const { run } = workspaceWith({});
    expect(await run(tool, { text: 'bees dance' })).toEqual({ remembered: true });
    await run(tool, { text: 'x', files: ['a'] });
    expect(asked).toEqual([['remember', { text: 'bees dance' }], ['remember', { text: 'x', files: ['a'] }]]);
  });

  it('says that nothing is remembered where the host refuses', async () => {
    const tool = memoryRemember(() => Promise.reject(new RangeError('no memory')));
    await expect(workspaceWith({}).run(tool, { text: 'x' })).rejects.toThrow('no memory');
  });
});
