import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import type { Logger } from '../../../src/lib/task-system/types/Ports.ts';
import { temporaryDirectory } from '../../support/files.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { nextLine, startProgram } from '../program.ts';
import { newTask, openFor } from '../support.ts';

function entry(name: string): { readonly threadEntry: URL } {
  return { threadEntry: pathToFileURL(join(import.meta.dirname, '..', 'programs', `${name}.ts`)) };
}

function recordingLogger(): Logger & { readonly errors: string[] } {
  const errors: string[] = [];
  return { errors, debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: (message) => { errors.push(message); } };
}

async function openDying(directory: string, logger?: Logger): Promise<TaskStore> {
  return openFor(directory, { thread: true, ...(logger === undefined ? {} : { logger }) }, entry('dyingThread'));
}

describe('the thread of a store', () => {
  it.each(['exit', 'throw'])('fails everything that is under way, and everything after, when it is gone (%s)', async (how) => {
    const store = await openDying(temporaryDirectory());
    await store.create(newTask('a'));
    const pending = await Promise.allSettled([store.create(newTask('b')), store.get(how), store.counts()]);
    expect(pending).toMatchObject(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: { code: 'STORE_FAILED' } })));
    expect((await rejectionOf(store.get('a'))).code).toBe('STORE_FAILED');
    expect((await rejectionOf(store.create(newTask('c')))).message).toContain('thread');
  });

  it('names what killed it, and says it once to the logger', async () => {
    const logger = recordingLogger();
    const store = await openDying(temporaryDirectory(), logger);
    const error = await rejectionOf(store.get('throw'));
    expect(error.cause).toMatchObject({ message: 'out of luck' });
    await store.close();
    expect(logger.errors).toEqual(['The thread of the task database is gone']);
  });

  it('can be closed after it is gone', async () => {
    const store = await openDying(temporaryDirectory());
    await rejectionOf(store.get('exit'));
    await expect(store.close()).resolves.toBeUndefined();
  });

  it.each(['exit', 'throw'])('gives up the database with it, which another one may open (%s)', async (how) => {
    const directory = temporaryDirectory();
    const store = await openDying(directory);
    await store.create(newTask('a'));
    await rejectionOf(store.get(how));
    await store.close();
    const next = await openFor(directory, { thread: true });
    await expect(next.get('a')).resolves.toMatchObject({ state: 'queued' });
  });

  it('ends without a word when it is asked to', async () => {
    const logger = recordingLogger();
    const store = await openFor(temporaryDirectory(), { thread: true, logger });
    await store.create(newTask('a'));
    await store.close();
    expect(logger.errors).toEqual([]);
  });

  it.each([['ends before it is open', entry('exitingThread'), 'code 4'], ['does not exist', entry('missing'), 'could not start']])('rejects the opening when it %s', async (_what, seams, words) => {
    const error = await rejectionOf(openSqliteStore({ directory: temporaryDirectory(), lockTimeoutMs: 0 }, seams));
    expect(error.code).toBe('STORE_FAILED');
    expect(error.message).toContain(words);
  });

  it('gets neither the environment nor the flags of its host', async () => {
    const directory = temporaryDirectory();
    process.env['TASK_SYSTEM_TEST_SECRET'] = 'x';
    const store = await openFor(directory, { thread: true }, entry('tellingThread'));
    await store.close();
    delete process.env['TASK_SYSTEM_TEST_SECRET'];
    expect(JSON.parse(readFileSync(join(directory, 'told.json'), 'utf8'))).toEqual({ env: [], execArgv: ['--disable-warning=ExperimentalWarning'] });
  });

  it('does not keep a process alive that has come to its end, and prints nothing', async () => {
    const directory = temporaryDirectory();
    const program = startProgram('leavesStoreOpen', [directory]);
    await expect(nextLine(program)).resolves.toBe('stored');
    await expect(program.ended).resolves.toBe(0);
    await expect(program.stderr).resolves.toBe('');
    await expect((await openFor(directory)).get('left')).resolves.toBeDefined();
  });
});
