import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { TaskEvents } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { HookRegistry } from '../../src/lib/task-system/types/Hooks.ts';
import { cancelEvent, completeEvent, errorEvent, ManualClock, progressEvent, RecordingLogger, settle, startEvent } from '../realtime/helpers.ts';
import { hooksOf, taskOf } from './helpers.ts';

const noTask = (): undefined => undefined;

describe('LifecycleHooks.observe', () => {
  it('calls onTaskStart with the task when an attempt starts', async () => {
    const { hooks } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskStart(({ task }) => seen.push(`${task.id} ${task.state}`));
    hooks.observe(startEvent(1), () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['task-1 running']);
  });

  it('calls onTaskProgress with the progress of the event', async () => {
    const { hooks } = hooksOf();
    const seen: unknown[] = [];
    hooks.onTaskProgress(({ progress }) => seen.push(progress));
    hooks.observe(progressEvent(1, 42), () => taskOf());
    await hooks.idle();
    expect(seen).toEqual([{ percent: 42 }]);
  });

  it('calls onTaskComplete when the task has completed', async () => {
    const { hooks } = hooksOf();
    const seen: unknown[] = [];
    hooks.onTaskComplete(({ task }) => seen.push(task.result));
    hooks.observe(completeEvent(1), () => taskOf('task-1', { state: 'completed', result: { answer: 42 } }));
    await hooks.idle();
    expect(seen).toEqual([{ answer: 42 }]);
  });

  it('calls onTaskFail with the error of the event', async () => {
    const { hooks } = hooksOf();
    const seen: unknown[] = [];
    hooks.onTaskFail(({ error }) => seen.push(error));
    hooks.observe(errorEvent(1), () => taskOf());
    await hooks.idle();
    expect(seen).toEqual([{ name: 'Error', message: 'no luck' }]);
  });

  it('calls onTaskCancel with the reason of the event', async () => {
    const { hooks } = hooksOf();
    const seen: unknown[] = [];
    hooks.onTaskCancel(({ reason }) => seen.push(reason));
    hooks.observe(cancelEvent(1), () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['changed my mind']);
  });

  it('calls no hook for another event than its own', async () => {
    const all = ['onTaskCreate', 'onTaskStart', 'onTaskProgress', 'onTaskComplete', 'onTaskFail', 'onTaskCancel'] as const satisfies readonly (keyof HookRegistry)[];
    const { hooks } = hooksOf();
    const seen: string[] = [];
    for (const name of all) hooks[name](() => seen.push(name));
    const events: readonly TaskEvent[] = [
      { ...startEvent(1), type: 'task:create', data: { priority: 0 } }, startEvent(2), { ...startEvent(3), type: 'task:retry', data: { cause: 'failed', delayMs: 1, error: { name: 'E', message: 'm' } } },
      completeEvent(4), { ...startEvent(5), type: 'task:log', data: { stream: 'log', level: 'info', text: 'x' } },
    ];
    for (const event of events) hooks.observe(event, () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['onTaskStart', 'onTaskComplete']);
  });

  it('accepts every hook at construction', async () => {
    const seen: string[] = [];
    const { hooks } = hooksOf({
      listeners: {
        onTaskStart: () => seen.push('start'), onTaskProgress: () => seen.push('progress'), onTaskComplete: () => seen.push('complete'),
        onTaskFail: () => seen.push('fail'), onTaskCancel: () => seen.push('cancel'),
      },
    });
    for (const event of [startEvent(1), progressEvent(1, 5), completeEvent(2), errorEvent(3), cancelEvent(4)]) hooks.observe(event, () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['start', 'progress', 'complete', 'fail', 'cancel']);
  });

  it('registers through a function taken off the object', async () => {
    const { hooks } = hooksOf();
    const { onTaskStart } = hooks;
    let calls = 0;
    onTaskStart(() => { calls += 1; });
    hooks.observe(startEvent(1), () => taskOf());
    await hooks.idle();
    expect(calls).toBe(1);
  });

  it('returns before the hook is called', async () => {
    const { hooks } = hooksOf();
    let calls = 0;
    hooks.onTaskStart(() => { calls += 1; });
    hooks.observe(startEvent(1), () => taskOf());
    expect(calls).toBe(0);
    await hooks.idle();
    expect(calls).toBe(1);
  });

  it('does not load the task when there is no hook for the event', async () => {
    const { hooks } = hooksOf();
    hooks.onTaskComplete(() => {});
    let loads = 0;
    hooks.observe(startEvent(1), () => {
      loads += 1;
      return taskOf();
    });
    await hooks.idle();
    expect(loads).toBe(0);
  });

  it('loads the task once for several hooks', async () => {
    const { hooks } = hooksOf();
    let loads = 0;
    let calls = 0;
    for (let index = 0; index < 3; index += 1) hooks.onTaskStart(() => { calls += 1; });
    hooks.observe(startEvent(1), () => {
      loads += 1;
      return Promise.resolve(taskOf());
    });
    await hooks.idle();
    expect([loads, calls]).toEqual([1, 3]);
  });

  it('calls nothing when the task is gone', async () => {
    const { hooks } = hooksOf();
    let calls = 0;
    hooks.onTaskStart(() => { calls += 1; });
    hooks.observe(startEvent(1), noTask);
    await hooks.idle();
    expect([calls, hooks.hookErrors]).toEqual([0, 0]);
  });

  it('logs and counts a task that cannot be loaded, and goes on', async () => {
    const { hooks, logger } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskStart(() => seen.push('start'));
    hooks.onTaskComplete(() => seen.push('complete'));
    hooks.observe(startEvent(1), () => { throw new Error('locked'); });
    hooks.observe(startEvent(2), () => Promise.reject(new Error('locked')));
    hooks.observe(completeEvent(3), () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['complete']);
    expect(hooks.hookErrors).toBe(2);
    expect(logger.messages('error')).toHaveLength(2);
  });

  it('does not call a hook that was removed before its turn', async () => {
    const { hooks } = hooksOf();
    let calls = 0;
    const remove = hooks.onTaskStart(() => { calls += 1; });
    hooks.observe(startEvent(1), () => taskOf());
    remove();
    await hooks.idle();
    expect(calls).toBe(0);
  });

  it('does not call a hook for an event from before it was added', async () => {
    const { hooks } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskStart(() => seen.push('early'));
    hooks.observe(startEvent(1), () => taskOf());
    hooks.onTaskStart(() => seen.push('late'));
    await hooks.idle();
    expect(seen).toEqual(['early']);
  });
});

describe('LifecycleHooks failures', () => {
  it('logs and counts a hook that throws and calls the next one', async () => {
    const { hooks, logger } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskStart(() => { throw new TypeError('broken hook'); });
    hooks.onTaskStart(() => Promise.reject(new Error('broken later')));
    hooks.onTaskStart(() => seen.push('third'));
    hooks.observe(startEvent(1), () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['third']);
    expect(hooks.hookErrors).toBe(2);
    expect(logger.lines).toMatchObject([
      { level: 'error', details: { error: { name: 'TypeError', message: 'broken hook' } } },
      { level: 'error', details: { error: { name: 'Error', message: 'broken later' } } },
    ]);
    expect(logger.messages('error')[0]).toContain('onTaskStart');
    expect(logger.messages('error')[0]).toContain('task-1');
  });

  it('survives a logger that throws', async () => {
    const { hooks, logger } = hooksOf();
    logger.error = () => { throw new Error('disk full'); };
    const seen: string[] = [];
    hooks.onTaskStart(() => { throw new Error('broken hook'); });
    hooks.onTaskStart(() => seen.push('second'));
    hooks.observe(startEvent(1), () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['second']);
    expect(hooks.hookErrors).toBe(1);
  });

  it('aborts the signal of a hook after 15 seconds, counts it and goes on', async () => {
    const { hooks, clock } = hooksOf();
    const reasons: unknown[] = [];
    const seen: string[] = [];
    hooks.onTaskStart(({ signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return new Promise(() => {});
    });
    hooks.onTaskComplete(() => seen.push('complete'));
    hooks.observe(startEvent(1), () => taskOf());
    hooks.observe(completeEvent(2), () => taskOf());
    await settle();
    clock.advance(14_999);
    await settle();
    expect([reasons, seen, hooks.hookErrors]).toEqual([[], [], 0]);
    clock.advance(1);
    await hooks.idle();
    expect(reasons).toMatchObject([{ name: 'TimeoutError' }]);
    expect(seen).toEqual(['complete']);
    expect(hooks.hookErrors).toBe(1);
  });

  it('ignores what a hook does after its time was up', async () => {
    const { hooks, clock } = hooksOf();
    const gate = Promise.withResolvers<void>();
    hooks.onTaskStart(() => gate.promise);
    hooks.observe(startEvent(1), () => taskOf());
    await settle();
    clock.advance(15_000);
    await hooks.idle();
    gate.reject(new Error('too late'));
    await settle();
    expect(hooks.hookErrors).toBe(1);
  });

  it('takes another time limit from the options', async () => {
    const { hooks, clock } = hooksOf({ timeoutMs: 100 });
    hooks.onTaskStart(() => new Promise(() => {}));
    hooks.observe(startEvent(1), () => taskOf());
    await settle();
    clock.advance(100);
    await hooks.idle();
    expect(hooks.hookErrors).toBe(1);
  });

  it('leaves no timer behind', async () => {
    const { hooks, clock } = hooksOf();
    hooks.onTaskStart(() => Promise.resolve());
    hooks.onTaskStart(() => Promise.reject(new Error('broken hook')));
    hooks.observe(startEvent(1), () => taskOf());
    await hooks.idle();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('LifecycleHooks.watch', () => {
  function source(): TaskEvents {
    return new TaskEvents({ epoch: 'epoch-1', offset: 0, clock: new ManualClock(), logger: new RecordingLogger(), readSince: () => Promise.resolve([]) });
  }

  it('observes the events of a source and reads the task by its id', async () => {
    const { hooks } = hooksOf();
    const events = source();
    const seen: string[] = [];
    hooks.onTaskStart(({ task }) => seen.push(task.id));
    hooks.watch(events, (id) => Promise.resolve(taskOf(id)));
    events.emit(startEvent(1, 'task-9'));
    await hooks.idle();
    expect(seen).toEqual(['task-9']);
  });

  it('ends with the function it returns', async () => {
    const { hooks } = hooksOf();
    const events = source();
    let calls = 0;
    hooks.onTaskStart(() => { calls += 1; });
    hooks.watch(events, (id) => taskOf(id))();
    events.emit(startEvent(1));
    await hooks.idle();
    expect(calls).toBe(0);
    expect(events.listenerCount('*')).toBe(0);
  });
});

describe('LifecycleHooks order', () => {
  it('conflates progress while a hook is busy, the newest always', async () => {
    const { hooks } = hooksOf();
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    hooks.onTaskProgress(async ({ progress }) => {
      seen.push(progress.percent);
      await gate.promise;
    });
    for (let percent = 1; percent <= 100; percent += 1) {
      hooks.observe(progressEvent(1, percent), () => taskOf());
      if (percent === 1) await settle();
    }
    gate.resolve();
    await hooks.idle();
    expect(seen).toEqual([1, 100]);
  });

  it('conflates no progress across another event of the task', async () => {
    const { hooks } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskStart(() => seen.push('start'));
    hooks.onTaskProgress(({ progress }) => seen.push(String(progress.percent)));
    for (const event of [progressEvent(1, 90), startEvent(2), progressEvent(2, 5), progressEvent(2, 10)]) hooks.observe(event, () => taskOf());
    await hooks.idle();
    expect(seen).toEqual(['90', 'start', '10']);
  });

  it('runs the hooks of several tasks side by side', async () => {
    const { hooks } = hooksOf();
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    hooks.onTaskStart(async ({ task }) => {
      if (task.id === 'slow') await gate.promise;
      seen.push(task.id);
    });
    hooks.observe(startEvent(1, 'slow'), () => taskOf('slow'));
    hooks.observe(startEvent(2, 'quick'), () => taskOf('quick'));
    await settle();
    expect(seen).toEqual(['quick']);
    gate.resolve();
    await hooks.idle();
    expect(seen).toEqual(['quick', 'slow']);
  });

  it('keeps the order of each task without overlap, whatever the hooks do', async () => {
    const step = fc.record({ task: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(3), fails: fc.boolean() });
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 3 }), async (steps, hookCount) => {
      const { hooks } = hooksOf();
      const running = new Map<string, number>();
      const seen: string[] = [];
      let overlaps = 0;
      for (let index = 0; index < hookCount; index += 1) {
        hooks.onTaskStart(async ({ task }) => {
          overlaps += running.get(task.id) ?? 0;
          running.set(task.id, 1);
          for (let turn = 0; turn < (steps[task.createdAt]?.turns ?? 0); turn += 1) await Promise.resolve();
          running.set(task.id, 0);
          seen.push(`${task.id} ${String(task.createdAt)} ${String(index)}`);
          if (steps[task.createdAt]?.fails === true) throw new Error('thrown on purpose');
        });
      }
      steps.forEach(({ task }, index) => { hooks.observe(startEvent(index + 1, task), () => taskOf(task, { createdAt: index })); });
      await hooks.idle();
      expect(overlaps).toBe(0);
      for (const id of ['a', 'b', 'c']) {
        const expected = steps.flatMap(({ task }, index) => (task === id ? Array.from({ length: hookCount }, (_, hook) => `${id} ${String(index)} ${String(hook)}`) : []));
        expect(seen.filter((line) => line.startsWith(id))).toEqual(expected);
      }
    }), { numRuns: 50 });
  });
});
