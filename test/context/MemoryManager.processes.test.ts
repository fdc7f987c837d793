import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryManager } from '../../src/lib/task-system/context/MemoryManager.ts';
import { sweepLeftovers } from '../../src/lib/task-system/context/memory/sweepLeftovers.ts';
import { temporaryDirectory } from '../support/files.ts';
import { entryOf, idsOf, targetIn } from './memory/support.ts';
import { startProgram } from './programs.ts';

const HUMAN = '# Memory\n\nWhat I know: bees dance — 蜂は踊る.\n';

/** All that a section may hold at any moment: both marks, and entries that are whole. */
function expectWhole(text: string): void {
  expect(text.match(/^<!-- task-system:memory:begin -->$/gm) ?? []).toHaveLength(1);
  expect(text.trimEnd().endsWith('<!-- task-system:memory:end -->')).toBe(true);
  for (const [, count = '0'] of text.matchAll(/task-system:entry .* lines=(\d+)/g)) expect(count).toBe('1');
  expect(text.match(/^- 2026-01-02 .*: found /gm)).toHaveLength(idsOf(text).length);
}

/**
 * Saves a line as an editor without locks does.
 * @returns whether it did so at once. Where the machine stopped it between opening and writing, the file may have been replaced long ago.
 */
function save(file: string, line: string): readonly [line: string, isQuick: boolean] {
  const began = performance.now();
  appendFileSync(file, `${line}\n`);
  return [line, performance.now() - began < 3];
}

describe('MemoryManager among processes', { timeout: 240_000 }, () => {
  it('keeps 400 of 400 entries of 8 writers, and every line that a person adds meanwhile', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'MEMORY.md');
    writeFileSync(file, HUMAN);
    const writers = Array.from({ length: 8 }, (_, index) => startProgram('remembers', [directory, `w${String(index)}`, '50']));
    const saved: (readonly [line: string, isQuick: boolean])[] = [];
    let acknowledged = 0;
    const follow = writers.map(async (writer) => {
      for await (const _line of writer.lines) {
        // A person saves now and then, while others write; nobody tells them of a lock.
        if (++acknowledged % 7 === 0) saved.push(save(file, `thought ${String(saved.length + 1)}`));
      }
      expect(await writer.ended, await writer.stderr).toBe(0);
    });
    await Promise.all(follow);
    const text = readFileSync(file, 'utf8');
    expect(new Set(idsOf(text)).size).toBe(400);
    expect(idsOf(text)).toHaveLength(400);
    expect(text.startsWith(HUMAN)).toBe(true);
    const kept: readonly string[] = text.match(/^thought \d+$/gm) ?? [];
    expect(kept).toEqual(saved.filter(([line, isQuick]) => isQuick || kept.includes(line)).map(([line]) => line));
    expect(saved.length).toBeGreaterThan(50);
    expect(saved.filter(([, isQuick]) => isQuick).length).toBeGreaterThan(saved.length / 2);
    expect(readdirSync(directory)).toEqual(['MEMORY.md']);
  });

  it('leaves the old or the new file when it is killed, and the next writer goes on', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'MEMORY.md');
    writeFileSync(file, HUMAN);
    const acknowledged: string[] = [];
    for (const [round, amount] of [1, 2, 3, 5, 8, 13, 21].entries()) {
      const writer = startProgram('remembers', [directory, `r${String(round)}`, '100000']);
      let left = amount;
      for await (const line of writer.lines) {
        acknowledged.push(line);
        if (--left === 0) writer.process.kill('SIGKILL');
      }
      expect(await writer.ended).toBe('SIGKILL');
      const text = readFileSync(file, 'utf8');
      expect(text.startsWith(HUMAN)).toBe(true);
      expectWhole(text);
      expect(idsOf(text)).toEqual(expect.arrayContaining(acknowledged));
    }
    await new MemoryManager().write(targetIn(directory), entryOf('last'));
    expect(idsOf(readFileSync(file, 'utf8'))).toContain('last');
    expect(existsSync(join(directory, '.MEMORY.md.lock'))).toBe(false);
  });

  it('is whole when it is killed in the middle of a write, and what that left is swept away', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'MEMORY.md');
    writeFileSync(file, HUMAN);
    for (const round of [0, 1, 2, 3]) {
      const writer = startProgram('remembers', [directory, `m${String(round)}`, '100000']);
      const watcher = watch(directory, (_event, name) => { if (name?.endsWith('.tmp') === true) writer.process.kill('SIGKILL'); });
      expect(await writer.ended).toBe('SIGKILL');
      watcher.close();
      const text = readFileSync(file, 'utf8');
      expect(text.startsWith(HUMAN)).toBe(true);
      if (text !== HUMAN) expectWhole(text);
    }
    await new MemoryManager().write(targetIn(directory), entryOf('last'));
    await sweepLeftovers(file, Date.now() + 3_600_000);
    expect(readdirSync(directory)).toEqual(['MEMORY.md']);
    expectWhole(readFileSync(file, 'utf8'));
  });

  it('changes nothing when there is no more room on the disk, and says so', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'MEMORY.md');
    // No file of this program may grow beyond a few blocks: to it the disk is full.
    const writer = startProgram('remembers', [directory, 'full', '1000'], 'ulimit -f 8;');
    const ids: string[] = [];
    for await (const line of writer.lines) ids.push(line);
    expect(await writer.ended).toBe(1);
    expect(await writer.stderr).toContain('MEMORY_FAILED');
    expect(ids.length).toBeGreaterThan(2);
    expect(idsOf(readFileSync(file, 'utf8')).toSorted()).toEqual(ids.toSorted());
    expect(readdirSync(directory)).toEqual(['MEMORY.md']);
    await new MemoryManager().write(targetIn(directory), entryOf('after'));
    expect(idsOf(readFileSync(file, 'utf8'))).toContain('after');
  });

  it('moves entries over the bound to the archive, and loses none of them to a kill', async () => {
    const directory = temporaryDirectory();
    const acknowledged: string[] = [];
    for (const round of [0, 1, 2]) {
      const writer = startProgram('remembers', [directory, `r${String(round)}`, '100000', '600']);
      let left = 12;
      for await (const line of writer.lines) {
        acknowledged.push(line);
        if (--left === 0) writer.process.kill('SIGKILL');
      }
      await writer.ended;
    }
    const text = readFileSync(join(directory, 'MEMORY.md'), 'utf8');
    const archive = readFileSync(join(directory, 'MEMORY.archive.md'), 'utf8');
    expect(idsOf(text).length).toBeLessThan(15);
    expect([...idsOf(text), ...idsOf(archive)]).toEqual(expect.arrayContaining(acknowledged));
  });

  it('keeps mode and owner, and does not touch a file that is read-only', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'MEMORY.md');
    writeFileSync(file, HUMAN);
    chmodSync(file, 0o640);
    const manager = new MemoryManager();
    await manager.write(targetIn(directory), entryOf('one'));
    expect(statSync(file).mode & 0o777).toBe(0o640);
    chmodSync(file, 0o444);
    const before = readFileSync(file);
    await expect(manager.write(targetIn(directory), entryOf('two'))).resolves.toMatchObject({ kind: 'archived', reason: { code: 'MEMORY_REFUSED' } });
    expect(readFileSync(file)).toEqual(before);
    expect(idsOf(readFileSync(join(directory, 'MEMORY.archive.md'), 'utf8'))).toEqual(['two']);
  });
});
