import { describe, expect, it } from 'vitest';
import { QueueDesk } from '../../src/lib/task-system/core/QueueDesk.ts';
import { TaskQueue } from '../../src/lib/task-system/core/TaskQueue.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { TaskRecord, TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import { approvalOf } from '../realtime/controlOf.ts';
import { rejectionOf } from '../support/thrown.ts';
import { makeRecord, makeStore } from './makers.ts';

type Counts = Awaited<ReturnType<TaskStore['counts']>>;

function openDesk(counts: Counts = [], assertOpen: () => void = () => undefined, tasks: readonly TaskRecord[] = [], asking: readonly string[] = []) {
  const options = parseTaskSystemOptions({
    root: '/nowhere', tasks: { research: { module: '/research.js' } }, queue: { maxConcurrent: 3 }, projects: { acme: { maxConcurrent: 2, weight: 4 } },
  });
  const queue = new TaskQueue(3, options.project);
  const calls: (readonly [string | undefined, boolean])[] = [];
  const runner = { setPaused: (project: string | undefined, isPaused: boolean) => { calls.push([project, isPaused]); return Promise.resolve(); } };
  const base = makeStore({ counts: () => Promise.resolve(counts), list: () => Promise.resolve({ tasks: tasks.filter(({ state }) => state === 'waiting') }) });
  const queued = (limit: number): Promise<readonly TaskRecord[]> => Promise.resolve(tasks.filter(({ state }) => state === 'queued').slice(0, limit));
  const store = { ...base, families: { ...base.families, queued }, approvals: { ...base.approvals, list: () => Promise.resolve(asking.map((id) => approvalOf(`${id}.1`))) } };
  return { queue, calls, desk: new QueueDesk({ options, queue, store, runner, sessions: { spares: 2 }, clock: new FakeClock(1_000) }, assertOpen) };
}

describe('QueueDesk', () => {
  it('shows an empty queue', async () => {
    expect(await openDesk().desk.snapshot()).toEqual({ maxConcurrent: 3, running: 0, paused: false, spares: 2, projects: [], tasks: [] });
  });

  it('shows projects by name with their counts and their settings', async () => {
    const { desk } = openDesk([{ project: 'zebra', ready: 1, delayed: 2, running: 0, waiting: 0 }, { project: 'acme', ready: 0, delayed: 0, running: 1, waiting: 3 }]);
    expect((await desk.snapshot()).projects).toEqual([
      { project: 'acme', ready: 0, delayed: 0, running: 1, waiting: 3, paused: false, maxConcurrent: 2, weight: 4 },
      { project: 'zebra', ready: 1, delayed: 2, running: 0, waiting: 0, paused: false, maxConcurrent: 3, weight: 1 },
    ]);
  });

  it('shows a paused project that has no task', async () => {
    const { desk, queue } = openDesk();
    queue.setPaused('quiet', true);
    expect((await desk.snapshot()).projects).toMatchObject([{ project: 'quiet', paused: true, ready: 0 }]);
  });

  it('shows that everything is paused', async () => {
    const { desk, queue } = openDesk();
    queue.setPaused(undefined, true);
    expect(await desk.snapshot()).toMatchObject({ paused: true });
  });

  it('pauses and resumes one project, or all', async () => {
    const { desk, calls } = openDesk();
    await desk.pause('acme');
    await desk.resume('acme');
    await desk.pause();
    expect(calls).toEqual([['acme', true], ['acme', false], [undefined, true]]);
  });

  it('refuses a name that is none, and pauses nothing', async () => {
    const { desk, calls } = openDesk();
    expect((await rejectionOf(desk.pause('../acme'))).code).toBe('PROJECT_NAME_INVALID');
    expect(calls).toEqual([]);
  });

  it.each(['snapshot', 'pause', 'resume'] as const)('refuses %s once the system is closed', async (method) => {
    const { desk, calls } = openDesk([], () => { throw new TaskSystemError('SYSTEM_CLOSED', 'close() was called'); });
    expect((await rejectionOf(desk[method]())).code).toBe('SYSTEM_CLOSED');
    expect(calls).toEqual([]);
  });
});

describe('QueueDesk.snapshot, task by task', () => {
  const queued = (id: string, project: string, rest: Partial<TaskRecord> = {}): TaskRecord => makeRecord({ id, project, state: 'queued', ...rest });

  it('gives each queued task its place in its project, and what it waits for', async () => {
    const { desk } = openDesk([], undefined, [queued('a', 'acme'), queued('b', 'acme', { runAt: 9_000 }), queued('c', 'zebra')]);
    expect((await desk.snapshot()).tasks).toEqual([
      { id: 'a', type: 'research', project: 'acme', position: 1, waitsFor: 'slot' },
      { id: 'b', type: 'research', project: 'acme', position: 2, waitsFor: 'delay' },
      { id: 'c', type: 'research', project: 'zebra', position: 1, waitsFor: 'slot' },
    ]);
  });

  it('knows a pause of the project, and one of everything', async () => {
    const { desk, queue } = openDesk([], undefined, [queued('a', 'acme'), queued('c', 'zebra')]);
    queue.setPaused('acme', true);
    expect((await desk.snapshot()).tasks.map(({ waitsFor }) => waitsFor)).toEqual(['pause', 'slot']);
    queue.setPaused(undefined, true);
    expect((await desk.snapshot()).tasks.map(({ waitsFor }) => waitsFor)).toEqual(['pause', 'pause']);
  });

  it('tells a full lane from a full house', async () => {
    const { desk, queue } = openDesk([], undefined, [queued('a', 'acme'), queued('c', 'zebra')]);
    for (let index = 0; index < 2; index++) void queue.start('acme', () => new Promise(() => undefined));
    expect((await desk.snapshot()).tasks.map(({ waitsFor }) => waitsFor)).toEqual(['lane', 'slot']);
  });

  it('tells who waits for an approval from who waits for its children', async () => {
    const { desk } = openDesk([], undefined, [makeRecord({ id: 'p', state: 'waiting' }), makeRecord({ id: 'q', state: 'waiting' })], ['q']);
    expect((await desk.snapshot()).tasks.map(({ id, waitsFor }) => [id, waitsFor])).toEqual([['p', 'children'], ['q', 'approval']]);
  });

  it('names the parents that wait for their children', async () => {
    const { desk } = openDesk([], undefined, [makeRecord({ id: 'p', state: 'waiting', parentId: 'root' })]);
    expect((await desk.snapshot()).tasks).toEqual([{ id: 'p', type: 'research', project: 'acme', parentId: 'root', waitsFor: 'children' }]);
  });

  it('tells as many as it is asked for, or none', async () => {
    const { desk } = openDesk([], undefined, [queued('a', 'acme'), queued('b', 'acme')]);
    expect((await desk.snapshot({ tasks: 1 })).tasks.map(({ id }) => id)).toEqual(['a']);
    expect((await desk.snapshot({ tasks: 0 })).tasks).toEqual([]);
  });

  it.each([[-1], [1.5], [10_001]])('refuses to tell %d', async (tasks) => {
    expect((await rejectionOf(openDesk().desk.snapshot({ tasks }))).code).toBe('OPTIONS_INVALID');
  });
});
