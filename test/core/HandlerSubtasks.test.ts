import { describe, expect, it } from 'vitest';
import { HandlerSubtasks } from '../../src/lib/task-system/core/HandlerSubtasks.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import { rejectionOf } from '../support/thrown.ts';
import { turns } from './until.ts';

interface Asked {
  readonly method: string;
  readonly params: JsonValue;
  readonly resolve: (value: JsonValue) => void;
  readonly reject: (error: Error) => void;
}

/** A host that gives children ids in order, knows what became of them, and lets the test answer waits. */
function setUp(outcomes: Readonly<Record<string, JsonObject>> = {}) {
  const waits: Asked[] = [];
  let spawned = 0;
  const subtasks = new HandlerSubtasks((method, params) => {
    if (method === 'spawn') return Promise.resolve({ id: `c${String(spawned++)}` });
    if (method === 'children') return Promise.resolve(Object.keys(outcomes));
    if (method === 'outcome') {
      const id = isJsonObject(params) && typeof params['id'] === 'string' ? params['id'] : '';
      return Promise.resolve(outcomes[id] === undefined ? null : { id, type: 't', ...outcomes[id] });
    }
    const { promise, resolve, reject } = Promise.withResolvers<JsonValue>();
    waits.push({ method, params, resolve, reject });
    return promise;
  });
  return { subtasks, waits };
}

const DONE = { state: 'completed', result: 1 } as const;
const FAILED = { state: 'failed', error: { name: 'E', message: 'no luck', code: 'TASK_FAILED' } } as const;

describe('HandlerSubtasks', () => {
  it('asks the host once for everything that is awaited in one turn', async () => {
    const { subtasks, waits } = setUp({ c0: DONE, c1: { state: 'completed', result: 2 } });
    const [a, b] = [await subtasks.spawn({ type: 't' }), await subtasks.spawn({ type: 't' })];
    const both = Promise.all([a.result(), b.result()]);
    await turns();
    expect(waits.map(({ params }) => params)).toEqual([{ conditions: [{ until: 'settled', ids: ['c0'] }, { until: 'settled', ids: ['c1'] }] }]);
    waits[0]?.resolve([{ index: 0 }, { index: 1 }]);
    await expect(both).resolves.toEqual([1, 2]);
  });

  it('waits again for what is left', async () => {
    const { subtasks, waits } = setUp({ c0: DONE, c1: DONE });
    const [a, b] = [await subtasks.spawn({ type: 't' }), await subtasks.spawn({ type: 't' })];
    const both = Promise.all([a.result(), b.result()]);
    await turns();
    waits[0]?.resolve([{ index: 1 }]);
    await turns();
    expect(waits[1]?.params).toEqual({ conditions: [{ until: 'settled', ids: ['c0'] }] });
    waits[1]?.resolve([{ index: 0 }]);
    await expect(both).resolves.toEqual([1, 1]);
  });

  it('puts a new wait in the place of the one that is open', async () => {
    const { subtasks, waits } = setUp({ c0: DONE, c1: DONE });
    const [a, b] = [await subtasks.spawn({ type: 't' }), await subtasks.spawn({ type: 't' })];
    const first = a.result();
    await turns();
    const second = b.result();
    await turns();
    expect(waits[1]?.params).toEqual({ conditions: [{ until: 'settled', ids: ['c0'] }, { until: 'settled', ids: ['c1'] }] });
    waits[0]?.resolve([]);
    waits[1]?.resolve([{ index: 0 }, { index: 1 }]);
    await expect(Promise.all([first, second])).resolves.toEqual([1, 1]);
  });

  it('gives all results in their order', async () => {
    const { subtasks, waits } = setUp({ c0: { state: 'completed', result: 'a' }, c1: { state: 'completed', result: 'b' } });
    await subtasks.spawn({ type: 't' });
    await subtasks.spawn({ type: 't' });
    const all = subtasks.all();
    await turns();
    waits[0]?.resolve([{ index: 0 }]);
    await expect(all).resolves.toEqual(['a', 'b']);
  });

  it('rejects with the child that failed, and why', async () => {
    const { subtasks, waits } = setUp({ c0: FAILED });
    await subtasks.spawn({ type: 't' });
    const all = subtasks.all();
    await turns();
    waits[0]?.resolve([{ index: 0, failed: 'c0' }]);
    const error = await rejectionOf(all);
    expect(error).toMatchObject({ code: 'TASK_CHILD_FAILED', details: { childId: 'c0', childState: 'failed', childCode: 'TASK_FAILED' } });
    expect(error.cause).toMatchObject({ message: 'no luck' });
  });

  it('gives the result of any that completed', async () => {
    const { subtasks, waits } = setUp({ c1: { state: 'completed', result: 'second' } });
    await subtasks.spawn({ type: 't' });
    await subtasks.spawn({ type: 't' });
    const any = subtasks.any();
    await turns();
    waits[0]?.resolve([{ index: 0, done: 'c1' }]);
    await expect(any).resolves.toBe('second');
  });

  it('rejects any when none completed, and when there is none', async () => {
    const { subtasks, waits } = setUp({ c0: FAILED });
    expect((await rejectionOf(subtasks.any())).code).toBe('TASK_CHILD_FAILED');
    await subtasks.spawn({ type: 't' });
    const any = subtasks.any();
    await turns();
    waits[0]?.resolve([{ index: 0 }]);
    expect((await rejectionOf(any)).code).toBe('TASK_CHILD_FAILED');
  });

  it('tells what became of those that were asked for', async () => {
    const { subtasks, waits } = setUp({ c1: FAILED });
    await subtasks.spawn({ type: 't' });
    const second = await subtasks.spawn({ type: 't' });
    const settled = subtasks.settled([second]);
    await turns();
    waits[0]?.resolve([{ index: 0 }]);
    await expect(settled).resolves.toMatchObject([{ id: 'c1', state: 'failed' }]);
  });

  it('waits for nobody when there are no children', async () => {
    const { subtasks, waits } = setUp();
    await expect(Promise.all([subtasks.all(), subtasks.settled()])).resolves.toEqual([[], []]);
    expect(waits).toEqual([]);
  });

  it('rejects everything that waits when the host refuses', async () => {
    const { subtasks, waits } = setUp();
    const child = await subtasks.spawn({ type: 't' });
    const result = child.result();
    await turns();
    waits[0]?.reject(new TaskSystemError('WAITING_FULL', 'too many'));
    expect((await rejectionOf(result)).code).toBe('WAITING_FULL');
  });

  it('gives a join all children, also those of earlier attempts', async () => {
    const { subtasks } = setUp({ x: DONE, y: FAILED });
    expect((await subtasks.outcomes()).map(({ id, state }) => [id, state])).toEqual([['x', 'completed'], ['y', 'failed']]);
  });

  it('says so when the host does not know what became of a child', async () => {
    const { subtasks, waits } = setUp();
    const child = await subtasks.spawn({ type: 't' });
    const result = child.result();
    await turns();
    waits[0]?.resolve([{ index: 0 }]);
    expect((await rejectionOf(result)).code).toBe('TASK_PROTOCOL');
  });
});
