import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { temporaryDirectory } from '../../support/files.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { nextLine, startProgram } from '../program.ts';
import { newTask, openFor } from '../support.ts';

const attempt = (directory: string, thread = false): ReturnType<typeof openSqliteStore> => openSqliteStore({ directory, lockTimeoutMs: 0, thread });

describe('the lock on a directory', () => {
  it.each([[true, true], [true, false], [false, true], [false, false]])('refuses a second system in one process (threads: %s, %s)', async (first, second) => {
    const directory = temporaryDirectory();
    await openFor(directory, { thread: first });
    const error = await rejectionOf(attempt(directory, second));
    expect(error).toMatchObject({ code: 'STORE_LOCKED', retryable: true, details: { directory, pid: process.pid } });
    expect(error.message).toContain('this same process');
  });

  it('holds however often it is tried', async () => {
    const directory = temporaryDirectory();
    const store = await openFor(directory);
    for (let index = 0; index < 5; index++) expect((await rejectionOf(attempt(directory))).code).toBe('STORE_LOCKED');
    await store.create(newTask('a'));
    await expect(store.get('a')).resolves.toBeDefined();
  });

  it('names the process that holds it, and is free as soon as that is killed', async () => {
    const directory = temporaryDirectory();
    const program = startProgram('holdsStore', [directory]);
    await expect(nextLine(program)).resolves.toBe('open');
    const error = await rejectionOf(attempt(directory));
    expect(error).toMatchObject({ code: 'STORE_LOCKED', details: { pid: program.process.pid } });
    expect(error.message).toContain(`Process ${String(program.process.pid)} (started 2`);
    program.process.kill('SIGKILL');
    await program.ended;
    expect(existsSync(join(directory, 'lock.json'))).toBe(true);
    await openFor(directory);
    expect(JSON.parse(readFileSync(join(directory, 'lock.json'), 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('keeps a second process out while this one holds it', async () => {
    const directory = temporaryDirectory();
    await openFor(directory, { thread: true });
    await expect(nextLine(startProgram('triesStore', [directory, 'thread']))).resolves.toBe('STORE_LOCKED');
  });

  it.each([true, false])('waits for the holder to let go (thread: %s)', async (thread) => {
    const directory = temporaryDirectory();
    const first = await openFor(directory);
    const second = openFor(directory, { lockTimeoutMs: 50_000, thread });
    await rejectionOf(attempt(directory));
    await first.close();
    await (await second).create(newTask('a'));
  });

  it.each([['is missing', undefined], ['is no JSON', 'pid 12'], ['says something else', '{"pid":"x"}'], ['says nothing', 'null']])('refuses as well when the note about the holder %s', async (_what, note) => {
    const directory = temporaryDirectory();
    await openFor(directory);
    if (note === undefined) rmSync(join(directory, 'lock.json'));
    else writeFileSync(join(directory, 'lock.json'), note);
    expect(await rejectionOf(attempt(directory))).toMatchObject({ code: 'STORE_LOCKED', details: { directory } });
  });

  it('is let go when the store is closed, and leaves no note', async () => {
    const directory = temporaryDirectory();
    await (await openFor(directory)).close();
    expect(existsSync(join(directory, 'lock.json'))).toBe(false);
    await openFor(directory);
  });

  it('is let go when opening fails after it was taken', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'tasks.db'), 'this is no database, however long one looks at it');
    expect((await rejectionOf(attempt(directory))).code).toBe('STORE_CORRUPT');
    rmSync(join(directory, 'tasks.db'));
    await openFor(directory);
  });

  it('does not keep tools from reading the tasks', async () => {
    const directory = temporaryDirectory();
    const store = await openFor(directory, { thread: true });
    await store.create(newTask('a'));
    const tool = new DatabaseSync(join(directory, 'tasks.db'), { readOnly: true });
    expect(tool.prepare('SELECT id, state FROM tasks').all()).toMatchObject([{ id: 'a', state: 'queued' }]);
    tool.close();
    await store.create(newTask('b'));
  });
});
