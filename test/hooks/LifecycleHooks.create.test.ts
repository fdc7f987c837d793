import { describe, expect, it } from 'vitest';
import { settle } from '../realtime/helpers.ts';
import { hooksOf, rejectionOf, taskOf, untilAborted } from './helpers.ts';

describe('LifecycleHooks.hasCreateHooks', () => {
  it('is false without hooks, also when there are others', () => {
    const { hooks } = hooksOf({ listeners: { onTaskStart: () => {} } });
    expect(hooks.hasCreateHooks).toBe(false);
  });

  it('follows registration and removal', () => {
    const { hooks } = hooksOf();
    const remove = hooks.onTaskCreate(() => {});
    expect(hooks.hasCreateHooks).toBe(true);
    remove();
    expect(hooks.hasCreateHooks).toBe(false);
  });
});

describe('LifecycleHooks.runCreate', () => {
  it('calls the hooks one after the other in order of registration, those of the options first', async () => {
    const seen: string[] = [];
    const { hooks } = hooksOf({ listeners: { onTaskCreate: () => seen.push('option') } });
    hooks.onTaskCreate(async () => {
      await settle();
      seen.push('slow');
    });
    hooks.onTaskCreate(() => seen.push('quick'));
    await hooks.runCreate(taskOf());
    expect(seen).toEqual(['option', 'slow', 'quick']);
  });

  it('gives each hook the task and a signal that is not aborted', async () => {
    const { hooks } = hooksOf();
    const seen: unknown[] = [];
    hooks.onTaskCreate(({ task, signal }) => seen.push(task.id, signal.aborted));
    await hooks.runCreate(taskOf('task-7'));
    expect(seen).toEqual(['task-7', false]);
  });

  it('refuses with SUBMIT_REFUSED and the cause when a hook throws, and asks no further hook', async () => {
    const { hooks } = hooksOf();
    const cause = new Error('over quota');
    const seen: string[] = [];
    hooks.onTaskCreate(() => { throw cause; });
    hooks.onTaskCreate(() => seen.push('second'));
    const error = await rejectionOf(hooks.runCreate(taskOf()));
    expect(error).toMatchObject({ code: 'SUBMIT_REFUSED', cause, details: { taskType: 'research', project: 'acme' } });
    expect(String(error)).toContain('over quota');
    expect(seen).toEqual([]);
  });

  it('refuses when a hook rejects', async () => {
    const { hooks } = hooksOf();
    hooks.onTaskCreate(() => Promise.reject(new Error('no budget')));
    await expect(hooks.runCreate(taskOf())).rejects.toMatchObject({ code: 'SUBMIT_REFUSED', cause: { message: 'no budget' } });
  });

  it('refuses when a hook throws something that is not an error', async () => {
    const { hooks } = hooksOf();
    const thrown: unknown = 'just no';
    hooks.onTaskCreate(() => { throw thrown; });
    await expect(hooks.runCreate(taskOf())).rejects.toMatchObject({ code: 'SUBMIT_REFUSED', cause: 'just no' });
  });

  it('refuses after 15 seconds and aborts the signal of the hook', async () => {
    const { hooks, clock } = hooksOf();
    const signals: AbortSignal[] = [];
    hooks.onTaskCreate(({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const refused = rejectionOf(hooks.runCreate(taskOf()));
    clock.advance(14_999);
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    clock.advance(1);
    expect(await refused).toMatchObject({ code: 'SUBMIT_REFUSED', cause: { name: 'TimeoutError' } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('refuses after the time limit also when the hook resolves because of its signal', async () => {
    const { hooks, clock } = hooksOf();
    hooks.onTaskCreate(({ signal }) => new Promise((resolve) => { signal.addEventListener('abort', resolve); }));
    const refused = rejectionOf(hooks.runCreate(taskOf()));
    clock.advance(15_000);
    expect(await refused).toMatchObject({ code: 'SUBMIT_REFUSED' });
  });

  it('gives every hook the whole time limit', async () => {
    const { hooks, clock } = hooksOf();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    for (const gate of gates) hooks.onTaskCreate(() => gate.promise);
    const created = hooks.runCreate(taskOf());
    for (const gate of gates) {
      clock.advance(14_000);
      gate.resolve();
      await settle();
    }
    await expect(created).resolves.toBeUndefined();
  });

  it('leaves no timer behind', async () => {
    const { hooks, clock } = hooksOf();
    hooks.onTaskCreate(() => Promise.resolve());
    hooks.onTaskCreate(() => {});
    await hooks.runCreate(taskOf());
    expect(clock.pendingTimers).toBe(0);
  });

  it('skips a hook that another one removed', async () => {
    const { hooks } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskCreate(() => { remove(); });
    const remove = hooks.onTaskCreate(() => seen.push('removed'));
    await hooks.runCreate(taskOf());
    expect(seen).toEqual([]);
  });

  it('does not ask a hook that was added meanwhile', async () => {
    const { hooks } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskCreate(() => { hooks.onTaskCreate(() => seen.push('late')); });
    await hooks.runCreate(taskOf());
    expect(seen).toEqual([]);
  });

  it('does not count a refusal as an error of the hooks', async () => {
    const { hooks, logger } = hooksOf();
    hooks.onTaskCreate(() => { throw new Error('no'); });
    await rejectionOf(hooks.runCreate(taskOf()));
    expect(hooks.hookErrors).toBe(0);
    expect(logger.lines).toEqual([]);
  });

  it('refuses several submissions side by side, each with its own reason', async () => {
    const { hooks } = hooksOf();
    hooks.onTaskCreate(async ({ task }) => {
      await settle();
      throw new Error(`not ${task.id}`);
    });
    const errors = await Promise.all(['a', 'b', 'c'].map((id) => rejectionOf(hooks.runCreate(taskOf(id)))));
    expect(errors).toMatchObject([{ cause: { message: 'not a' } }, { cause: { message: 'not b' } }, { cause: { message: 'not c' } }]);
  });

  it('rejects with SYSTEM_CLOSED once the hooks are closed', async () => {
    const { hooks } = hooksOf();
    hooks.onTaskCreate(() => {});
    await hooks.close();
    await expect(hooks.runCreate(taskOf())).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
  });

  it('rejects with SYSTEM_CLOSED when the hooks close while one is busy', async () => {
    const { hooks, clock } = hooksOf();
    hooks.onTaskCreate(({ signal }) => untilAborted(signal));
    const created = rejectionOf(hooks.runCreate(taskOf()));
    const closed = hooks.close();
    clock.advance(1_000);
    expect(await created).toMatchObject({ code: 'SYSTEM_CLOSED' });
    await closed;
  });
});
