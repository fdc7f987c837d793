import { describe, expect, it } from 'vitest';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import { systemClock } from '../../src/lib/task-system/types/Ports.ts';
import { SkippingClock } from './SkippingClock.ts';
import { nextEvent, openSystem, recordEvents, testOptions } from './support.ts';

async function submitAll(system: TaskSystem, submissions: readonly { readonly project?: string; readonly priority?: number | 'low' | 'normal' | 'high' | 'urgent'; readonly delayMs?: number }[]): Promise<string[]> {
  const handles = await Promise.all(submissions.map((submission) => system.submit({ type: 'echo', ...submission })));
  return handles.map(({ id }) => id);
}

/** The ids of the tasks in the order in which they were started. */
async function startOrder(system: TaskSystem, ids: readonly string[]): Promise<string[]> {
  const events = recordEvents(system);
  await system.queue.resume();
  await Promise.all(ids.map((id) => system.handle(id).result()));
  return events.flatMap((event) => (event.type === 'task:start' ? [event.taskId] : []));
}

describe('the order within a project', () => {
  it('is that of submission for equal priorities', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { maxConcurrent: 1 } }));
    await system.queue.pause();
    const ids = await submitAll(system, Array.from({ length: 8 }, () => ({})));
    await expect(startOrder(system, ids)).resolves.toEqual(ids);
  });

  it('puts higher priorities first', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { maxConcurrent: 1 } }));
    await system.queue.pause();
    const [low, normal, high, urgent, top] = await submitAll(system, [{ priority: 'low' }, { priority: 'normal' }, { priority: 'high' }, { priority: 'urgent' }, { priority: 50 }]);
    await expect(startOrder(system, [low, normal, high, urgent, top].filter((id) => id !== undefined))).resolves.toEqual([top, urgent, high, normal, low]);
  });

  it('lets waiting win: a task that waited longer than the head start goes first', async () => {
    let now = Date.now();
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { maxConcurrent: 1, agingMs: 1_000 } }), { clock: { now: () => now, setTimer: (delayMs, callback) => systemClock.setTimer(delayMs, callback) } });
    await system.queue.pause();
    const [old] = await submitAll(system, [{ priority: 'normal' }]);
    now += 999;
    const [soon] = await submitAll(system, [{ priority: 'high' }]);
    now += 2;
    const [late] = await submitAll(system, [{ priority: 'high' }]);
    await expect(startOrder(system, [old, soon, late].filter((id) => id !== undefined))).resolves.toEqual([soon, old, late]);
  });

  it('never lets waiting win with agingMs: false', async () => {
    let now = Date.now();
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { maxConcurrent: 1, agingMs: false } }), { clock: { now: () => now, setTimer: (delayMs, callback) => systemClock.setTimer(delayMs, callback) } });
    await system.queue.pause();
    const [old] = await submitAll(system, [{ priority: 'normal' }]);
    now += 365 * 24 * 3_600_000;
    const [young] = await submitAll(system, [{ priority: 'high' }]);
    await expect(startOrder(system, [old, young].filter((id) => id !== undefined))).resolves.toEqual([young, old]);
  });
});

describe('fairness between projects', () => {
  it('starts a single task after at most one slot turn, however many wait elsewhere', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { maxConcurrent: 1 } }));
    await system.queue.pause();
    const flood = await submitAll(system, Array.from({ length: 200 }, () => ({ project: 'flood' })));
    const order: string[] = [];
    system.events.on('task:start', ({ project }) => { order.push(project); });
    const started = nextEvent(system, 'task:start');
    await system.queue.resume();
    await started;
    const [single] = await submitAll(system, [{ project: 'single' }]);
    await system.handle(single ?? '').result();
    // The one that ran when it came, and at most one more whose claim was under way.
    expect(order.indexOf('single')).toBeLessThanOrEqual(2);
    await system.queue.pause();
    await Promise.all(flood.map((id) => system.cancel(id)));
  });

  it('shares one slot by weight', async () => {
    const projects = { heavy: { weight: 3 }, light: { weight: 1 } };
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { projects, queue: { maxConcurrent: 1 } }));
    await system.queue.pause();
    const heavy = await submitAll(system, Array.from({ length: 9 }, () => ({ project: 'heavy' })));
    const light = await submitAll(system, Array.from({ length: 3 }, () => ({ project: 'light' })));
    const order = await startOrder(system, [...heavy, ...light]);
    for (const end of [4, 8, 12]) expect(order.slice(end - 4, end).filter((id) => light.includes(id))).toHaveLength(1);
  });
});

describe('delays', () => {
  it('keep a task queued until its time, also over a restart', async () => {
    const options = testOptions({ 'echo.mjs': {} });
    const clock = new SkippingClock();
    const first = await openSystem(options, { clock });
    const handle = await first.submit({ type: 'echo', delayMs: 3_600_000 });
    await expect(first.get(handle.id)).resolves.toMatchObject({ state: 'queued', runAt: expect.any(Number) });
    await first.close();
    const second = await openSystem(options, { clock });
    await expect(second.get(handle.id)).resolves.toMatchObject({ state: 'queued' });
    clock.skip(3_600_000);
    await second.handle(handle.id).result();
    const task = await second.get(handle.id);
    expect(task?.startedAt).toBeGreaterThanOrEqual(task?.runAt ?? Infinity);
  });
});

describe('pause and resume', () => {
  it('stop and restart one project only, and outlive a restart', async () => {
    const options = testOptions({ 'echo.mjs': {} });
    const first = await openSystem(options);
    await first.queue.pause('stopped');
    const [held] = await submitAll(first, [{ project: 'stopped' }]);
    await expect((await first.submit({ type: 'echo', project: 'free', input: 1 })).result()).resolves.toBe(1);
    await first.close();
    const second = await openSystem(options);
    await expect((await second.submit({ type: 'echo', project: 'free', input: 2 })).result()).resolves.toBe(2);
    await expect(second.get(held ?? '')).resolves.toMatchObject({ state: 'queued' });
    await second.queue.resume('stopped');
    await second.handle(held ?? '').result();
  });

  it('refuse a name that cannot be a project', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.queue.pause('../up')).rejects.toMatchObject({ code: 'PROJECT_NAME_INVALID' });
  });
});

describe('queue.maxPending', () => {
  it('refuses more than that many queued tasks per project, exactly, also in one tick', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { maxPending: 3 } }));
    await system.queue.pause();
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => system.submit({ type: 'echo' })));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(outcomes[4]).toMatchObject({ reason: { code: 'QUEUE_FULL', retryable: true, details: { maxPending: 3 } } });
    await expect(system.submit({ type: 'echo', project: 'other' })).resolves.toBeDefined();
  });

  it('lets tasks in again when others have gone', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { queue: { maxPending: 1 } }));
    await system.queue.pause();
    const [id] = await submitAll(system, [{}]);
    await expect(system.submit({ type: 'echo' })).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await system.cancel(id ?? '');
    await expect(system.submit({ type: 'echo' })).resolves.toBeDefined();
  });
});

describe('queue.snapshot', () => {
  it('counts per project what is ready, delayed and running', async () => {
    const system = await openSystem(testOptions({ 'never.mjs': { stopGraceMs: 0 }, 'echo.mjs': {} }, { projects: { b: { maxConcurrent: 1, weight: 2 } }, queue: { spares: 1 } }));
    const started = nextEvent(system, 'task:start');
    await system.submit({ type: 'never', project: 'b' });
    await started;
    await submitAll(system, [{ project: 'b' }, { project: 'b' }, { project: 'c', delayMs: 3_600_000 }]);
    await system.queue.pause('a');
    await expect(system.queue.snapshot()).resolves.toMatchObject({
      maxConcurrent: 5, running: 1, paused: false,
      projects: [
        { project: 'a', ready: 0, running: 0, paused: true },
        { project: 'b', ready: 2, delayed: 0, running: 1, paused: false, maxConcurrent: 1, weight: 2 },
        { project: 'c', ready: 0, delayed: 1, running: 0, maxConcurrent: 5, weight: 1 },
      ],
    });
  });
});

describe('list', () => {
  it('pages through tasks, newest first, without gap or double', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await system.queue.pause();
    const ids = await submitAll(system, Array.from({ length: 25 }, (_, index) => ({ project: index % 5 === 0 ? 'fifth' : 'rest' })));
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await system.list({ limit: 10, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.tasks.map(({ id }) => id));
      if (page.nextCursor === undefined) break;
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([...ids].reverse());
    expect((await system.list({ project: 'fifth' })).tasks).toHaveLength(5);
    expect((await system.list({ state: 'running' })).tasks).toHaveLength(0);
  });

  it('refuses a cursor that is none', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await expect(system.list({ cursor: 'garbage' })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });
});
