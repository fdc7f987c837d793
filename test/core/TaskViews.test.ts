import { describe, expect, it } from 'vitest';
import { TaskViews } from '../../src/lib/task-system/core/TaskViews.ts';
import { TaskEvents } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeLogger, makeRecord, makeStore } from './makers.ts';

function makeViews(parts: Partial<TaskStore>) {
  const store = makeStore(parts);
  const cancelled: (readonly [string, string | undefined])[] = [];
  const events = new TaskEvents({ epoch: store.epoch, offset: 0, clock: new FakeClock(), logger: makeLogger(), readSince: () => Promise.resolve([]) });
  const runner = { progressOf: () => ({ percent: 60 }), isolationOf: () => undefined };
  const cancel = (id: string, reason?: string): Promise<boolean> => { cancelled.push([id, reason]); return Promise.resolve(true); };
  return { cancelled, views: new TaskViews({ store, events, runner }, cancel, new AbortController().signal) };
}

describe('TaskViews', () => {
  it('finds nothing where there is nothing', async () => {
    expect(await makeViews({ get: () => Promise.resolve(undefined) }).views.find('task-1')).toBeUndefined();
  });

  it('shows a running task with the progress of this moment', async () => {
    const { views } = makeViews({ get: () => Promise.resolve(makeRecord({ progress: { percent: 10 } })) });
    expect(await views.find('task-1')).toMatchObject({ id: 'task-1', progress: { percent: 60 } });
  });

  it('shows a task that has ended as it is stored', async () => {
    const { views } = makeViews({ get: () => Promise.resolve(makeRecord({ state: 'failed', progress: { percent: 10 } })) });
    expect(await views.find('task-1')).toMatchObject({ progress: { percent: 10 } });
  });

  it('lists tasks in their public form, with the cursor of the next page', async () => {
    const page = { tasks: [makeRecord({ state: 'queued' })], nextCursor: 'next' };
    const listed = await makeViews({ list: () => Promise.resolve(page) }).views.list({ limit: 1 });
    expect(listed.nextCursor).toBe('next');
    expect(listed.tasks).toHaveLength(1);
    expect(listed.tasks[0]).not.toHaveProperty('orderKey');
  });

  it('makes handles that cancel by the way it was given', async () => {
    const { views, cancelled } = makeViews({});
    expect(await views.handle('task-9').cancel('enough')).toBe(true);
    expect(cancelled).toEqual([['task-9', 'enough']]);
  });
});
