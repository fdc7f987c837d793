import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { logged, nextEvent, openSystem, recordEvents, temporaryDirectory, testOptions } from './support.ts';

describe('submit', () => {
  it('runs a handler in a child process and resolves its result', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const handle = await system.submit({ type: 'echo', input: { deep: [1, 'two', null, { three: true }] } });
    await expect(handle.result()).resolves.toEqual({ deep: [1, 'two', null, { three: true }] });
  });

  it('runs a TypeScript handler made with defineTask', async () => {
    const system = await openSystem(testOptions({ 'typed.ts': {} }));
    await expect((await system.submit({ type: 'typed', input: [1, 2, 39] })).result()).resolves.toEqual({ sum: 42 });
  });

  it('resolves only after the task is in the store', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await system.queue.pause();
    const handle = await system.submit({ type: 'echo', project: 'acme', input: 5, metadata: { by: 'me' }, priority: 'high' });
    await expect(system.get(handle.id)).resolves.toMatchObject({ id: handle.id, type: 'echo', project: 'acme', state: 'queued', input: 5, attempt: 0, priority: 1, metadata: { by: 'me' }, rootId: handle.id });
  });

  it('defaults to the project "default" and the input null', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const handle = await system.submit({ type: 'echo' });
    await expect(handle.result()).resolves.toBeNull();
    await expect(system.get(handle.id)).resolves.toMatchObject({ project: 'default' });
  });

  it('returns the first task for the same idempotency key and project, also when both come at once', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const [first, second] = await Promise.all([1, 2].map((input) => system.submit({ type: 'echo', input, idempotencyKey: 'once' })));
    const elsewhere = await system.submit({ type: 'echo', input: 3, project: 'other', idempotencyKey: 'once' });
    expect(second?.id).toBe(first?.id);
    expect(elsewhere.id).not.toBe(first?.id);
    await expect(second?.result()).resolves.toBe(1);
    const later = await system.submit({ type: 'echo', input: 4, idempotencyKey: 'once' });
    await expect(later.result()).resolves.toBe(1);
    expect((await system.list()).tasks).toHaveLength(2);
  });

  it('checks the input with the schema of the options before anything is stored', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': { input: z.object({ topic: z.string() }) } }));
    await expect(system.submit({ type: 'echo', input: { topic: 5 } })).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('topic') });
    expect((await system.list()).tasks).toEqual([]);
  });

  it('checks the input with the schema of the handler in the child, which also parses it', async () => {
    const system = await openSystem(testOptions({ 'schema.ts': {} }));
    await expect((await system.submit({ type: 'schema', input: { topic: 'bees' } })).result()).resolves.toEqual({ topic: 'BEES', depth: 3 });
    const bad = await system.submit({ type: 'schema', input: { topic: '' } });
    await expect(bad.result()).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('topic') });
  });

  it('passes a sub-task that a handler spawns to the queue, as a child in the same project', async () => {
    const system = await openSystem(testOptions({ 'spawns.mjs': {}, 'echo.mjs': {} }));
    const parent = await system.submit({ type: 'spawns', project: 'acme', input: { children: [{ type: 'echo', input: 1 }, { type: 'echo', input: 2, project: 'other' }] } });
    const ids = await parent.result();
    const { tasks } = await system.list({ parentId: parent.id });
    // Newest first.
    expect(tasks.map(({ id }) => id).reverse()).toEqual(ids);
    expect(tasks.map(({ project, rootId }) => [project, rootId])).toEqual([['other', parent.id], ['acme', parent.id]]);
  });

  it('gives a handler the same child for the same key, and refuses children beyond the bounds', async () => {
    const system = await openSystem(testOptions({ 'spawns.mjs': {}, 'echo.mjs': {} }, { subtasks: { maxChildren: 2, maxDepth: 1 } }));
    const child = (key: string) => ({ type: 'echo', input: 1, key });
    const parent = await system.submit({ type: 'spawns', input: { children: [child('a'), child('b'), child('a')] } });
    const ids = await parent.result();
    expect(ids).toEqual([expect.any(String), expect.any(String), Array.isArray(ids) ? ids[0] : undefined]);
    expect((await system.list({ parentId: parent.id })).tasks.map(({ key }) => key)).toEqual(['b', 'a']);
    const wide = await system.submit({ type: 'spawns', input: { children: [child('a'), child('b'), child('c')] } });
    await expect(wide.result()).rejects.toMatchObject({ code: 'TREE_TOO_WIDE' });
    const deep = await system.submit({ type: 'spawns', input: { children: [{ type: 'spawns', key: 'deep', input: { children: [child('a')] } }] } });
    await expect(deep.result()).rejects.toMatchObject({ code: 'TASK_CHILD_FAILED', details: { childCode: 'TREE_TOO_DEEP' } });
  });

  it('takes children from the host while the parent is open, and says clearly when it has ended', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const parent = await system.submit({ type: 'echo', delayMs: 60_000 });
    const [child, same] = await Promise.all([1, 2].map(() => system.submit({ type: 'echo', parentId: parent.id, key: 'one' })));
    expect(same?.id).toBe(child?.id);
    await parent.cancel();
    await expect(system.submit({ type: 'echo', parentId: parent.id })).rejects.toMatchObject({ code: 'PARENT_ENDED' });
  });

  it('tells a handler whose spawn is wrong, with a code it can read', async () => {
    const system = await openSystem(testOptions({ 'spawns.mjs': {} }));
    const parent = await system.submit({ type: 'spawns', input: { children: [{ type: 'nobody' }] } });
    await expect(parent.result()).rejects.toMatchObject({ code: 'TASK_TYPE_UNKNOWN' });
  });

  it('refuses what an onTaskCreate hook refuses, and stores nothing', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    system.hooks.onTaskCreate(({ task }) => { if (task.project === 'evil') throw new Error('not you'); });
    await expect(system.submit({ type: 'echo', project: 'evil' })).rejects.toMatchObject({ code: 'SUBMIT_REFUSED', cause: { message: 'not you' } });
    await expect((await system.submit({ type: 'echo', project: 'good' })).result()).resolves.toBeNull();
    expect((await system.list()).tasks).toHaveLength(1);
  });
});

describe('what a handler sees', () => {
  it('is its own empty workspace, an allow-listed environment and its task', async () => {
    process.env['TASK_SYSTEM_TEST_SECRET'] = 'hush';
    process.env['TASK_SYSTEM_TEST_SHARED'] = 'shared';
    const options = testOptions({ 'looks-around.mjs': { env: { ONLY_HERE: 'yes' } } }, { sandbox: { env: ['TASK_SYSTEM_TEST_SHARED'] } });
    const system = await openSystem(options);
    const handle = await system.submit({ type: 'looks-around', project: 'acme', metadata: { a: 1 } });
    const seen = await handle.result();
    expect(seen).toMatchObject({ entries: [], task: { id: handle.id, type: 'looks-around', project: 'acme', attempt: 1, metadata: { a: 1 } }, env: { ONLY_HERE: 'yes', TASK_SYSTEM_TEST_SHARED: 'shared' } });
    expect(JSON.stringify(seen)).not.toContain('hush');
    expect(seen).toHaveProperty('cwd', Reflect.get(Object(seen), 'workspace'));
  });
});

describe('retries', () => {
  it('repeat a failed attempt until it succeeds, each in a fresh workspace', async () => {
    const system = await openSystem(testOptions({ 'flaky.mjs': { retry: { maxAttempts: 3, baseDelayMs: 1 } } }));
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'flaky' });
    await expect(handle.result()).resolves.toMatchObject({ attempt: 3, before: [] });
    expect(events.filter(({ type }) => type !== 'task:log' && type !== 'task:usage').map(({ type, attempt }) => [type, attempt])).toEqual([
      ['task:create', 0], ['task:start', 1], ['task:retry', 1], ['task:start', 2], ['task:retry', 2], ['task:start', 3], ['task:complete', 3],
    ]);
  });

  it('end with the last error when the attempts are used up', async () => {
    const system = await openSystem(testOptions({ 'throwing.mjs': { retry: { maxAttempts: 2, baseDelayMs: 0 } } }));
    const handle = await system.submit({ type: 'throwing' });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_FAILED' });
    await expect(system.get(handle.id)).resolves.toMatchObject({ state: 'failed', attempt: 2 });
  });

  it('do not happen when the error says that it is not retryable', async () => {
    const system = await openSystem(testOptions({ 'throwing.mjs': { retry: { maxAttempts: 5, baseDelayMs: 0 } } }));
    const handle = await system.submit({ type: 'throwing', input: { final: true } });
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_FAILED' });
    await expect(system.get(handle.id)).resolves.toMatchObject({ attempt: 1 });
  });

  it('follow the policy of the submission before that of the type', async () => {
    const system = await openSystem(testOptions({ 'throwing.mjs': { retry: { maxAttempts: 5, baseDelayMs: 0 } } }));
    const handle = await system.submit({ type: 'throwing', retry: { maxAttempts: 2 } });
    await handle.result().catch(() => undefined);
    await expect(system.get(handle.id)).resolves.toMatchObject({ attempt: 2, maxAttempts: 2 });
  });

  it('by hand make a new task; the old outcome stays', async () => {
    const system = await openSystem(testOptions({ 'throwing.mjs': {} }));
    const old = await system.submit({ type: 'throwing', project: 'acme', input: { n: 1 }, priority: 7, metadata: { keep: true } });
    await old.result().catch(() => undefined);
    const fresh = await system.retry(old.id);
    await fresh.result().catch(() => undefined);
    await expect(system.get(fresh.id)).resolves.toMatchObject({ retryOf: old.id, project: 'acme', input: { n: 1 }, priority: 7, metadata: { keep: true } });
    await expect(system.get(old.id)).resolves.toMatchObject({ state: 'failed' });
  });

  it('by hand are refused for a task that has not ended, and for none', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await system.queue.pause();
    const handle = await system.submit({ type: 'echo' });
    await expect(system.retry(handle.id)).rejects.toMatchObject({ code: 'TASK_NOT_TERMINAL' });
    await expect(system.retry('nothing')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });
});

describe('cancel', () => {
  it('of a queued task is immediate and nothing ever runs', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await system.queue.pause();
    const handle = await system.submit({ type: 'echo' });
    await expect(handle.cancel('not needed')).resolves.toBe(true);
    await system.queue.resume();
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED', details: { reason: 'not needed' } });
    await expect(system.get(handle.id)).resolves.toMatchObject({ state: 'cancelled', attempt: 0 });
  });

  it('right after submit wins or loses, but never hangs and never leaves two outcomes', async () => {
    const system = await openSystem(testOptions({ 'never.mjs': { stopGraceMs: 0 } }));
    const events = recordEvents(system);
    const handles = await Promise.all(Array.from({ length: 12 }, () => system.submit({ type: 'never' })));
    await expect(Promise.all(handles.map((handle) => handle.cancel()))).resolves.toEqual(Array.from({ length: 12 }, () => true));
    expect(events.filter(({ type }) => type === 'task:cancel')).toHaveLength(12);
  });

  it('of an ended task says false and changes nothing', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const handle = await system.submit({ type: 'echo' });
    await handle.result();
    await expect(system.cancel(handle.id)).resolves.toBe(false);
    await expect(system.get(handle.id)).resolves.toMatchObject({ state: 'completed' });
  });

  it('of a task that waits for its retry ends it', async () => {
    const system = await openSystem(testOptions({ 'throwing.mjs': { retry: { maxAttempts: 2, baseDelayMs: 600_000, maxDelayMs: 600_000 } } }), { random: () => 0.999 });
    const retried = nextEvent(system, 'task:retry');
    const handle = await system.submit({ type: 'throwing' });
    await retried;
    await expect(handle.cancel()).resolves.toBe(true);
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  });

  it('of an unknown task is an error', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.cancel('nothing')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });
});

describe('a handle', () => {
  it('replays the stored events of its task and ends with the last one', async () => {
    const system = await openSystem(testOptions({ 'reports.mjs': {} }));
    const handle = await system.submit({ type: 'reports' });
    await handle.result();
    expect(await typesOf(handle.events())).toEqual(['task:create', 'task:start', 'task:complete']);
  });

  it('follows its task live, with progress and logs, in order and without doubles', async () => {
    const system = await openSystem(testOptions({ 'reports.mjs': {} }));
    await system.queue.pause();
    const handle = await system.submit({ type: 'reports' });
    const following = typesOf(handle.events());
    await system.queue.resume();
    const types = await following;
    expect(types.filter((type) => !['task:log', 'task:progress', 'task:usage'].includes(type))).toEqual(['task:create', 'task:start', 'task:complete']);
    expect(types).toContain('task:progress');
    expect(types).toContain('task:log');
  });

  it('reports progress at the start and the last one always', async () => {
    const system = await openSystem(testOptions({ 'reports.mjs': {} }));
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'reports' });
    await handle.result();
    const percents = events.flatMap((event) => (event.type === 'task:progress' ? [event.data.percent] : []));
    expect(percents[0]).toBe(0);
    expect(percents.at(-1)).toBe(100);
    expect(percents.length).toBeLessThan(20);
    await expect(system.get(handle.id)).resolves.toMatchObject({ progress: { percent: 100, message: 'at 100', data: { percent: 100 } } });
  });

  it('of an unknown task rejects', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.handle('nothing').result()).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('keeps a large result out of the event and in the task', async () => {
    const system = await openSystem(testOptions({ 'big-result.mjs': {} }));
    const completed = nextEvent(system, 'task:complete');
    const handle = await system.submit({ type: 'big-result', input: { bytes: 100_000 } });
    await expect(handle.result()).resolves.toHaveLength(100_000);
    expect((await completed).data).toEqual({ durationMs: expect.any(Number), resultBytes: 100_002 });
  });
});

describe('close', () => {
  it('lets running tasks finish within the grace', async () => {
    const options = testOptions({ 'gate.mjs': {} });
    const system = await openSystem(options);
    const handle = await system.submit({ type: 'gate', input: { gate: options.root } });
    const [result] = await Promise.all([handle.result(), system.close({ graceMs: 60_000 })]);
    expect(result).toBe('passed');
  });

  it('interrupts what does not finish, and the next system runs it again without blame', async () => {
    const options = testOptions({ 'gate.mjs': { stopGraceMs: 0 } });
    const gate = `${temporaryDirectory()}/open`;
    const first = await openSystem(options);
    const handle = await first.submit({ type: 'gate', input: { gate } });
    await logged(first, handle.id, 'at the gate');
    const result = handle.result();
    await Promise.all([expect(result).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' }), first.close({ graceMs: 0 })]);
    writeFileSync(gate, '');
    const second = await openSystem(options);
    await expect(second.handle(handle.id).result()).resolves.toBe('passed');
    await expect(second.get(handle.id)).resolves.toMatchObject({ attempt: 2, interruptions: 1 });
  });

  it('stores what a running task spawns during the grace, for the next system to run', async () => {
    const options = testOptions({ 'gated-spawn.mjs': {}, 'echo.mjs': {} });
    const gate = `${temporaryDirectory()}/open`;
    const first = await openSystem(options);
    const parent = await first.submit({ type: 'gated-spawn', input: { gate, child: { type: 'echo', input: 'later' } } });
    await logged(first, parent.id, 'at the gate');
    const closing = first.close({ graceMs: 60_000 });
    writeFileSync(gate, '');
    await Promise.all([expect(parent.result()).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' }), closing]);
    const second = await openSystem(options);
    // The parent waits without a process: it is not run again, and ends with its child.
    const child = await second.handle(parent.id).result();
    await expect(second.handle(typeof child === 'string' ? child : '').result()).resolves.toBe('later');
    await expect(second.get(parent.id)).resolves.toMatchObject({ attempt: 1, interruptions: 0 });
  });

  it('fails an interrupted task whose type must never run twice', async () => {
    const options = testOptions({ 'never.mjs': { stopGraceMs: 0, onInterrupt: 'fail' } });
    const first = await openSystem(options);
    const started = nextEvent(first, 'task:start');
    const handle = await first.submit({ type: 'never' });
    await started;
    await first.close({ graceMs: 0 });
    const second = await openSystem(options);
    await expect(second.handle(handle.id).result()).rejects.toMatchObject({ code: 'TASK_INTERRUPTED' });
  });

  it('may be called twice, refuses what comes after, and is what asyncDispose calls', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await Promise.all([system.close(), system.close(), system[Symbol.asyncDispose]()]);
    await expect(system.submit({ type: 'echo' })).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
    await expect(system.get('x')).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
    await expect(system.list()).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
    await expect(system.queue.snapshot()).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
    await expect(system.queue.pause()).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
    await expect(system.retry('x')).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
    await expect(system.cancel('x')).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
  });
});

async function typesOf(events: AsyncIterable<TaskEvent>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
}

