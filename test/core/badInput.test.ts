import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTaskSystem, type TaskSystem } from '../../src/lib/task-system/index.ts';
import { CHILD_ENTRY, handler, openSystem, temporaryDirectory, testOptions } from './support.ts';

/** What JavaScript callers may pass, whatever the types say. */
function submitAnything(system: TaskSystem, options: object): Promise<unknown> {
  const result: unknown = Reflect.apply((request: Parameters<TaskSystem['submit']>[0]) => system.submit(request), undefined, [options]);
  return Promise.resolve(result);
}

describe('submit refuses', () => {
  it('an unknown type, naming the known ones and the nearest', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.submit({ type: 'ecoh' })).rejects.toMatchObject({ code: 'TASK_TYPE_UNKNOWN', message: expect.stringMatching(/echo/) });
  });

  it.each(['../up', 'a/b', 'a\\b', '..', '.', '', 'a\nb', 'a\0b', 'x'.repeat(129)])('the project name %j', async (project) => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.submit({ type: 'echo', project })).rejects.toMatchObject({ code: 'PROJECT_NAME_INVALID' });
  });

  it('takes a project name of 128 characters', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect((await system.submit({ type: 'echo', project: 'x'.repeat(128), input: 1 })).result()).resolves.toBe(1);
  });

  it.each([
    ['a function', { a: () => 1 }], ['a BigInt', { a: 1n }], ['NaN', { a: [Number.NaN] }], ['a Map', { a: new Map() }], ['a symbol', Symbol('s')],
  ])('an input with %s', async (_name, input) => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(submitAnything(system, { type: 'echo', input })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('an input that refers to itself', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const loop: { self?: object } = {};
    loop.self = loop;
    await expect(submitAnything(system, { type: 'echo', input: loop })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('an input over 1 MiB and takes one just below', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.submit({ type: 'echo', input: 'x'.repeat(1_048_576) })).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE', details: { bytes: 1_048_578, maxBytes: 1_048_576 } });
    await expect((await system.submit({ type: 'echo', input: 'x'.repeat(1_048_574) })).result()).resolves.toHaveLength(1_048_574);
  });

  it.each([
    ['delayMs', { delayMs: -1 }], ['delayMs', { delayMs: Number.NaN }], ['priority', { priority: 101 }], ['priority', { priority: -101 }], ['priority', { priority: 0.5 }],
    ['timeoutMs', { timeoutMs: 0 }], ['idempotencyKey', { idempotencyKey: '' }], ['metadata', { metadata: { big: 'x'.repeat(20_000) } }], ['retry.maxAttempts', { retry: { maxAttempts: 0 } }],
  ])('a wrong %s, naming it', async (path, wrong) => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.submit({ type: 'echo', ...wrong })).rejects.toMatchObject({ code: 'SUBMIT_INVALID', message: expect.stringContaining(path) });
    expect((await system.list()).tasks).toEqual([]);
  });

  it('a parent that is not there', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.submit({ type: 'echo', parentId: 'nobody' })).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });
});

describe('createTaskSystem refuses', () => {
  it('wrong and unknown options, all at once, with path, expectation and what came', async () => {
    const options: object = { ...testOptions({ 'echo.mjs': {} }), queue: { maxConcurent: 5 }, limits: { inputBytes: '3' } };
    await expect(Reflect.apply(createTaskSystem, undefined, [options])).rejects.toMatchObject({
      code: 'OPTIONS_INVALID', message: expect.stringMatching(/queue\.maxConcurent.*maxConcurrent[^]*limits\.inputBytes: expected an integer >= 0, got "3" \(string\)|limits\.inputBytes[^]*queue\.maxConcurent/),
    });
  });

  it('a root that a second system has open, and leaves the first one working', async () => {
    const options = testOptions({ 'echo.mjs': {} }, { storage: { lockTimeoutMs: 0 } });
    const system = await openSystem(options);
    await expect(createTaskSystem(options, { childEntry: CHILD_ENTRY })).rejects.toMatchObject({ code: 'STORE_LOCKED', message: expect.stringMatching(/this same process|Process \d+/) });
    await expect((await system.submit({ type: 'echo', input: 1 })).result()).resolves.toBe(1);
  });

  it('a file that is not a database, and does not touch it', async () => {
    const root = temporaryDirectory();
    writeFileSync(join(root, 'tasks.db'), 'these are not the bytes you are looking for'.repeat(1_000));
    await expect(createTaskSystem({ ...testOptions({ 'echo.mjs': {} }), root })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it.runIf(process.platform === 'linux')('a root that nobody may write', async () => {
    // Not even root can make a directory there, and it is on every Linux.
    await expect(createTaskSystem({ ...testOptions({ 'echo.mjs': {} }), root: '/sys/task-system' })).rejects.toMatchObject({ code: 'STORE_READ_ONLY', message: expect.stringContaining('/sys/task-system') });
  });
});

describe('a handler module', () => {
  it('that does not exist fails its task with HANDLER_NOT_FOUND', async () => {
    const system = await openSystem({ ...testOptions({}), tasks: { gone: { module: handler('gone.mjs') } } });
    await expect((await system.submit({ type: 'gone' })).result()).rejects.toMatchObject({ code: 'HANDLER_NOT_FOUND', message: expect.stringContaining('gone.mjs') });
  });

  it.each([
    ['HANDLER_NO_DEFAULT', 'export const run = () => 1;', 'mjs'], ['HANDLER_SYNTAX', 'export default {{', 'mjs'], ['HANDLER_SYNTAX', 'export default { run() { enum A { B } } };', 'ts'],
    ['HANDLER_IMPORT_FAILED', 'throw new Error("at import");', 'mjs'], ['HANDLER_IMPORT_FAILED', 'import "./nowhere.mjs"; export default { run() {} };', 'mjs'], ['HANDLER_IMPORT_FAILED', 'JSON.parse("{"); export default { run() {} };', 'mjs'],
  ])('fails its task with %s for %j (.%s), at once and not again', async (code, source, ending) => {
    const file = join(temporaryDirectory(), `handler.${ending}`);
    writeFileSync(file, source);
    const system = await openSystem({ ...testOptions({}), tasks: { odd: { module: file, retry: { maxAttempts: 3, baseDelayMs: 0 } } } });
    const handle = await system.submit({ type: 'odd' });
    await expect(handle.result()).rejects.toMatchObject({ code, message: expect.stringContaining(file) });
    await expect(system.get(handle.id)).resolves.toMatchObject({ attempt: 1 });
  });

  it('of a type that the app no longer has fails what is left in the queue', async () => {
    const options = testOptions({ 'echo.mjs': {}, 'never.mjs': {} });
    const first = await openSystem(options);
    await first.queue.pause();
    const handle = await first.submit({ type: 'never' });
    await first.close();
    const second = await openSystem({ ...options, tasks: { echo: { module: handler('echo.mjs') } } });
    await second.queue.resume();
    await expect(second.handle(handle.id).result()).rejects.toMatchObject({ code: 'TASK_TYPE_UNKNOWN' });
  });
});
