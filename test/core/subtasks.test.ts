import { describe, expect, it } from 'vitest';
import type { TaskSystem, TaskSystemDeps } from '../../src/lib/task-system/index.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { QueueOptions, SubmitOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import { rejectionOf } from '../support/thrown.ts';
import { SkippingClock } from './SkippingClock.ts';
import { nextEvent, openSystem, recordEvents, testOptions } from './support.ts';
import { until } from './until.ts';

const PROCESS = { sandbox: { level: 'process' } } as const satisfies Partial<TaskTypeOptions>;

function open(queue: QueueOptions = {}, type: Partial<TaskTypeOptions> = {}, deps: Partial<TaskSystemDeps> = {}): Promise<TaskSystem> {
  return openSystem(testOptions({ 'tree.mjs': { ...PROCESS, ...type }, 'joins.mjs': { ...PROCESS, ...type } }, { queue }), deps);
}

async function run(system: TaskSystem, input: JsonValue, rest: Partial<SubmitOptions> = {}): Promise<JsonValue> {
  const handle = await system.submit({ type: 'tree', input, ...rest });
  return handle.result();
}

const leaf = (value: string, rest: object = {}): JsonValue => ({ value, ...rest });

describe('a handler that awaits its children', () => {
  it('gets all results in the order of their spawning', async () => {
    const system = await open();
    await expect(run(system, { mode: 'all', children: [leaf('a'), leaf('b'), leaf('c')] })).resolves.toEqual({ value: 'leaf', all: ['a', 'b', 'c'] });
  });

  it('holds no slot meanwhile: with one slot a tree of three levels finishes', async () => {
    const system = await open({ maxConcurrent: 1 });
    const level = (children: JsonValue[]): JsonValue => ({ mode: 'all', children });
    const result = await run(system, level([level([leaf('a'), leaf('b')]), level([leaf('c')])]));
    expect(result).toEqual({ value: 'leaf', all: [{ value: 'leaf', all: ['a', 'b'] }, { value: 'leaf', all: ['c'] }] });
  });

  it('is told of a failure by its code, and may deal with it', async () => {
    const system = await open();
    const result = await run(system, { mode: 'catch', children: [leaf('a'), leaf('b', { fail: true })] });
    expect(result).toEqual({ value: 'leaf', each: ['a', 'TASK_CHILD_FAILED b fails'] });
  });

  it('fails with its child when it does nothing about it, and the others are cancelled because of it', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'tree', input: { mode: 'all', children: [leaf('a', { fail: true }), leaf('b', { hang: true })] } });
    const error = await rejectionOf(handle.result());
    expect(error.code).toBe('TASK_CHILD_FAILED');
    const { tasks } = await system.list({ parentId: handle.id });
    expect(tasks.map(({ state, error: own }) => [state, own?.code, own?.details?.['cause']])).toEqual([['cancelled', 'TASK_CANCELLED', 'parent'], ['failed', 'TASK_FAILED', undefined]]);
  });

  it('gets the first result of any', async () => {
    const system = await open();
    const result = await run(system, { mode: 'any', children: [leaf('a', { hang: true }), leaf('b')] }, { completion: 'any' });
    expect(result).toEqual({ value: 'leaf', any: 'b' });
  });

  it('is told what became of every child', async () => {
    const system = await open();
    const result = await run(system, { mode: 'settled', children: [leaf('a'), leaf('b', { fail: true })] });
    expect(result).toEqual({ value: 'leaf', settled: ['a', 'failed: TASK_FAILED'] });
  });

  it('shows that it waits, and that it goes on', async () => {
    const system = await open();
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'tree', input: { mode: 'all', children: [leaf('a'), leaf('b')] } });
    await handle.result();
    const types = events.filter(({ taskId, type }) => taskId === handle.id && !['task:log', 'task:usage', 'task:progress'].includes(type)).map(({ type }) => type);
    expect(types).toEqual(['task:create', 'task:start', 'task:wait', 'task:resume', 'task:complete']);
  });

  it('finds its finished children again when it is tried again', async () => {
    const system = await open({}, { retry: { maxAttempts: 2, baseDelayMs: 0 } });
    const handle = await system.submit({ type: 'tree', input: { mode: 'each', fail: 1, children: [leaf('a'), leaf('a'), leaf('b')] } });
    await expect(handle.result()).resolves.toEqual({ value: 'leaf', each: ['a', 'a', 'b'] });
    expect((await system.list({ parentId: handle.id })).tasks.map(({ attempt, key }) => [attempt, key])).toEqual([[1, undefined], [1, undefined], [1, undefined]]);
  });

  it('is refused when as many wait as may, with a code', async () => {
    const system = await open({ maxWaiting: 0 });
    expect((await rejectionOf(run(system, { mode: 'all', children: [leaf('a')] }))).code).toBe('WAITING_FULL');
  });
});

describe('a handler that returns while its children go on', () => {
  it('completes with the last of them, with its own result', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'tree', input: { value: 'root', children: [leaf('a'), leaf('b')] } });
    await expect(handle.result()).resolves.toBe('root');
    expect((await system.list({ parentId: handle.id })).tasks.map(({ state }) => state)).toEqual(['completed', 'completed']);
  });

  it('computes its result by its join', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'joins', input: { value: 'root', children: [leaf('a'), leaf('b')] } });
    await expect(handle.result()).resolves.toEqual({ returned: 'root', attempt: 2, children: ['a', 'b'] });
  });

  it('tries a join again as its retry rules say, and does not count it as a second failure', async () => {
    const system = await open({}, { retry: { maxAttempts: 2, baseDelayMs: 0 } });
    const handle = await system.submit({ type: 'joins', input: { value: 'root', failJoin: 2, children: [leaf('a')] } });
    await expect(handle.result()).resolves.toEqual({ returned: 'root', attempt: 3, children: ['a'] });
  });

  it('runs no join without children', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'joins', input: { value: 'alone' } });
    await expect(handle.result()).resolves.toBe('alone');
  });

  it('fails when a child fails, the others being cancelled because of their sibling', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'tree', input: { children: [leaf('a', { hang: true }), leaf('b', { fail: true })] } });
    const error = await rejectionOf(handle.result());
    expect([error.code, error.details['childCode']]).toEqual(['TASK_CHILD_FAILED', 'TASK_FAILED']);
    const { tasks } = await system.list({ parentId: handle.id });
    expect(tasks.map(({ state, error: own }) => [state, own?.details?.['cause']])).toEqual([['failed', undefined], ['cancelled', 'siblings']]);
  });

  it('is cancelled with everything below it', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'tree', input: { children: [leaf('a', { hang: true, children: [leaf('b', { hang: true })] })] } });
    await nextEvent(system, 'task:log', ({ data }) => data.text === 'run b 1');
    await expect(handle.cancel('enough')).resolves.toBe(true);
    const { tasks } = await system.list({ limit: 10 });
    expect(tasks.map(({ state, error }) => [state, error?.details?.['cause']])).toEqual([['cancelled', 'parent'], ['cancelled', 'parent'], ['cancelled', undefined]]);
  });
});

describe('a group', () => {
  it('completes with its children, and tells what became of them', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'group', onChildFailure: 'ignore', children: [{ type: 'tree', input: leaf('a') }, { type: 'tree', input: leaf('b', { fail: true }) }] });
    await expect(handle.result()).resolves.toEqual({ total: 2, completed: 1, failed: 1, cancelled: 0 });
    await expect(system.get(handle.id)).resolves.toMatchObject({ type: 'group', attempt: 0, progress: { percent: 100, done: 1, failed: 1, total: 2 } });
  });

  it('is complete with the first of any, and the rest are cancelled', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'group', completion: 'any', children: [{ type: 'tree', input: leaf('a', { hang: true }) }, { type: 'tree', input: leaf('b') }] });
    await expect(handle.result()).resolves.toEqual({ total: 2, completed: 1, failed: 0, cancelled: 1 });
  });

  it('takes more children while it waits', async () => {
    const system = await open();
    await system.queue.pause();
    const handle = await system.submit({ type: 'group', children: [{ type: 'tree', input: leaf('a') }] });
    await system.submit({ type: 'tree', input: leaf('b'), parentId: handle.id });
    await system.queue.resume();
    await expect(handle.result()).resolves.toMatchObject({ total: 2, completed: 2 });
    await expect(system.submit({ type: 'tree', input: leaf('c'), parentId: handle.id })).rejects.toMatchObject({ code: 'PARENT_ENDED' });
  });

  it('fails with everything in it when its time is up', async () => {
    const system = await open({}, { stopGraceMs: 0 });
    const handle = await system.submit({ type: 'group', timeoutMs: 300, children: [{ type: 'tree', input: leaf('a', { hang: true }) }] });
    expect((await rejectionOf(handle.result())).code).toBe('TASK_TIMEOUT');
    const { tasks } = await system.list({ parentId: handle.id });
    expect(tasks.map(({ state, error }) => [state, error?.details?.['cause']])).toEqual([['cancelled', 'parent']]);
  });
});

describe('time', () => {
  it('of a parent is also that of its children, whose own may be longer', async () => {
    const clock = new SkippingClock();
    const system = await open({}, { stopGraceMs: 0 }, { clock });
    const handle = await system.submit({ type: 'tree', timeoutMs: 300_000, input: { children: [leaf('a', { hang: true, submit: { timeoutMs: 600_000 } })] } });
    await Promise.all([nextEvent(system, 'task:wait'), nextEvent(system, 'task:log', ({ data }) => data.text === 'run a 1')]);
    clock.skip(300_000);
    expect((await rejectionOf(handle.result())).code).toBe('TASK_TIMEOUT');
    const { tasks: [child] } = await system.list({ parentId: handle.id });
    expect([child?.state, child?.error?.details?.['cause']]).toEqual(['cancelled', 'parent']);
  });

  it('that is up for a handler that awaits takes its children along', async () => {
    const clock = new SkippingClock();
    const system = await open({}, { stopGraceMs: 0 }, { clock });
    const handle = await system.submit({ type: 'tree', timeoutMs: 300_000, input: { mode: 'all', children: [leaf('a', { hang: true })] } });
    await Promise.all([nextEvent(system, 'task:wait'), nextEvent(system, 'task:log', ({ data }) => data.text === 'run a 1')]);
    clock.skip(300_000);
    expect((await rejectionOf(handle.result())).code).toBe('TASK_TIMEOUT');
    const { tasks: [child] } = await system.list({ parentId: handle.id });
    expect([child?.state, child?.error?.details?.['cause']]).toEqual(['cancelled', 'parent']);
  });
});

describe('what is seen of a tree', () => {
  it('is the progress of a parent by its children, the last of it before its end', async () => {
    const system = await open();
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'group', children: [{ type: 'tree', input: leaf('a'), weight: 3 }, { type: 'tree', input: leaf('b') }] });
    await handle.result();
    const own = events.filter(({ taskId, type }) => taskId === handle.id && (type === 'task:progress' || type === 'task:complete'));
    expect(own.at(-1)?.type).toBe('task:complete');
    expect(own.at(-2)).toMatchObject({ type: 'task:progress', data: { percent: 100, done: 2, failed: 0, total: 2 } });
  });

  it('is the tree itself, with states and progress', async () => {
    const system = await open();
    const handle = await system.submit({ type: 'tree', input: { value: 'root', children: [leaf('a'), leaf('b', { hang: true, percent: 40 })] } });
    await nextEvent(system, 'task:progress', ({ data }) => data.percent === 40);
    await until(async () => (await system.tree(handle.id))?.children[0]?.state === 'completed');
    const tree = await system.tree(handle.id);
    expect(tree?.children.map(({ state, percent }) => [state, percent])).toEqual([['completed', 100], ['running', 40]]);
    await expect(system.tree('ghost')).resolves.toBeUndefined();
    await handle.cancel();
    await expect(system.tree(handle.id)).resolves.toMatchObject({ state: 'cancelled', children: [{ state: 'completed' }, { state: 'cancelled', percent: 40 }] });
  });

  it('is why each task waits, and at which place', async () => {
    const system = await open({ maxConcurrent: 1 });
    const running = await system.submit({ type: 'tree', input: leaf('a', { hang: true }) });
    const next = await system.submit({ type: 'tree', input: leaf('b') });
    const late = await system.submit({ type: 'tree', input: leaf('c'), delayMs: 600_000 });
    const { tasks } = await system.queue.snapshot();
    expect(tasks.map(({ id, waitsFor, position }) => [id, waitsFor, position])).toEqual([[next.id, 'lane', 1], [late.id, 'delay', 2]]);
    await Promise.all([running.cancel(), late.cancel(), next.result()]);
  });
});

describe('no depth of nesting', () => {
  it('can deadlock: five levels finish with one slot', async () => {
    const system = await open({ maxConcurrent: 1 });
    const nest = (depth: number): JsonValue => ({ mode: 'all', value: String(depth), children: depth === 0 ? [] : [nest(depth - 1), leaf('x')] });
    await expect(run(system, nest(4))).resolves.toMatchObject({ value: '4' });
    expect((await system.list({ limit: 100 })).tasks.every(({ state }) => state === 'completed')).toBe(true);
  });
});
