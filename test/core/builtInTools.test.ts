import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ToolOutputChunk } from '../../src/lib/task-system/types/Tools.ts';
import { rejectionOf } from '../support/thrown.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';
import { killAndWait } from './programs.ts';
import { toolPair } from './toolPair.ts';
import { until } from './until.ts';

const FILES = { 'notes.md': '# Bees\n\nThey dance.\n', 'src/a.ts': 'const dance = 1;\n', 'src/deep/b.ts': 'Dance();\n', '.git/HEAD': 'dance\n', 'node_modules/x/i.js': 'dance\n' };

/** Puts a link in the place of a folder and the folder back, without end; what a tool makes there meanwhile goes. */
const SWAPPER = `
  const fs = require('node:fs'); const { renameSync: rename } = fs;
  const attempt = (work) => { try { work(); } catch {} };
  process.stdout.write('.');
  for (;;) {
    try { rename('swap', 'aside'); rename('bait', 'swap'); rename('swap', 'bait'); rename('aside', 'swap'); } catch {
      attempt(() => { if (fs.lstatSync('swap').isSymbolicLink()) rename('swap', 'bait'); else if (fs.existsSync('aside')) fs.rmSync('swap', { recursive: true }); });
      attempt(() => { rename('aside', 'swap'); });
    }
  }`;

function withFiles(files: Readonly<Record<string, string>> = FILES) {
  const pair = toolPair({ policy: { allow: ['*'], network: { hosts: ['*'] } } });
  writeFiles(pair.workspace, files);
  return pair;
}

describe('fs.read', () => {
  it('pages a text at characters, never within one, and loses nothing', async () => {
    const text = 'aé漢🐝'.repeat(50);
    const { tools } = withFiles({ 'x.txt': text });
    await fc.assert(fc.asyncProperty(fc.integer({ min: 4, max: 64 }), async (limit) => {
      let [read, offset] = ['', 0 as number | undefined];
      while (offset !== undefined) {
        const page = await tools.call('fs.read', { path: 'x.txt', offset, limit });
        expect(page.content).not.toContain('\ufffd');
        [read, offset] = [read + page.content, page.nextOffset];
      }
      expect(read).toBe(text);
    }), { numRuns: 20 });
  });

  it('gives bytes as base64, and nothing behind the end', async () => {
    const { tools } = withFiles({ 'x.bin': 'abc' });
    expect(await tools.call('fs.read', { path: 'x.bin', encoding: 'base64' })).toEqual({ path: 'x.bin', content: 'YWJj', size: 3 });
    expect(await tools.call('fs.read', { path: 'x.bin', offset: 9 })).toEqual({ path: 'x.bin', content: '', size: 3 });
  });

  it.each([['none', 'ENOENT'], ['src', 'EISDIR'], ['notes.md/x', 'ENOTDIR'], ['.', 'EISDIR'], ['n'.repeat(300), 'ENAMETOOLONG']])('says why %s cannot be read', async (path, reason) => {
    expect(await rejectionOf(withFiles().tools.call('fs.read', { path }))).toMatchObject({ code: 'TOOL_FAILED', details: { reason } });
  });

  it.each([['..'], ['../x'], ['a/../../x'], ['/etc/passwd'], ['~/x'], ['C:\\x'], ['a\\..\\..\\x'], ['project:x'], ['a\0b']])('does not go to %j', async (path) => {
    expect((await rejectionOf(withFiles().tools.call('fs.read', { path }))).code).toBe('TOOL_DENIED');
  });

  it.each(['line\nbreak', ' spaces ', '-rf', '$(x)', 'ünïcödé', '🐝', 'a (deleted)', '%2e%2e', '...'])('reads and writes a file called %j', async (path) => {
    const { tools } = withFiles({});
    await tools.call('fs.write', { path: `d/${path}`, content: 'x' });
    expect((await tools.call('fs.read', { path: `d/${path}` })).content).toBe('x');
  });
});

describe('files that are not what they seem', () => {
  function traps() {
    const pair = withFiles();
    const outside = temporaryDirectory();
    writeFiles(outside, { 'secret.txt': 'hush' });
    symlinkSync(join(outside, 'secret.txt'), join(pair.workspace, 'file-link'));
    symlinkSync(outside, join(pair.workspace, 'folder-link'));
    symlinkSync('notes.md', join(pair.workspace, 'inner-link'));
    symlinkSync('loop', join(pair.workspace, 'loop'));
    execFileSync('mkfifo', [join(pair.workspace, 'pipe')]);
    return { ...pair, outside };
  }

  it.each(['file-link', 'folder-link/secret.txt', 'inner-link', 'loop', 'pipe'])('does not read %s', async (path) => {
    expect((await rejectionOf(traps().tools.call('fs.read', { path }))).code).toBe('TOOL_FAILED');
  });

  it.each(['file-link', 'folder-link/secret.txt', 'folder-link/new.txt', 'folder-link/a/b/new.txt', 'loop', 'pipe'])('does not write %s', async (path) => {
    const { tools, outside } = traps();
    expect((await rejectionOf(tools.call('fs.write', { path, content: 'mine' }))).code).toBe('TOOL_FAILED');
    expect([readdirSync(outside), readFileSync(join(outside, 'secret.txt'), 'utf8')]).toEqual([['secret.txt'], 'hush']);
  });

  it('lists and searches without going through links, and says what they are', async () => {
    const { tools } = traps();
    const { entries } = await tools.call('fs.list', { depth: 5 });
    expect(entries.filter(({ type }) => type === 'link' || type === 'other').map(({ path, type }) => [path, type])).toEqual([['file-link', 'link'], ['folder-link', 'link'], ['inner-link', 'link'], ['loop', 'link'], ['pipe', 'other']]);
    expect((await tools.call('fs.search', { text: 'hush' })).matches).toEqual([]);
    expect((await rejectionOf(tools.call('fs.list', { path: 'folder-link' }))).code).toBe('TOOL_FAILED');
    expect((await rejectionOf(tools.call('shell.run', { command: ['ls'], cwd: 'folder-link' }))).code).toBe('TOOL_FAILED');
  });

  it('removes links and not what they lead to', async () => {
    const { tools, outside, workspace } = traps();
    mkdirSync(join(workspace, 'tree'));
    symlinkSync(outside, join(workspace, 'tree/out'));
    expect(await tools.call('fs.remove', { path: 'tree', recursive: true })).toEqual({ path: 'tree', removed: 2 });
    expect(await tools.call('fs.remove', { path: 'file-link' })).toEqual({ path: 'file-link', removed: 1 });
    expect((await rejectionOf(tools.call('fs.remove', { path: 'folder-link/secret.txt' }))).code).toBe('TOOL_FAILED');
    expect(readdirSync(outside)).toEqual(['secret.txt']);
  });

  it('does not write through a second name of a file', async () => {
    const { tools, outside, workspace } = traps();
    linkSync(join(outside, 'secret.txt'), join(workspace, 'hard'));
    expect(await rejectionOf(tools.call('fs.write', { path: 'hard', content: 'mine' }))).toMatchObject({ details: { reason: 'EHARDLINK' } });
    expect(await rejectionOf(tools.call('fs.edit', { path: 'hard', oldText: 'hush', newText: 'mine' }))).toMatchObject({ details: { reason: 'EHARDLINK' } });
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('hush');
  });

  it('reads and writes nothing outside while a folder is swapped for a link all the time', async () => {
    const { tools, outside, workspace } = traps();
    mkdirSync(join(workspace, 'swap'));
    writeFileSync(join(workspace, 'swap/secret.txt'), 'mine');
    symlinkSync(outside, join(workspace, 'bait'));
    const swapper = spawn(process.execPath, ['-e', SWAPPER], { cwd: workspace, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => killAndWait(swapper));
    await once(swapper.stdout, 'data');
    const seen = new Map<string, number>();
    const note = (what: string): void => { seen.set(what, (seen.get(what) ?? 0) + 1); };
    for (let round = 0; round < 3_000; round++) {
      await tools.call('fs.read', { path: 'swap/secret.txt' }).then(({ content }) => { note(content); }, () => { note('refused'); });
      if (round % 10 === 0) await tools.call('fs.write', { path: 'swap/new/file.txt', content: 'x' }).catch(() => undefined);
    }
    expect(seen.has('hush')).toBe(false);
    expect(readdirSync(outside)).toEqual(['secret.txt']);
    expect(seen.get('mine')).toBeGreaterThan(0);
    expect(swapper.exitCode, 'the swapper went on to the end').toBeNull();
  });
});

describe('fs.write', () => {
  it('replaces, appends, creates', async () => {
    const { tools, workspace } = withFiles();
    await tools.call('fs.write', { path: 'a', content: 'one and more' });
    expect(await tools.call('fs.write', { path: 'a', content: 'two' })).toEqual({ path: 'a', bytes: 3, size: 3 });
    expect(await tools.call('fs.write', { path: './a', content: 'AAE=', encoding: 'base64', mode: 'append' })).toEqual({ path: 'a', bytes: 2, size: 5 });
    expect(await rejectionOf(tools.call('fs.write', { path: 'a', content: '', mode: 'create' }))).toMatchObject({ details: { reason: 'EEXIST' } });
    expect(readFileSync(join(workspace, 'a'))).toEqual(Buffer.from('two\0\x01'));
  });

  it('makes folders that are missing, also for two calls at once', async () => {
    const { tools, workspace } = withFiles();
    await Promise.all(['x', 'y', 'z'].map((name) => tools.call('fs.write', { path: `a/b/c/${name}`, content: name })));
    expect(readdirSync(join(workspace, 'a/b/c'))).toEqual(['x', 'y', 'z']);
  });
});

describe('fs.edit', () => {
  it('replaces the one place, or all of them where that is asked for', async () => {
    const { tools, workspace } = withFiles({ 'a.txt': 'one two one' });
    expect(await tools.call('fs.edit', { path: 'a.txt', oldText: 'two', newText: '$& $1' })).toEqual({ path: 'a.txt', replacements: 1, size: 13 });
    expect((await rejectionOf(tools.call('fs.edit', { path: 'a.txt', oldText: 'one', newText: '' }))).message).toContain('occurs 2 times');
    expect((await rejectionOf(tools.call('fs.edit', { path: 'a.txt', oldText: 'three', newText: '' }))).message).toContain('does not occur');
    await tools.call('fs.edit', { path: 'a.txt', oldText: 'one', newText: 'ONE', all: true });
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('ONE $& $1 ONE');
  });

  it('leaves alone what is no text', async () => {
    const { tools, workspace } = withFiles({});
    writeFileSync(join(workspace, 'b.bin'), Buffer.from([0x61, 0xff, 0x62]));
    expect(await rejectionOf(tools.call('fs.edit', { path: 'b.bin', oldText: 'a', newText: 'x' }))).toMatchObject({ details: { reason: 'ENOTTEXT' } });
    expect(readFileSync(join(workspace, 'b.bin'))).toEqual(Buffer.from([0x61, 0xff, 0x62]));
  });
});

describe('fs.list and fs.search', () => {
  it('page through everything once, in order, whatever the size of the page', async () => {
    const { tools } = withFiles({ 'a/x': '', 'a.txt': '', 'a-b': '', 'a/y/z': '', 'b': '', 'Z': '' });
    const whole = (await tools.call('fs.list', { depth: 9 })).entries.map(({ path }) => path);
    expect(whole).toEqual(['Z', 'a', 'a/x', 'a/y', 'a/y/z', 'a-b', 'a.txt', 'b']);
    for (let limit = 1; limit <= whole.length; limit++) {
      const paths: string[] = [];
      let after: string | undefined = '';
      while (after !== undefined) {
        const page: { readonly entries: readonly { readonly path: string }[]; readonly next?: string } = await tools.call('fs.list', { depth: 9, limit, after });
        paths.push(...page.entries.map(({ path }) => path));
        after = page.next;
      }
      expect(paths).toEqual(whole);
    }
  });

  it('finds lines by text, in files by pattern, without packages and history', async () => {
    const { tools } = withFiles();
    expect((await tools.call('fs.search', { text: 'dance' })).matches).toEqual([{ path: 'notes.md', line: 3, text: 'They dance.' }, { path: 'src/a.ts', line: 1, text: 'const dance = 1;' }]);
    expect((await tools.call('fs.search', { text: 'dance', glob: '*.ts', ignoreCase: true })).matches.map(({ path }) => path)).toEqual(['src/a.ts', 'src/deep/b.ts']);
    expect((await tools.call('fs.search', { glob: 'src/*.ts' })).matches).toEqual([{ path: 'src/a.ts' }]);
    expect((await tools.call('fs.search', { path: 'node_modules', text: 'dance' })).matches).toEqual([{ path: 'x/i.js', line: 1, text: 'dance' }]);
  });

  it('takes a pattern for the text literally, and goes on where a page ended', async () => {
    const { tools } = withFiles({ 'a': '(a+)+$\n', 'b': '(a+)+$\n(a+)+$\n', 'c': '(a+)+$\n' });
    const first = await tools.call('fs.search', { text: '(a+)+$', limit: 2 });
    expect([first.matches.map(({ path }) => path), first.next]).toEqual([['a', 'b', 'b'], 'b']);
    expect((await tools.call('fs.search', { text: '(a+)+$', limit: 2, after: first.next ?? '' })).matches.map(({ path }) => path)).toEqual(['c']);
  });

  it('looks at one thing', async () => {
    const { tools } = withFiles();
    expect(await tools.call('fs.stat', { path: 'notes.md' })).toMatchObject({ path: 'notes.md', type: 'file', size: 20, modified: expect.stringMatching(/^\d{4}-/) });
    expect(await tools.call('fs.stat', { path: '.' })).toMatchObject({ path: '.', type: 'folder' });
  });
});

describe('fs.remove', () => {
  it('removes files and empty folders, full ones only when asked, the workspace never', async () => {
    const { tools, workspace } = withFiles();
    expect(await tools.call('fs.remove', { path: 'notes.md' })).toEqual({ path: 'notes.md', removed: 1 });
    expect(await rejectionOf(tools.call('fs.remove', { path: 'src' }))).toMatchObject({ details: { reason: 'ENOTEMPTY' } });
    expect(await tools.call('fs.remove', { path: 'src', recursive: true })).toEqual({ path: 'src', removed: 4 });
    expect((await rejectionOf(tools.call('fs.remove', { path: '.', recursive: true }))).code).toBe('TOOL_FAILED');
    expect(existsSync(workspace)).toBe(true);
  });
});

describe('shell.run', () => {
  it('runs a program by its words, a script by the shell, and gives back what was printed', async () => {
    const { tools } = withFiles();
    expect(await tools.call('shell.run', { command: ['printf', '%s|', '$HOME', '; ls'] })).toMatchObject({ exitCode: 0, stdout: '$HOME|; ls|', stderr: '', timedOut: false, truncated: false });
    expect(await tools.call('shell.run', { script: 'cat; echo oops >&2; exit 3', stdin: 'fed' })).toMatchObject({ exitCode: 3, stdout: 'fed', stderr: 'oops\n' });
    expect(await tools.call('shell.run', { command: ['ls'], cwd: 'src' })).toMatchObject({ stdout: 'a.ts\ndeep\n' });
  });

  it('lets its caller hear output as it comes', async () => {
    const { tools } = withFiles();
    const chunks: ToolOutputChunk[] = [];
    await tools.call('shell.run', { script: 'echo one; echo two >&2' }, { onOutput: (chunk) => { chunks.push(chunk); } });
    expect(chunks.sort((left, right) => (left.stream < right.stream ? 1 : -1))).toEqual([{ stream: 'stdout', text: 'one\n' }, { stream: 'stderr', text: 'two\n' }]);
  });

  it('keeps the beginning and the end of a long output', async () => {
    const { tools } = withFiles();
    const { stdout, truncated } = await tools.call('shell.run', { script: 'echo begin; yes | head -c 5000000; echo end', maxOutputBytes: 1_024 });
    expect(truncated).toBe(true);
    expect(stdout).toMatch(/^begin\n[\s\S]*\[… \d{7} bytes left out …\][\s\S]*end\n$/);
  });

  it('kills a program that takes too long, with all it started', async () => {
    const { tools, workspace } = withFiles();
    // Long enough for a slow machine to get to where it hangs.
    expect(await tools.call('shell.run', { script: 'sleep 1000 & echo $! > pid; sleep 1000', timeoutMs: 3_000 })).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true });
    await until(() => isGone(Number(readFileSync(join(workspace, 'pid'), 'utf8'))));
  });

  it('does not wait for what a program leaves behind, and ends that too', async () => {
    const { tools, workspace } = withFiles();
    expect(await tools.call('shell.run', { script: 'sleep 1000 & echo $! > pid; echo done' })).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    await until(() => isGone(Number(readFileSync(join(workspace, 'pid'), 'utf8'))));
  });

  it('says so when there is no such program, or it may not be run', async () => {
    const { tools, workspace } = withFiles();
    chmodSync(join(workspace, 'notes.md'), 0o644);
    for (const command of [['no-such-program'], ['./notes.md']]) expect((await rejectionOf(tools.call('shell.run', { command }))).code).toBe('TOOL_FAILED');
  });

  it.each([[{}], [{ command: [] }], [{ command: ['ls'], script: 'ls' }], [{ command: 'ls' }], [{ command: ['ls', 7] }], [{ script: 'ls', env: { LD_PRELOAD: './x.so' } }], [{ command: ['ls'], timeoutMs: 0 }]])('refuses %j', async (input) => {
    const calling = withFiles().tools.call<string>('shell.run', input);
    expect((await rejectionOf(calling)).code).toBe('TOOL_INPUT_INVALID');
  });
});

describe('memory.remember', () => {
  it('hands the text to the host, which keeps it for the end of the task', async () => {
    const { tools, remembered } = withFiles();
    expect(await tools.call('memory.remember', { text: 'Bees dance.', files: ['notes.md'] })).toEqual({ remembered: true });
    expect(remembered).toEqual([{ text: 'Bees dance.', files: ['notes.md'] }]);
    expect((await rejectionOf(tools.call('memory.remember', { text: 'x'.repeat(401) }))).code).toBe('TOOL_INPUT_INVALID');
  });
});

describe('http.fetch', () => {
  async function serve(): Promise<string> {
    const server = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: 'http://elsewhere.example/' }).end();
      else if (request.url === '/binary') response.writeHead(200, { 'content-type': 'image/png', 'set-cookie': 'a=b' }).end(Buffer.from([1, 2, 3]));
      else request.pipe(response.writeHead(200, { 'content-type': 'text/plain', 'x-method': request.method }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => { server.closeAllConnections(); server.close(); });
    const address = server.address();
    return `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`;
  }

  it('sends a body and pages the answer', async () => {
    const [url, { tools }] = [await serve(), withFiles()];
    expect(await tools.call('http.fetch', { url, method: 'POST', body: 'abcdefgh', limit: 3 })).toMatchObject({ status: 200, body: 'abc', nextOffset: 3, headers: { 'content-type': 'text/plain' } });
    expect(await tools.call('http.fetch', { url, method: 'POST', body: 'abcdefgh', limit: 3, offset: 6 })).toMatchObject({ body: 'gh' });
  });

  it('follows no redirect, shows no cookies, and gives what is no text as base64', async () => {
    const [url, { tools }] = [await serve(), withFiles()];
    expect(await tools.call('http.fetch', { url: `${url}/moved` })).toMatchObject({ status: 302, headers: { location: 'http://elsewhere.example/' } });
    const answer = await tools.call('http.fetch', { url: `${url}/binary` });
    expect(answer).toMatchObject({ bodyBase64: 'AQID' });
    expect(Object.keys(answer.headers)).not.toContain('set-cookie');
  });

  it('says why a server cannot be reached', async () => {
    const { tools } = withFiles();
    expect(await rejectionOf(tools.call('http.fetch', { url: 'http://127.0.0.1:1/' }))).toMatchObject({ code: 'TOOL_FAILED', message: expect.stringContaining('127.0.0.1:1') });
  });

  it.each(['ftp://example.com', 'http://user:word@example.com', 'nothing', 'file:///etc/passwd'])('is denied for %s', async (url) => {
    expect((await rejectionOf(withFiles().tools.call('http.fetch', { url }))).code).toBe('TOOL_DENIED');
  });
});

function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}
