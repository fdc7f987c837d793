import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderKeyOf, Submitter } from '../../src/lib/task-system/core/Submitter.ts';
import { TaskQueue } from '../../src/lib/task-system/core/TaskQueue.ts';
import { InheritedTypes } from '../../src/lib/task-system/subtask/InheritedTypes.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { parseSubmitOptions } from '../../src/lib/task-system/types/parseCalls.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { QueueOptions, SubmitOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import type { StandardSchema } from '../../src/lib/task-system/types/StandardSchema.ts';
import type { Task } from '../../src/lib/task-system/types/Task.ts';
import type { NewTask, TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { rejectionOf } from '../support/thrown.ts';
import { makeRecord, makeStore } from './makers.ts';

const NOW = 1_760_000_000_000;
const HOUR = 3_600_000;

interface World {
  readonly queue?: QueueOptions;
  readonly type?: Partial<TaskTypeOptions>;
  readonly hook?: (task: Task) => Promise<void>;
  readonly stored?: readonly TaskRecord[];
}

function setUp({ queue: queueOptions = {}, type = {}, hook, stored = [] }: World = {}) {
  const options = parseTaskSystemOptions({ root: '/root', tasks: { research: { module: '/research.js', retry: { maxAttempts: 3 }, ...type }, write: { module: '/write.js' } }, queue: queueOptions });
  const queue = new TaskQueue(5, () => ({ maxConcurrent: 5, weight: 1 }));
  const types = new InheritedTypes(options.types, () => 'process');
  const submitted: NewTask[] = [];
  let ids = 0;
  const submitter = new Submitter({
    options,
    queue,
    store: makeStore({ get: (id) => Promise.resolve(stored.find((task) => task.id === id)) }),
    runner: { submit: (task) => { submitted.push(task); return Promise.resolve({ task: makeRecord({ id: task.id }), events: [], existed: false }); }, submitGroup: (group, children) => { submitted.push(group, ...children); return Promise.resolve({ task: makeRecord({ id: group.id }), events: [], existed: false }); } },
    hooks: { hasCreateHooks: hook !== undefined, runCreate: async (task) => hook?.(task) },
    subtasks: { adopted: () => undefined, typeOf: (task) => types.of(task) },
    clock: new FakeClock(NOW),
    generateId: () => `id-${++ids}`,
    levels: { choose: () => ({ level: 'process' }) },
  });
  const submit = async (request: SubmitOptions): Promise<TaskRecord> => submitter.submit(parseSubmitOptions(request));
  return { submitter, submit, submitted, queue };
}

describe('Submitter.submit', () => {
  it('makes a task with every default', async () => {
    const { submit, submitted } = setUp();
    await submit({ type: 'research' });
    expect(submitted).toEqual([{
      id: 'id-1', rootId: 'id-1', type: 'research', project: 'default', inputJson: 'null', priority: 0, orderKey: NOW, maxAttempts: 3, overrides: {}, metadata: {}, createdAt: NOW,
    }]);
  });

  it('takes over everything that was asked for', async () => {
    const { submit, submitted } = setUp({ stored: [makeRecord({ id: 'parent', rootId: 'top' })] });
    await submit({ type: 'research', project: 'acme', input: [1], priority: 'high', delayMs: 500, idempotencyKey: 'k', parentId: 'parent', timeoutMs: 9, retry: { maxAttempts: 7 }, metadata: { a: 1 } });
    expect(submitted).toEqual([{
      id: 'id-1', rootId: 'top', parentId: 'parent', type: 'research', project: 'acme', inputJson: '[1]', priority: 1, orderKey: 999 - HOUR, maxAttempts: 7, lineage: ['research'],
      overrides: { timeoutMs: 9, retry: { maxAttempts: 7 } }, metadata: { a: 1 }, idempotencyKey: 'k', createdAt: NOW, runAt: NOW + 500,
    }]);
  });

  it('gives the task to the runner in the same tick when nothing has to be waited for', () => {
    const { submit, submitted } = setUp();
    void submit({ type: 'research' });
    expect(submitted).toHaveLength(1);
  });

  it('refuses a type that nobody knows, and names the nearest one', async () => {
    const { submit, submitted } = setUp();
    const error = await rejectionOf(submit({ type: 'reserch' }));
    expect(error.code).toBe('TASK_TYPE_UNKNOWN');
    expect(error.message).toContain('"research"');
    expect(submitted).toEqual([]);
  });

  it('refuses an input that does not fit the schema of its type, before anybody is asked', async () => {
    const input: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate: () => Promise.resolve({ issues: [{ message: 'no' }] }) } };
    const { submit, submitted } = setUp({ type: { input }, hook: () => Promise.reject(new Error('asked')) });
    expect((await rejectionOf(submit({ type: 'research', input: 1 }))).code).toBe('INPUT_INVALID');
    expect(submitted).toEqual([]);
  });

  it('refuses a parent that does not exist', async () => {
    const { submit, submitted } = setUp();
    expect(await rejectionOf(submit({ type: 'research', parentId: 'nobody' }))).toMatchObject({ code: 'TASK_NOT_FOUND', details: { taskId: 'nobody' } });
    expect(submitted).toEqual([]);
  });

  it('refuses a key without a parent', async () => {
    const { submit } = setUp();
    expect(await rejectionOf(submit({ type: 'research', key: 'k' }))).toMatchObject({ code: 'SUBMIT_INVALID', details: { key: 'k' } });
  });

  it('shows the task to the hooks as it will be, and stores it only after they have agreed', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const seen: Task[] = [];
    const { submit, submitted } = setUp({ hook: async (task) => { seen.push(task); await promise; } });
    const submitting = submit({ type: 'research', input: { topic: 'bees' } });
    expect(seen).toMatchObject([{ id: 'id-1', state: 'queued', attempt: 0, input: { topic: 'bees' } }]);
    expect(submitted).toEqual([]);
    resolve(undefined);
    await submitting;
    expect(submitted).toHaveLength(1);
  });

  it('stores nothing when a hook refuses', async () => {
    const { submit, submitted } = setUp({ hook: () => Promise.reject(new TaskSystemError('SUBMIT_REFUSED', 'no')) });
    expect((await rejectionOf(submit({ type: 'research' }))).code).toBe('SUBMIT_REFUSED');
    expect(submitted).toEqual([]);
  });

  it('refuses more than the project may have pending, and only for this project', async () => {
    const { submit, queue, submitted } = setUp({ queue: { maxPending: 2 } });
    queue.adjust('acme', { ready: 1, pending: 2 });
    expect(await rejectionOf(submit({ type: 'research', project: 'acme' }))).toMatchObject({ code: 'QUEUE_FULL', retryable: true, details: { project: 'acme', maxPending: 2 } });
    await submit({ type: 'research', project: 'other' });
    queue.adjust('acme', { ready: -1, pending: -1 });
    await submit({ type: 'research', project: 'acme' });
    expect(submitted).toHaveLength(2);
  });

  it('looks whether there is room when the hooks are done, not before', async () => {
    const setup = setUp({ queue: { maxPending: 1 }, hook: () => { setup.queue.adjust('default', { pending: 1 }); return Promise.resolve(); } });
    expect((await rejectionOf(setup.submit({ type: 'research' }))).code).toBe('QUEUE_FULL');
  });

  it('sets no bound to pending tasks by default', async () => {
    const { submit, queue } = setUp();
    queue.adjust('default', { pending: 1_000_000 });
    await expect(submit({ type: 'research' })).resolves.toMatchObject({ id: 'id-1' });
  });
});

describe('Submitter.accept', () => {
  const parent = makeRecord({ id: 'parent', rootId: 'top', project: 'garden', priority: 1, orderKey: 500, type: 'write', lineage: ['research'] });

  it('gives a child the project and the priority of its parent, and a place just before what came after that', async () => {
    const { submitter, submitted } = setUp({ stored: [parent] });
    await submitter.accept({ type: 'research', parentId: 'parent' });
    expect(submitted).toMatchObject([{ project: 'garden', priority: 1, orderKey: 499, rootId: 'top', lineage: ['research', 'write'] }]);
  });

  it('lets a child say otherwise', async () => {
    const { submitter, submitted } = setUp({ stored: [parent] });
    await submitter.accept({ type: 'research', parentId: 'parent', project: 'other', priority: 'low', weight: 3 });
    expect(submitted).toMatchObject([{ project: 'other', priority: -1, orderKey: 499 + 2 * HOUR, weight: 3 }]);
  });

  it('stores rules only where they are not the usual ones', async () => {
    const { submitter, submitted } = setUp();
    await submitter.accept({ type: 'research', completion: 'all' });
    await submitter.accept({ type: 'research', onChildFailure: 'ignore' });
    expect(submitted.map(({ rules }) => rules)).toEqual([undefined, { completion: 'all', onChildFailure: 'ignore' }]);
  });

  it('stores a group with its children', async () => {
    const { submitter, submitted } = setUp();
    await submitter.accept({ type: 'group', project: 'acme', completion: 'any', children: [{ type: 'research', input: 1, key: 'a' }, { type: 'write', priority: 'high' }] });
    expect(submitted).toMatchObject([
      { id: 'id-1', type: 'group', project: 'acme', rules: { completion: 'any' } },
      { id: 'id-2', type: 'research', project: 'acme', parentId: 'id-1', rootId: 'id-1', key: 'a', lineage: ['group'], inputJson: '1' },
      { id: 'id-3', type: 'write', parentId: 'id-1', priority: 1 },
    ]);
  });

  it.each<[string, object]>([
    ['a group without children', { type: 'group' }],
    ['an empty group', { type: 'group', children: [] }],
    ['children of another type', { type: 'research', children: [{ type: 'write' }] }],
    ['a group in a group', { type: 'group', children: [{ type: 'group' }] }],
    ['two children of one key', { type: 'group', children: [{ type: 'write', key: 'k' }, { type: 'write', key: 'k' }] }],
    ['a child with a parent of its own', { type: 'group', children: [{ type: 'write', parentId: 'p' }] }],
  ])('refuses %s', async (_name, options) => {
    const { submitter, submitted } = setUp();
    expect((await rejectionOf(submitter.accept(options))).code).toBe('SUBMIT_INVALID');
    expect(submitted).toEqual([]);
  });

  it('stores nothing of a group with a child that nobody can run', async () => {
    const { submitter, submitted } = setUp();
    expect((await rejectionOf(submitter.accept({ type: 'group', children: [{ type: 'write' }, { type: 'nobody' }] }))).code).toBe('TASK_TYPE_UNKNOWN');
    expect(submitted).toEqual([]);
  });
});

describe('Submitter.repeat', () => {
  it('makes a new task like the old one, which it names', async () => {
    const { submitter, submitted } = setUp();
    const old = makeRecord({ id: 'old', state: 'failed', project: 'acme', priority: 2, inputJson: '{"topic":"bees"}', overrides: { timeoutMs: 5 }, metadata: { a: 1 }, parentId: 'parent', rootId: 'parent', idempotencyKey: 'k', attempt: 3, interruptions: 2 });
    await submitter.repeat(old);
    expect(submitted).toEqual([{
      id: 'id-1', rootId: 'id-1', retryOf: 'old', type: 'research', project: 'acme', inputJson: '{"topic":"bees"}', priority: 2, orderKey: NOW - 2 * HOUR,
      maxAttempts: 3, overrides: { timeoutMs: 5 }, metadata: { a: 1 }, createdAt: NOW,
    }]);
  });

  it('refuses a type that the app no longer has', async () => {
    expect((await rejectionOf(setUp().submitter.repeat(makeRecord({ type: 'gone' })))).code).toBe('TASK_TYPE_UNKNOWN');
  });

  it('is subject to the hooks and to the bound like any other', async () => {
    const { submitter, queue } = setUp({ queue: { maxPending: 1 } });
    queue.adjust('acme', { pending: 1 });
    expect((await rejectionOf(submitter.repeat(makeRecord()))).code).toBe('QUEUE_FULL');
  });
});

describe('orderKeyOf', () => {
  const time = fc.integer({ min: 1_500_000_000_000, max: 4_000_000_000_000 });
  const priority = fc.integer({ min: -100, max: 100 });
  const submission = fc.record({ time, priority });
  const aging = fc.oneof(fc.integer({ min: 0, max: 10 * HOUR }), fc.constant(false as const));

  it('orders tasks of one priority by time, with or without ageing', () => {
    fc.assert(fc.property(time, time, priority, aging, (a, b, level, agingMs) => {
      expect(Math.sign(orderKeyOf(a, level, agingMs) - orderKeyOf(b, level, agingMs))).toBe(Math.sign(a - b));
    }));
  });

  it('puts a higher priority first among tasks of one time', () => {
    fc.assert(fc.property(time, priority, priority, fc.oneof(fc.integer({ min: 1, max: 10 * HOUR }), fc.constant(false as const)), (at, a, b, agingMs) => {
      expect(Math.sign(orderKeyOf(at, a, agingMs) - orderKeyOf(at, b, agingMs))).toBe(Math.sign(b - a));
    }));
  });

  it('never lets time outweigh priority without ageing', () => {
    fc.assert(fc.property(submission, submission, (a, b) => {
      fc.pre(a.priority !== b.priority);
      expect(orderKeyOf(a.time, a.priority, false) < orderKeyOf(b.time, b.priority, false)).toBe(a.priority > b.priority);
    }));
  });

  it('gives each level a head start of exactly agingMs', () => {
    expect(orderKeyOf(NOW, 1, HOUR)).toBe(orderKeyOf(NOW - HOUR, 0, HOUR));
    expect(orderKeyOf(NOW, 2, HOUR)).toBeLessThan(orderKeyOf(NOW - 2 * HOUR + 1, 0, HOUR));
  });

  it('lets waiting win in the end: a task of low priority that waited longer than the head start goes first', () => {
    fc.assert(fc.property(time, priority, priority, fc.integer({ min: 1, max: 10 * HOUR }), (at, a, b, agingMs) => {
      const ahead = Math.abs(a - b) * agingMs;
      expect(orderKeyOf(at, Math.min(a, b), agingMs)).toBeLessThan(orderKeyOf(at + ahead + 1, Math.max(a, b), agingMs));
    }));
  });

  it('is first come, first served with an ageing of 0', () => {
    expect([orderKeyOf(NOW, 100, 0), orderKeyOf(NOW, -100, 0)]).toEqual([NOW, NOW]);
  });

  it('is a whole number that a database holds exactly', () => {
    fc.assert(fc.property(submission, aging, ({ time: at, priority: level }, agingMs) => {
      expect(Number.isSafeInteger(orderKeyOf(at, level, agingMs))).toBe(true);
    }));
  });
});
