import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsList } from '../../../src/lib/task-system/tools/builtin/fsList.ts';
import { fsSearch } from '../../../src/lib/task-system/tools/builtin/fsSearch.ts';
import type { JsonObject } from '../../../src/lib/task-system/types/Json.ts';
import { workspaceWith } from './support.ts';

async function found(files: Readonly<Record<string, string>>, input: JsonObject): Promise<unknown> {
  return (await workspaceWith(files).run(fsSearch, input))['matches'];
}

async function paths(files: readonly string[], input: JsonObject): Promise<unknown> {
  return found(Object.fromEntries(files.map((name) => [name, ''])), input).then((matches) => (Array.isArray(matches) ? matches.map(({ path: name }: { readonly path: string }) => name) : matches));
}

describe('fs.search by path', () => {
  it('finds every file where nothing is asked for', async () => {
    expect(await paths(['b', 'a/x'], {})).toEqual(['a/x', 'b']);
  });

  it('takes a pattern without a slash for a name at any depth', async () => {
    expect(await paths(['a.md', 'x/y/b.md', 'c.txt'], { glob: '*.md' })).toEqual(['a.md', 'x/y/b.md']);
  });

  it('takes a pattern with a slash for a whole path', async () => {
    expect(await paths(['src/a.ts', 'src/x/b.ts', 'a.ts'], { glob: 'src/*.ts' })).toEqual(['src/a.ts']);
  });

  it('takes ** for any number of folders, also none', async () => {
    expect(await paths(['src/a.ts', 'src/x/y/b.ts', 'b.ts'], { glob: 'src/**/*.ts' })).toEqual(['src/a.ts', 'src/x/y/b.ts']);
  });

  it('does not mind a pattern that begins with "./"', async () => {
    expect(await paths(['src/a.ts'], { glob: './src/*' })).toEqual(['src/a.ts']);
  });

  it('takes ? for one character', async () => {
    expect(await paths(['a1', 'a12'], { glob: 'a?' })).toEqual(['a1']);
  });

  it('passes by packages and history, also further down', async () => {
    expect(await paths(['node_modules/x', 'a/node_modules/x', '.git/x', 'a/x'], {})).toEqual(['a/x']);
  });

  it('searches such a folder when it is named', async () => {
    expect(await paths(['node_modules/p/x'], { path: 'node_modules' })).toEqual(['p/x']);
  });

  it('searches hidden files', async () => {
    expect(await paths(['.env'], {})).toEqual(['.env']);
  });

  it('finds no links', async () => {
    const { path: root, run } = workspaceWith({ a: '' });
    symlinkSync(path.join(root, 'a'), path.join(root, 'link'));
    expect(await run(fsSearch)).toEqual({ matches: [{ path: 'a' }] });
  });
});

describe('fs.search by text', () => {
  it('gives the number of each line, beginning with 1', async () => {
    expect(await found({ a: 'x\ny\nxx' }, { text: 'x' })).toEqual([{ path: 'a', line: 1, text: 'x' }, { path: 'a', line: 3, text: 'xx' }]);
  });

  it('heeds letter case unless it is told not to', async () => {
    expect([await found({ a: 'Bee' }, { text: 'bee' }), await found({ a: 'Bee' }, { text: 'bEE', ignoreCase: true })]).toEqual([[], [{ path: 'a', line: 1, text: 'Bee' }]]);
  });

  it('gives a line without the end that Windows gives it', async () => {
    expect(await found({ a: 'bee\r\n' }, { text: 'bee' })).toEqual([{ path: 'a', line: 1, text: 'bee' }]);
  });

  it('cuts a line after 400 characters', async () => {
    expect(await found({ a: `bee${'x'.repeat(1_000)}` }, { text: 'bee' })).toEqual([{ path: 'a', line: 1, text: `bee${'x'.repeat(397)}` }]);
  });

  it('leaves no half of a character at the end of such a line', async () => {
    const matches = await found({ a: `bee${'x'.repeat(396)}🐝` }, { text: 'bee' });
    expect(JSON.stringify(matches)).not.toContain('\\ud83d');
  });

  it('gives fifty lines of one file', async () => {
    expect(await found({ a: 'bee\n'.repeat(80) }, { text: 'bee' })).toHaveLength(50);
  });

  it('finishes the file in which it reaches its limit, and says where to go on', async () => {
    const { run } = workspaceWith({ a: 'bee\nbee\nbee', b: 'bee' });
    const first = await run(fsSearch, { text: 'bee', limit: 2 });
    expect([first['matches'], first['next']]).toMatchObject([[{ line: 1 }, { line: 2 }, { line: 3 }], 'a']);
    expect(await run(fsSearch, { text: 'bee', limit: 2, after: 'a' })).toEqual({ matches: [{ path: 'b', line: 1, text: 'bee' }] });
  });

  it('looks into no file with a zero byte', async () => {
    expect(await found({ a: 'bee\0' }, { text: 'bee' })).toEqual([]);
  });

  it('looks into no file above two mebibytes', async () => {
    const { path: root, run } = workspaceWith({});
    writeFileSync(path.join(root, 'fits'), 'bee'.padEnd(2_097_152, '.'));
    writeFileSync(path.join(root, 'large'), 'bee'.padEnd(2_097_153, '.'));
    expect(await run(fsSearch, { text: 'bee' })).toMatchObject({ matches: [{ path: 'fits' }] });
  });

  it('stops when it is aborted', async () => {
    const { run } = workspaceWith({ a: 'bee' });
    await expect(run(fsSearch, {}, AbortSignal.abort(new RangeError('enough')))).rejects.toThrow('enough');
  });
});

describe('fs.list', () => {
  const list = async (files: readonly string[], input: JsonObject = {}): Promise<JsonObject> => workspaceWith(Object.fromEntries(files.map((name) => [name, 'ab']))).run(fsList, input);

  it('gives the size of files and the kind of everything', async () => {
    expect(await list(['a', 'b/c'])).toEqual({ entries: [{ path: 'a', type: 'file', size: 2 }, { path: 'b', type: 'folder' }] });
  });

  it('goes as deep as it is told', async () => {
    expect(await list(['a/b/c'], { depth: 2 })).toEqual({ entries: [{ path: 'a', type: 'folder' }, { path: 'a/b', type: 'folder' }] });
  });

  it('says nothing of a next page where the page is just full', async () => {
    expect(await list(['a', 'b'], { limit: 2 })).not.toHaveProperty('next');
  });

  it('goes on behind the last entry of a page', async () => {
    expect([(await list(['a', 'b', 'c'], { limit: 2 }))['next'], (await list(['a', 'b', 'c'], { limit: 2, after: 'b' }))['entries']]).toMatchObject(['b', [{ path: 'c' }]]);
  });

  it('goes on inside of a folder', async () => {
    expect((await list(['a/x', 'a/y', 'b'], { depth: 2, after: 'a/x' }))['entries']).toMatchObject([{ path: 'a/y' }, { path: 'b' }]);
  });

  it('goes on behind an entry that is gone by now', async () => {
    expect((await list(['a', 'c'], { after: 'b' }))['entries']).toMatchObject([{ path: 'c' }]);
  });

  it('sorts a folder before a file whose name goes on with a sign that stands before the slash', async () => {
    expect((await list(['a/x', 'a.txt', 'a-b'], { depth: 2 }))['entries']).toMatchObject([{ path: 'a' }, { path: 'a/x' }, { path: 'a-b' }, { path: 'a.txt' }]);
  });

  it('says why a file cannot be listed', async () => {
    await expect(list(['a'], { path: 'a' })).rejects.toMatchObject({ code: 'TOOL_FAILED', details: { tool: 'fs.list', path: 'a', reason: 'ENOTDIR' } });
  });

  it('refuses the directory of a project that the task does not see', async () => {
    await expect(list([], { path: 'project:.' })).rejects.toMatchObject({ details: { reason: 'EPATH' } });
  });
});
