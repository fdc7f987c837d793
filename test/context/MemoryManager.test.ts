import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryManager } from '../../src/lib/task-system/context/MemoryManager.ts';
import { temporaryDirectory, writeFiles } from '../support/files.ts';
import { rejectionOf } from '../support/thrown.ts';
import { entryOf, idsOf, targetIn } from './memory/support.ts';

function memoryOf(directory: string): string {
  return readFileSync(join(directory, 'MEMORY.md'), 'utf8');
}

describe('MemoryManager', () => {
  it('makes the file, adds entries, and tells what it added and removed', async () => {
    const directory = temporaryDirectory();
    const manager = new MemoryManager();
    await expect(manager.write(targetIn(directory), entryOf('a'))).resolves.toMatchObject({ kind: 'added', added: [expect.stringContaining('found a')], removed: [] });
    await expect(manager.write(targetIn(directory), entryOf('a'))).resolves.toMatchObject({ kind: 'known', added: [] });
    await expect(manager.write(targetIn(directory, { maxTokens: 1 }), entryOf('b'))).resolves.toMatchObject({ kind: 'added', evicted: 1, removed: [expect.stringContaining('found a')] });
    expect(idsOf(memoryOf(directory))).toEqual(['b']);
    expect(idsOf(readFileSync(join(directory, 'MEMORY.archive.md'), 'utf8'))).toEqual(['a']);
    expect(readdirSync(directory).toSorted()).toEqual(['MEMORY.archive.md', 'MEMORY.md']);
  });

  it('writes what many ask for at once, each of it', async () => {
    const directory = temporaryDirectory();
    const manager = new MemoryManager();
    const ids = Array.from({ length: 30 }, (_, index) => `t${String(index)}`);
    await Promise.all(ids.map((id) => manager.write(targetIn(directory), entryOf(id))));
    expect(idsOf(memoryOf(directory)).toSorted()).toEqual(ids.toSorted());
  });

  it('follows a link inside the project, and refuses one that leads out', async () => {
    const directory = temporaryDirectory();
    const outside = temporaryDirectory();
    writeFiles(directory, { 'notes/real.md': 'mine\n' });
    writeFileSync(join(outside, 'MEMORY.md'), 'not yours\n');
    symlinkSync('notes/real.md', join(directory, 'MEMORY.md'));
    symlinkSync(join(outside, 'MEMORY.md'), join(directory, 'OUT.md'));
    symlinkSync(outside, join(directory, 'out'));
    const manager = new MemoryManager();
    await manager.write(targetIn(directory), entryOf('a'));
    expect(idsOf(readFileSync(join(directory, 'notes/real.md'), 'utf8'))).toEqual(['a']);
    for (const file of ['OUT.md', 'out/MEMORY.md', 'out/NEW.md']) expect((await rejectionOf(manager.write(targetIn(directory, { file }), entryOf('b')))).code).toBe('MEMORY_REFUSED');
    expect(readFileSync(join(outside, 'MEMORY.md'), 'utf8')).toBe('not yours\n');
    expect(readdirSync(outside)).toEqual(['MEMORY.md']);
  });

  it('refuses a folder, a FIFO and a project that is not there, without being held up', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'folder'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    const manager = new MemoryManager();
    for (const file of ['folder', 'fifo']) expect((await rejectionOf(manager.write(targetIn(directory, { file }), entryOf('a')))).code).toBe('MEMORY_REFUSED');
    expect((await rejectionOf(manager.write(targetIn(join(directory, 'nowhere')), entryOf('a')))).code).toBe('MEMORY_REFUSED');
    expect(existsSync(join(directory, 'nowhere'))).toBe(false);
  });

  it('sends entries to the archive where the marks are damaged, and leaves the file alone', async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { 'MEMORY.md': 'mine\n<!-- task-system:memory:begin -->\n' });
    const manager = new MemoryManager();
    const written = await manager.write(targetIn(directory), entryOf('a'));
    expect(written).toMatchObject({ kind: 'archived', reason: { code: 'MEMORY_DAMAGED' } });
    await expect(manager.write(targetIn(directory), entryOf('a'))).resolves.toMatchObject({ kind: 'known' });
    expect(memoryOf(directory)).toBe('mine\n<!-- task-system:memory:begin -->\n');
    expect(idsOf(readFileSync(join(directory, 'MEMORY.archive.md'), 'utf8'))).toEqual(['a']);
  });

  it('takes a memory of 10 MB as it is', async () => {
    const directory = temporaryDirectory();
    const text = '# Everything\n' + 'one more line of it\n'.repeat(524_288);
    writeFileSync(join(directory, 'MEMORY.md'), text);
    await new MemoryManager().write(targetIn(directory), entryOf('a'));
    const after = memoryOf(directory);
    expect(after.length).toBeGreaterThan(10_000_000);
    expect(after.startsWith(text)).toBe(true);
    expect(idsOf(after)).toEqual(['a']);
  });

  it('keeps bytes that are no UTF-8, and leaves UTF-16 alone', async () => {
    const directory = temporaryDirectory();
    const odd = Buffer.from([0x66, 0xfc, 0x72, 0xff, 0x0a]);
    writeFileSync(join(directory, 'MEMORY.md'), odd);
    const manager = new MemoryManager();
    await manager.write(targetIn(directory), entryOf('a'));
    expect(readFileSync(join(directory, 'MEMORY.md')).subarray(0, odd.length)).toEqual(odd);
    writeFileSync(join(directory, 'WIDE.md'), Buffer.from('\ufeffwide', 'utf16le'));
    await expect(manager.write(targetIn(directory, { file: 'WIDE.md' }), entryOf('b'))).resolves.toMatchObject({ kind: 'archived' });
  });

  it('takes over the lock of a process that is dead, and waits for one that lives', async () => {
    const directory = temporaryDirectory();
    const lock = join(directory, '.MEMORY.md.lock');
    const { pid } = JSON.parse(execFileSync(process.execPath, ['-p', 'JSON.stringify({ pid: process.pid })'], { encoding: 'utf8' })) as { pid: number };
    const { hostname } = await import('node:os');
    writeFileSync(lock, JSON.stringify({ pid, start: '1', host: hostname() }));
    const manager = new MemoryManager();
    await manager.write(targetIn(directory), entryOf('a'));
    // The number of a living process, but not the process it was.
    writeFileSync(lock, JSON.stringify({ pid: process.pid, start: '1', host: hostname() }));
    await manager.write(targetIn(directory), entryOf('b'));
    expect(idsOf(memoryOf(directory))).toEqual(['b', 'a']);
    expect((await rejectionOf(new MemoryManager({ lockWaitMs: 0 }).write(targetIn(directory, { file: lockedBy(directory, hostname()) }), entryOf('c')))).code).toBe('MEMORY_BUSY');
  });
});

/** A memory file whose lock is held by this very process. */
function lockedBy(directory: string, host: string): string {
  writeFileSync(join(directory, '.HELD.md.lock'), JSON.stringify({ pid: process.pid, host }));
  return 'HELD.md';
}
