import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTaskSystem, type TaskSystem } from '../../src/lib/task-system/index.ts';
import type { TaskSystemOptions } from '../../src/lib/task-system/types/Options.ts';
import type { TaskHandle } from '../../src/lib/task-system/types/System.ts';
import { canMountDisks, lockDisk, smallDisk } from '../support/smallDisk.ts';
import { rejectionOf } from '../support/thrown.ts';
import { CHILD_ENTRY, logged, openSystem, recordEvents, recordingLogger, temporaryDirectory, testOptions } from './support.ts';
import { until } from './until.ts';

const canMount = canMountDisks();
/** With it there is room for a few megabytes; without it, for more than SQLite writes beside a database before it moves it there. */
const BALLAST_BYTES = 46_000_000;

/** A root with tasks that wait, and nobody who has it open. */
async function rootWithTasks(root: string): Promise<{ readonly options: TaskSystemOptions; readonly ids: readonly string[] }> {
  const options = { ...testOptions({ 'echo.mjs': {} }), root };
  const system = await openSystem(options);
  await system.queue.pause();
  const handles = await Promise.all([1, 2, 3].map((input) => system.submit({ type: 'echo', input })));
  await system.close();
  return { options, ids: handles.map(({ id }) => id) };
}

async function expectAllThere(options: TaskSystemOptions, ids: readonly string[]): Promise<void> {
  const system = await openSystem(options);
  await system.queue.resume();
  await expect(Promise.all(ids.map((id) => system.handle(id).result()))).resolves.toEqual([1, 2, 3]);
}

/** Submits until there is no space any more; returns what was accepted. */
async function submitUntilFull(system: TaskSystem): Promise<readonly TaskHandle[]> {
  const accepted: TaskHandle[] = [];
  for (;;) {
    try {
      accepted.push(await system.submit({ type: 'echo', input: 'x'.repeat(20_000) }));
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE_FULL', retryable: true, message: expect.stringContaining('Free space') });
      return accepted;
    }
  }
}

describe.skipIf(!canMount)('a system whose disk is full', () => {
  it('refuses what it cannot store, holds what has ended, and has lost nothing when there is space again', async () => {
    const disk = smallDisk('48m');
    const gate = join(temporaryDirectory(), 'open');
    const logger = recordingLogger();
    const options = { ...testOptions({ 'echo.mjs': {}, 'gate.mjs': {} }, { queue: { maxConcurrent: 1, spares: 0 } }), root: disk, logger };
    const system = await openSystem(options);
    const events = recordEvents(system);
    const running = await system.submit({ type: 'gate', input: { gate, characters: 800_000 } });
    await logged(system, running.id, 'at the gate');
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(BALLAST_BYTES));
    const accepted = await submitUntilFull(system);

    writeFileSync(gate, '');
    await until(() => logger.lines.some(({ message }) => message.includes(`the outcome of task ${running.id} could not be stored`)));
    expect(events.some(({ type }) => type === 'task:complete')).toBe(false);
    await expect(system.get(running.id)).resolves.toMatchObject({ state: 'running' });

    rmSync(join(disk, 'ballast'));
    await expect(running.result()).resolves.toHaveLength(800_000);
    await Promise.all(accepted.map((handle) => handle.result()));
    expect(events.filter(({ type }) => type === 'task:complete').map(({ taskId }) => taskId).sort()).toEqual([running, ...accepted].map(({ id }) => id).sort());
    expect((await system.list({ limit: 1_000 })).tasks).toHaveLength(accepted.length + 1);
  });
});

describe('a root in which something is wrong', () => {
  it.skipIf(!canMount)('because it is read-only: says so, and has everything when it can be written again', async () => {
    const disk = smallDisk('16m');
    const { options, ids } = await rootWithTasks(disk);
    lockDisk(disk, true);
    const error = await rejectionOf(createTaskSystem(options, { childEntry: CHILD_ENTRY }));
    lockDisk(disk, false);
    expect(error).toMatchObject({ code: 'STORE_READ_ONLY', message: expect.stringContaining(disk) });
    await expectAllThere(options, ids);
  });

  it('because a newer version has written it: says which, touches nothing, and has everything for that version', async () => {
    const { options, ids } = await rootWithTasks(temporaryDirectory());
    const path = join(options.root, 'tasks.db');
    const version = setVersion(path, 99);
    const before = readFileSync(path);
    const error = await rejectionOf(createTaskSystem(options, { childEntry: CHILD_ENTRY }));
    expect(error).toMatchObject({ code: 'STORE_VERSION', message: expect.stringContaining('version 99') });
    expect(readFileSync(path).equals(before)).toBe(true);
    setVersion(path, version);
    await expectAllThere(options, ids);
  });

  it('because it is damaged: says so, touches nothing, and has everything when the bytes are back', async () => {
    const { options, ids } = await rootWithTasks(temporaryDirectory());
    const path = join(options.root, 'tasks.db');
    const intact = readFileSync(path);
    const damaged = Buffer.from(intact).fill(0xa5, 4_096, 8_192);
    writeFileSync(path, damaged);
    const error = await rejectionOf(createTaskSystem(options, { childEntry: CHILD_ENTRY }));
    expect(error).toMatchObject({ code: 'STORE_CORRUPT', message: expect.stringContaining(path) });
    expect(readFileSync(path).equals(damaged)).toBe(true);
    writeFileSync(path, intact);
    await expectAllThere(options, ids);
  });

  it('because another process has it open: names that one, whose tasks go on, and takes over when it is gone', async () => {
    const root = temporaryDirectory();
    const host = spawn(process.execPath, [new URL('./hosts/spinning.mjs', import.meta.url).pathname, root, 'spins'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => { host.kill('SIGKILL'); });
    await once(host.stdout, 'data');
    const options = { ...testOptions({ 'spins.mjs': { stopGraceMs: 0 } }, { storage: { lockTimeoutMs: 0 } }), root };
    const error = await rejectionOf(createTaskSystem(options, { childEntry: CHILD_ENTRY }));
    expect(error).toMatchObject({ code: 'STORE_LOCKED', message: expect.stringContaining(`Process ${String(host.pid)} `) });
    expect(stateOf(join(root, 'tasks.db'))).toEqual({ state: 'running', attempt: 1 });

    const exited = once(host, 'exit');
    host.kill('SIGKILL');
    await exited;
    const system = await openSystem(options);
    const { tasks: [task] } = await system.list();
    expect(task).toMatchObject({ interruptions: 1 });
    await until(async () => (await system.get(task?.id ?? ''))?.state === 'running');
    await expect(system.cancel(task?.id ?? '')).resolves.toBe(true);
  });
});

/** Gives a database another version of its schema; returns the one it had. */
function setVersion(path: string, version: number): number {
  const database = new DatabaseSync(path);
  const row = database.prepare('PRAGMA user_version').get();
  database.exec(`PRAGMA user_version = ${String(version)}`);
  database.close();
  return Number(row?.['user_version']);
}

/** The only task of a database, as a tool would read it. */
function stateOf(path: string): { readonly state: unknown; readonly attempt: unknown } {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare('SELECT state, attempt FROM tasks').get();
  database.close();
  return { state: row?.['state'], attempt: row?.['attempt'] };
}
