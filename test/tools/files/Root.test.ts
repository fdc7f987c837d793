import { constants, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileProblem } from '../../../src/lib/task-system/tools/files/FileProblem.ts';
import { Root } from '../../../src/lib/task-system/tools/files/Root.ts';
import { temporaryDirectory } from '../../support/files.ts';

async function reasonOf(work: Promise<unknown>): Promise<string> {
  return work.then(() => 'none', (error: unknown) => (error instanceof FileProblem ? error.reason : 'another'));
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined);

function makeRoot(): { readonly path: string; readonly root: Root } {
  const path = temporaryDirectory();
  mkdirSync(join(path, 'a/b'), { recursive: true });
  writeFileSync(join(path, 'a/file'), 'text');
  return { path, root: new Root(path) };
}

describe('Root.inFolder', () => {
  it('opens the directory itself, and folders below it', async () => {
    const { root } = makeRoot();
    expect([await reasonOf(root.inFolder([], nothing)), await reasonOf(root.inFolder(['a', 'b'], nothing))]).toEqual(['none', 'none']);
  });

  it('gives what is done in the folder, and passes on what it throws', async () => {
    const { root } = makeRoot();
    expect(await root.inFolder(['a'], () => Promise.resolve(7))).toBe(7);
    await expect(root.inFolder(['a'], () => Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
  });

  it('takes a directory that is reached by a link: what the app names is meant', async () => {
    const { path } = makeRoot();
    const link = join(temporaryDirectory(), 'link');
    symlinkSync(path, link);
    expect(await reasonOf(new Root(link).inFolder(['a'], nothing))).toBe('none');
  });

  it.each([[['none'], 'ENOENT'], [['a', 'file'], 'ENOTDIR'], [['a', 'file', 'x'], 'ENOTDIR'], [['n'.repeat(300)], 'ENAMETOOLONG']])('refuses %j with %s', async (names, reason) => {
    expect(await reasonOf(makeRoot().root.inFolder(names, nothing))).toBe(reason);
  });

  it('says so when the directory is not there', async () => {
    expect(await reasonOf(new Root(join(temporaryDirectory(), 'none')).inFolder([], nothing))).toBe('ENOENT');
  });

  it('does not go through a link, also when it leads to a place within', async () => {
    const { path, root } = makeRoot();
    symlinkSync('a', join(path, 'link'));
    expect([await reasonOf(root.inFolder(['link'], nothing)), await reasonOf(root.inFolder(['link', 'b'], nothing))]).not.toContain('none');
  });

  it('makes missing folders when it is told to, and only then', async () => {
    const { path, root } = makeRoot();
    expect(await reasonOf(root.inFolder(['x', 'y', 'z'], nothing))).toBe('ENOENT');
    expect(existsSync(join(path, 'x'))).toBe(false);
    expect(await reasonOf(root.inFolder(['x', 'y', 'z'], nothing, true))).toBe('none');
    expect(existsSync(join(path, 'x/y/z'))).toBe(true);
  });

  it('makes no folder behind a link', async () => {
    const { path, root } = makeRoot();
    const outside = temporaryDirectory();
    symlinkSync(outside, join(path, 'out'));
    expect(await reasonOf(root.inFolder(['out', 'x'], nothing, true))).not.toBe('none');
    expect(existsSync(join(outside, 'x'))).toBe(false);
  });
});

describe('OpenFolder', () => {
  it('stays the same folder when its path leads elsewhere by now', async () => {
    const { path, root } = makeRoot();
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'file'), 'hush');
    const text = await root.inFolder(['a'], async (folder) => {
      renameSync(join(path, 'a'), join(path, 'moved'));
      symlinkSync(outside, join(path, 'a'));
      const file = await folder.openFile('file', constants.O_RDONLY);
      return file.readFile('utf8').finally(() => file.close());
    });
    expect(text).toBe('text');
  });

  it('opens regular files and nothing else', async () => {
    const { path, root } = makeRoot();
    symlinkSync('file', join(path, 'a/link'));
    const open = (name: string): Promise<string> => root.inFolder(['a'], (folder) => reasonOf(folder.openFile(name, constants.O_RDONLY).then((file) => file.close())));
    expect([await open('file'), await open('link'), await open('b'), await open('none')]).toEqual(['none', 'ELOOP', 'EISDIR', 'ENOENT']);
  });

  it('opens a folder in it, and no link to one', async () => {
    const { path, root } = makeRoot();
    symlinkSync('b', join(path, 'a/link'));
    const open = (name: string): Promise<string> => root.inFolder(['a'], (folder) => reasonOf(folder.openFolder(name).then((inner) => inner.close())));
    expect(await open('b')).toBe('none');
    expect(await open('link')).not.toBe('none');
  });

  it('makes a folder once, and opens one that is there', async () => {
    const { root } = makeRoot();
    await root.inFolder(['a'], async (folder) => { for (const name of ['new', 'new', 'b']) await (await folder.makeFolder(name)).close(); });
    expect(await reasonOf(root.inFolder(['a'], (folder) => folder.makeFolder('file')))).not.toBe('none');
  });

  it('looks at a link and not at what it leads to', async () => {
    const { path, root } = makeRoot();
    symlinkSync('/', join(path, 'a/link'));
    expect(await root.inFolder(['a'], async (folder) => (await folder.look('link')).isSymbolicLink())).toBe(true);
  });

  it('notices that a folder is gone', async () => {
    const { path, root } = makeRoot();
    expect(await root.inFolder(['a', 'b'], async (folder) => {
      rmSync(join(path, 'a'), { recursive: true });
      return reasonOf(folder.openFile('x', constants.O_RDWR | constants.O_CREAT));
    })).toBe('ENOENT');
  });
});
