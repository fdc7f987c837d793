import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holdFolder, identify, identifyForGood, namesOf } from '../../../src/lib/task-system/core/artifacts/KeptFile.ts';
import { temporaryDirectory } from '../support.ts';

const isRoot = process.getuid?.() === 0;

describe('namesOf', () => {
  it.each(['a', 'a.txt', 'report/a.txt', 'a b/c (1).csv', 'bücher/日本語.txt', 'a..b', 'a.', '-rf', '~', '$HOME', 'x'.repeat(255)])('takes %s', (path) => {
    expect(namesOf(path).join('/')).toBe(path);
  });

  it.each([
    ['nothing', ''], ['the workspace itself', '.'], ['its parent', '..'], ['a path out', '../a'], ['a path out from within', 'a/../../b'], ['an absolute path', '/etc/passwd'],
    ['two slashes', 'a//b'], ['a slash at the end', 'a/'], ['a dot in between', 'a/./b'], ['a NUL', 'a\0b'], ['a line end', 'a\nb'], ['a backslash', 'a\\b'], ['an escape', 'a\u001b[2J'],
    ['a hidden file', '.env'], ['a hidden folder', '.git/config'], ['a hidden folder further down', 'a/.vscode/tasks.json'], ['a name of 256 bytes', 'x'.repeat(256)],
    ['17 names', Array.from({ length: 17 }, () => 'a').join('/')], ['more than 1,024 bytes', Array.from({ length: 8 }, () => 'x'.repeat(200)).join('/')],
  ])('refuses %s', (_what, path) => {
    expect(() => namesOf(path)).toThrow(expect.objectContaining({ code: 'ARTIFACT_REFUSED' }));
  });

  it('never takes a path that leads out of a folder', () => {
    const part = fc.oneof(fc.constantFrom('.', '..', '', 'a', '/', '\\', '.git', '~'), fc.string({ maxLength: 3 }));
    fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const path = parts.join('/');
      const taken = (() => { try { return namesOf(path); } catch { return undefined; } })();
      return taken === undefined || join('/root', ...taken) === `/root/${path}`;
    }));
  });
});

describe('holdFolder', () => {
  it('leads to the folder of a file', async () => {
    const workspace = temporaryDirectory();
    mkdirSync(join(workspace, 'a/b'), { recursive: true });
    writeFileSync(join(workspace, 'a/b/c'), 'abc');
    const folder = await holdFolder(workspace, 'a/b/c', ['a', 'b', 'c']);
    expect((await identify(folder.at('c'), 'a/b/c')).bytes).toBe(3);
    await folder.close();
  });

  it('stays with the folder when a link takes its place', async () => {
    const [workspace, outside] = [temporaryDirectory(), temporaryDirectory()];
    mkdirSync(join(workspace, 'a'));
    writeFileSync(join(workspace, 'a/file'), 'mine');
    writeFileSync(join(outside, 'file'), 'of the host');
    const folder = await holdFolder(workspace, 'a/file', ['a', 'file']);
    renameSync(join(workspace, 'a'), join(workspace, 'b'));
    symlinkSync(outside, join(workspace, 'a'));
    expect((await identify(folder.at('file'), 'a/file')).bytes).toBe(4);
    await folder.close();
  });

  it.each([
    ['a link to a folder', (workspace: string) => { symlinkSync('/etc', join(workspace, 'a')); }],
    ['a link to a folder of the workspace', (workspace: string) => { mkdirSync(join(workspace, 'x')); symlinkSync('x', join(workspace, 'a')); }],
    ['a file', (workspace: string) => { writeFileSync(join(workspace, 'a'), ''); }],
    ['a FIFO', (workspace: string) => { execFileSync('mkfifo', [join(workspace, 'a')]); }],
    ['nothing', () => undefined],
  ])('refuses %s on the way', async (_what, prepare) => {
    const workspace = temporaryDirectory();
    prepare(workspace);
    await expect(holdFolder(workspace, 'a/passwd', ['a', 'passwd'])).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED' });
  });

  it.skipIf(isRoot)('refuses a folder that may not be entered', async () => {
    const workspace = temporaryDirectory();
    mkdirSync(join(workspace, 'a/b'), { recursive: true });
    chmodSync(join(workspace, 'a'), 0);
    await expect(holdFolder(workspace, 'a/b/c', ['a', 'b', 'c'])).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED' });
    chmodSync(join(workspace, 'a'), 0o700);
  });
});

describe('identifyForGood', () => {
  it('waits until the tick of the kernel is over in which the file was changed: a second change in it would leave no trace', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, 'hello');
    const { bytes, changed } = await identifyForGood(file, 'file');
    expect(bytes).toBe(5);
    expect(Date.now() - Number(changed / 1_000_000n)).toBeGreaterThan(10);
  });

  it('sees every change that comes after it, however soon, and though it is of the same size', async () => {
    const file = join(temporaryDirectory(), 'file');
    for (let round = 0; round < 20; round++) {
      writeFileSync(file, 'a');
      const { changed } = await identifyForGood(file, 'file');
      writeFileSync(file, 'b');
      expect((await identify(file, 'file')).changed).not.toBe(changed);
    }
  });

  it('refuses what is not there', async () => {
    await expect(identifyForGood(join(temporaryDirectory(), 'nothing'), 'nothing')).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED' });
  });
});

describe('identify', () => {
  const reject = (file: string, words: RegExp): Promise<void> => expect(identify(file, 'name')).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED', message: expect.stringMatching(words) });

  it('tells size and identity of a file', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, 'hello');
    expect(await identify(file, 'file')).toMatchObject({ bytes: 5, inode: expect.any(BigInt), device: expect.any(BigInt) });
  });

  it('refuses a link, wherever it leads', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'file'), '');
    for (const [index, target] of ['/etc/passwd', 'file', 'nowhere'].entries()) {
      symlinkSync(target, join(folder, String(index)));
      await reject(join(folder, String(index)), /is a link/);
    }
  });

  it('refuses a folder, and says what to do instead', async () => {
    await reject(temporaryDirectory(), /is a folder: keep its files one by one/);
  });

  it('refuses a FIFO at once, though nobody writes to it', async () => {
    const file = join(temporaryDirectory(), 'fifo');
    execFileSync('mkfifo', [file]);
    await reject(file, /is a FIFO/);
  });

  it('refuses a socket', async () => {
    const file = join(temporaryDirectory(), 'socket');
    const server = createServer().listen(file);
    onTestFinished(() => { server.close(); });
    await once(server, 'listening');
    await reject(file, /is a socket/);
  });

  it('refuses a device', async () => {
    await reject('/dev/null', /is a device/);
  });

  it.runIf(isRoot)('refuses a device that somebody made in the workspace', async () => {
    const file = join(temporaryDirectory(), 'device');
    try {
      execFileSync('mknod', [file, 'c', '1', '5'], { stdio: 'ignore' });
    } catch {
      // Where even root may not make one, there is none to refuse.
      return;
    }
    await reject(file, /is a device/);
  });

  it('refuses a file with a second name, under both', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'one'), '');
    linkSync(join(folder, 'one'), join(folder, 'other'));
    await reject(join(folder, 'one'), /has 2 names/);
    await reject(join(folder, 'other'), /has 2 names/);
  });

  it('refuses what is not there', async () => {
    await reject(join(temporaryDirectory(), 'nothing'), /does not exist/);
  });
});
