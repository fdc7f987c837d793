import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../src/lib/task-system/core/Deadlines.ts';
import { WaitingTasks } from '../../src/lib/task-system/core/WaitingTasks.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { SerializedError } from '../../src/lib/task-system/types/Errors.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeLogger, makeRecord, makeStore } from './makers.ts';
import { turns } from './until.ts';

const options = parseTaskSystemOptions({ root: '/nowhere', tasks: { research: { module: new URL('file:///research.js'), timeoutMs: 500 } } });

function setUp(waiting: readonly TaskRecord[] = []) {
  const clock = new FakeClock(1_000);
  const deadlines = new Deadlines(clock);
  const failed: (readonly [string, SerializedError['code']])[] = [];
  const base = makeStore({ list: ({ cursor = '0', limit }) => {
    const next = Number(cursor) + limit;
    return Promise.resolve({ tasks: waiting.toReversed().slice(Number(cursor), next), ...(next < waiting.length ? { nextCursor: String(next) } : {}) });
  } });
  const trouble: Error[] = [];
  const failWaiting = (id: string, error: SerializedError): Promise<undefined> => {
    failed.push([id, error.code]);
    const problem = trouble.shift();
    return problem === undefined ? Promise.resolve(undefined) : Promise.reject(problem);
  };
  const logger = makeLogger();
  const tasks = new WaitingTasks({ options, clock, store: { ...base, families: { ...base.families, failWaiting } }, logger }, deadlines, () => undefined);
  return { clock, deadlines, failed, tasks, trouble, logger };
}

const waits = (id: string, rest: Partial<TaskRecord> = {}): TaskRecord => makeRecord({ id, state: 'waiting', ...rest });

describe('WaitingTasks', () => {
  it('fails a task whose time is up', async () => {
    const { clock, failed, tasks } = setUp();
    tasks.watch(waits('a'));
    clock.advance(499);
    expect(failed).toEqual([]);
    clock.advance(1);
    await turns();
    expect(failed).toEqual([['a', 'TASK_TIMEOUT']]);
  });

  it('tries again when its end cannot be stored, until it can', async () => {
    const { clock, failed, tasks, trouble, logger } = setUp();
    trouble.push(new RangeError('disk'), new RangeError('disk'));
    tasks.watch(waits('a'));
    clock.advance(500);
    await turns();
    clock.advance(4_999);
    expect(failed).toHaveLength(1);
    clock.advance(1);
    await turns();
    clock.advance(5_000);
    await turns();
    expect(failed).toHaveLength(3);
    expect(logger.lines.map(({ level }) => level)).toEqual(['error', 'error']);
    clock.advance(60_000);
    await turns();
    expect(failed).toHaveLength(3);
  });

  it('does not try again once the task has ended otherwise, or runs', async () => {
    const { clock, deadlines, failed, tasks, trouble } = setUp();
    trouble.push(new RangeError('disk'), new RangeError('disk'));
    for (const id of ['ended', 'runs']) tasks.watch(waits(id));
    clock.advance(500);
    deadlines.end('ended');
    deadlines.begin('runs', undefined, 500);
    await turns();
    clock.advance(60_000);
    await turns();
    expect(failed).toHaveLength(2);
  });

  it('does not try again after the end of the system', async () => {
    const { clock, deadlines, tasks, trouble } = setUp();
    trouble.push(new RangeError('disk'));
    tasks.watch(waits('a'));
    clock.advance(500);
    deadlines.close();
    await turns();
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets the time go on that began while the task ran', () => {
    const { clock, deadlines, tasks } = setUp();
    deadlines.begin('a', undefined, 300);
    clock.advance(100);
    tasks.watch(waits('a'));
    expect(deadlines.of('a')).toBe(1_300);
  });

  it('gives a group no time but that of its parent', () => {
    const { deadlines, tasks } = setUp();
    tasks.watch(waits('alone', { type: 'group' }));
    tasks.watch(waits('root'));
    tasks.watch(waits('group', { type: 'group', parentId: 'root' }));
    expect([deadlines.of('alone'), deadlines.of('group')]).toEqual([undefined, 1_500]);
  });

  it('watches after a start whatever waits, however much that is', async () => {
    const { deadlines, tasks } = setUp(Array.from({ length: 250 }, (_, index) => waits(`t${String(index)}`)));
    await tasks.open([]);
    expect([deadlines.of('t0'), deadlines.of('t249')]).toEqual([1_500, 1_500]);
  });

  it('lets the children of a task that is queued again after a crash have no more time than it', async () => {
    const { deadlines, tasks } = setUp();
    await tasks.open([makeRecord({ id: 'root', state: 'queued' }), makeRecord({ id: 'gone', state: 'failed' })]);
    expect(deadlines.begin('child', 'root', 9_000)).toEqual({ at: 1_500, source: 'root' });
    expect(deadlines.of('gone')).toBeUndefined();
  });

  it('says so when the time of a parent cannot be read, and lets its child begin', async () => {
    const { deadlines, tasks, logger } = setUp();
    await tasks.beginAbove('root');
    expect(deadlines.of('root')).toBeUndefined();
    expect(logger.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('the time of task root cannot be read') }]);
  });

  it('begins with the parents, whatever the order in which they come', async () => {
    const below = waits('below', { parentId: 'root', lineage: ['research'], overrides: { timeoutMs: 9_000 } });
    const { deadlines, tasks } = setUp([below]);
    await tasks.open([makeRecord({ id: 'root', state: 'queued' })]);
    expect(deadlines.of('below')).toBe(1_500);
  });
});
