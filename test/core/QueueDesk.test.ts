import { describe, expect, it } from 'vitest';
import { QueueDesk } from '../../src/lib/task-system/core/QueueDesk.ts';
import { TaskQueue } from '../../src/lib/task-system/core/TaskQueue.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import { rejectionOf } from '../support/thrown.ts';
import { makeStore } from './makers.ts';

type Counts = Awaited<ReturnType<TaskStore['counts']>>;

function openDesk(counts: Counts = [], assertOpen: () => void = () => undefined) {
  const options = parseTaskSystemOptions({
    root: '/nowhere', tasks: { research: { module: '/research.js' } }, queue: { maxConcurrent: 3 }, projects: { acme: { maxConcurrent: 2, weight: 4 } },
  });
  const queue = new TaskQueue(3, options.project);
  const calls: (readonly [string | undefined, boolean])[] = [];
  const runner = { setPaused: (project: string | undefined, isPaused: boolean) => { calls.push([project, isPaused]); return Promise.resolve(); } };
  const store = makeStore({ counts: () => Promise.resolve(counts) });
  return { queue, calls, desk: new QueueDesk({ options, queue, store, runner, sessions: { spares: 2 } }, assertOpen) };
}

describe('QueueDesk', () => {
  it('shows an empty queue', async () => {
    expect(await openDesk().desk.snapshot()).toEqual({ maxConcurrent: 3, running: 0, paused: false, spares: 2, projects: [] });
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
