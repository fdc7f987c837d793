import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { temporaryDirectory } from '../../support/files.ts';
import { canMountDisks, smallDisk } from '../../support/smallDisk.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { nextLine, startProgram } from '../program.ts';
import { allEvents, claimAll, createAll, ended, newTask, openFor } from '../support.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

const canMount = canMountDisks();

/** Whether another user could run a program of this repository: not when it lies below a directory of root's own. */
const canTryAsUser = !isRoot
  || spawnSync(process.execPath, ['-e', 'require("fs").readFileSync(process.argv[1])', import.meta.filename], { uid: NOBODY, gid: NOBODY }).status === 0;

/** Creates tasks until one does not fit any more; returns the ids of those that did. */
async function fill(store: TaskStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const id = `fill${String(ids.length)}`;
    try {
      await store.create(newTask(id, { inputJson: JSON.stringify('x'.repeat(20_000)) }));
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE_FULL', retryable: true });
      return ids;
    }
    ids.push(id);
  }
}

describe('a database that may not grow any more', () => {
  it.each([true, false])('refuses what does not fit with STORE_FULL, and keeps what it has (thread: %s)', async (thread) => {
    const store = await openFor(temporaryDirectory(), { thread }, { maxPages: 100 });
    const ids = await fill(store);
    expect(ids.length).toBeGreaterThan(3);
    for (const id of ids) await expect(store.get(id)).resolves.toMatchObject({ state: 'queued' });
    await expect(store.get(`fill${String(ids.length)}`)).resolves.toBeUndefined();
    const events = await allEvents(store);
    expect(events.map(({ offset }) => offset)).toEqual(events.map((_, index) => index + 1));
  });

  it('stores nothing at all of a batch in which one did not fit', async () => {
    const store = await openFor(temporaryDirectory(), {}, { maxPages: 100 });
    await store.create(newTask('before'));
    const tooLarge = newTask('large', { inputJson: JSON.stringify('x'.repeat(1_000_000)) });
    const results = await Promise.allSettled([newTask('a'), tooLarge, newTask('b')].map((task) => store.create(task)));
    expect(results).toMatchObject(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: { code: 'STORE_FULL' } })));
    for (const id of ['a', 'large', 'b']) await expect(store.get(id)).resolves.toBeUndefined();
    expect((await store.create(newTask('after'))).events[0]?.offset).toBe(2);
  });

  it('takes more as soon as there is room again', async () => {
    const store = await openFor(temporaryDirectory(), {}, { maxPages: 100 });
    await ended(store, 'old', 2_000, { inputJson: JSON.stringify('x'.repeat(40_000)) });
    await fill(store);
    await expect(store.prune({ before: 3_000, keep: 0, batch: 100 })).resolves.toMatchObject({ tasks: 1 });
    await store.create(newTask('again', { inputJson: JSON.stringify('x'.repeat(15_000)) }));
    await expect(store.get('again')).resolves.toBeDefined();
  });
});

describe.skipIf(!canMount)('a disk that is full', () => {
  it.each([true, false])('refuses with STORE_FULL, and goes on when there is space again (thread: %s)', async (thread) => {
    const directory = smallDisk('6m');
    writeFileSync(join(directory, 'ballast'), Buffer.alloc(5_000_000));
    const store = await openFor(directory, { thread });
    const ids = await fill(store);
    await expect(store.get(ids[0] ?? '')).resolves.toBeDefined();
    rmSync(join(directory, 'ballast'));
    await createAll(store, newTask('after'));
    const again = (await claimAll(store)).toSorted();
    expect(again).toEqual([...ids, 'after'].toSorted());
    const events = await allEvents(store);
    expect(events.map(({ offset }) => offset)).toEqual(events.map((_, index) => index + 1));
  });

  it('still has everything that was accepted after the store was opened again', async () => {
    const directory = smallDisk('2m');
    const store = await openFor(directory);
    const ids = await fill(store);
    await store.close();
    const again = await openFor(directory);
    for (const id of ids) await expect(again.get(id)).resolves.toBeDefined();
  });

  it('refuses to open with STORE_FULL when there is no room for a database', async () => {
    const directory = smallDisk('64k');
    writeFileSync(join(directory, 'ballast'), Buffer.alloc(50_000));
    expect((await rejectionOf(openSqliteStore({ directory, lockTimeoutMs: 0, thread: false }))).code).toBe('STORE_FULL');
  });
});

describe.skipIf(!canTryAsUser)('a directory that cannot be written', () => {
  /** What a program says that opens the directory without the rights of root. */
  async function tryAsUser(directory: string, thread: string): Promise<string> {
    return nextLine(startProgram('triesStore', [directory, thread], isRoot ? NOBODY : undefined));
  }

  function give(path: string, mode: number): void {
    if (isRoot) chownSync(path, NOBODY, NOBODY);
    chmodSync(path, mode);
  }

  it.each(['thread', 'inline'])('is told apart from other troubles as STORE_READ_ONLY (%s)', async (thread) => {
    const directory = temporaryDirectory();
    give(directory, 0o555);
    await expect(tryAsUser(directory, thread)).resolves.toBe('STORE_READ_ONLY');
    await expect(tryAsUser(join(directory, 'below'), thread)).resolves.toBe('STORE_READ_ONLY');
    give(directory, 0o755);
    await expect(tryAsUser(directory, thread)).resolves.toBe('opened');
  });

  it('is told also when only the database or the lock cannot be written', async () => {
    const directory = temporaryDirectory();
    give(directory, 0o755);
    await expect(tryAsUser(directory, 'inline')).resolves.toBe('opened');
    for (const file of ['tasks.db', 'lock.db']) {
      chmodSync(join(directory, file), 0o444);
      const before = statSync(join(directory, 'tasks.db'));
      await expect(tryAsUser(directory, 'inline'), file).resolves.toBe('STORE_READ_ONLY');
      expect(statSync(join(directory, 'tasks.db')).mtimeMs).toBe(before.mtimeMs);
      chmodSync(join(directory, file), 0o644);
    }
    await expect(tryAsUser(directory, 'inline')).resolves.toBe('opened');
  });

  it('is no directory at all: STORE_FAILED with what the system said', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    const error = await rejectionOf(openSqliteStore({ directory: file, lockTimeoutMs: 0, thread: false }));
    expect(error.code).toBe('STORE_FAILED');
    expect(error.message).toContain('EEXIST');
    expect(error.cause).toMatchObject({ code: 'EEXIST' });
  });
});
