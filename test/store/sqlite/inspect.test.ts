import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import type { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';
import { temporaryDirectory } from '../../support/files.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { createAll, newTask, openFor } from '../support.ts';

const PAGE = 4_096;

/** The path of a database that holds tasks and is closed. */
async function makeDatabase(tasks = 200, inputBytes = 500): Promise<string> {
  const directory = temporaryDirectory();
  const store = await openFor(directory);
  await createAll(store, ...Array.from({ length: tasks }, (_, index) => newTask(`t${String(index)}`, { inputJson: JSON.stringify('x'.repeat(inputBytes)) })));
  await store.close();
  return join(directory, 'tasks.db');
}

/** Why the database cannot be opened; it must not have been changed by the attempt. */
async function refusalOf(path: string): Promise<TaskSystemError> {
  const before = readFileSync(path);
  for (const thread of [true, false]) await rejectionOf(openSqliteStore({ directory: join(path, '..'), lockTimeoutMs: 0, thread }));
  const error = await rejectionOf(openSqliteStore({ directory: join(path, '..'), lockTimeoutMs: 0, thread: false }));
  expect(readFileSync(path).equals(before)).toBe(true);
  return error;
}

function overwrite(path: string, firstPage: number, pages: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, firstPage * PAGE, (firstPage + pages) * PAGE);
  writeFileSync(path, bytes);
}

describe('a database that is damaged', () => {
  it.each([['text', 'this is no database, '.repeat(500)], ['a few bytes', 'x'], ['zeros', '\0'.repeat(PAGE * 3)]])('is refused when it is %s', async (_what, content) => {
    const path = join(temporaryDirectory(), 'tasks.db');
    writeFileSync(path, content);
    expect((await refusalOf(path)).code).toBe('STORE_CORRUPT');
  });

  it('is refused when it was cut off', async () => {
    const path = await makeDatabase();
    truncateSync(path, 10 * PAGE);
    expect((await refusalOf(path)).code).toBe('STORE_CORRUPT');
  });

  it('is refused when its first page was overwritten', async () => {
    const path = await makeDatabase();
    overwrite(path, 0, 1);
    expect((await refusalOf(path)).code).toBe('STORE_CORRUPT');
  });

  it('is refused when any one page was overwritten', async () => {
    const path = await makeDatabase(60);
    const intact = readFileSync(path);
    const pages = intact.length / PAGE;
    expect(pages).toBeGreaterThan(20);
    for (let page = 1; page < pages; page++) {
      writeFileSync(path, intact);
      overwrite(path, page, 1);
      await expect(openSqliteStore({ directory: join(path, '..'), lockTimeoutMs: 0, thread: false }), `page ${String(page)}`).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    }
    writeFileSync(path, intact);
    await openFor(join(path, '..'));
  });

  it('is refused when it is too large to be checked whole and its upper pages were overwritten', async () => {
    const path = await makeDatabase(40, 1_048_576);
    expect(readFileSync(path).length).toBeGreaterThan(8_192 * PAGE);
    overwrite(path, 1, 20);
    expect((await refusalOf(path)).code).toBe('STORE_CORRUPT');
  });

  it('is opened when it is large and sound', async () => {
    const path = await makeDatabase(40, 1_048_576);
    const store = await openFor(join(path, '..'));
    await expect(store.counts()).resolves.toEqual([{ project: 'acme', ready: 40, delayed: 0, running: 0, waiting: 0 }]);
  });
});

describe('a database that is not ours to write', () => {
  it('is refused when another program made it', async () => {
    const path = join(temporaryDirectory(), 'tasks.db');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE customers (name TEXT)');
    other.close();
    const error = await refusalOf(path);
    expect(error.code).toBe('STORE_CORRUPT');
    expect(error.message).toContain('something else');
  });

  it('is refused when a newer version of the library made it', async () => {
    const path = await makeDatabase();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    const error = await refusalOf(path);
    expect(error).toMatchObject({ code: 'STORE_VERSION', details: { path, version: 99 } });
    expect(error.message).toContain('version 99');
  });

  it('is taken for a new one when it is empty', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'tasks.db'), '');
    const store = await openFor(directory);
    expect(store.openingOffset).toBe(0);
  });
});
