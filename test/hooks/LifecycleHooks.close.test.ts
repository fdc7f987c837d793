import { describe, expect, it } from 'vitest';
import { completeEvent, settle, startEvent } from '../realtime/helpers.ts';
import { hooksOf, taskOf, untilAborted } from './helpers.ts';

describe('LifecycleHooks.idle', () => {
  it('resolves at once when nothing is under way', async () => {
    await expect(hooksOf().hooks.idle()).resolves.toBeUndefined();
  });

  it('waits for hooks that are running and for those behind them', async () => {
    const { hooks } = hooksOf();
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    hooks.onTaskStart(() => gate.promise);
    hooks.onTaskComplete(() => seen.push('complete'));
    hooks.observe(startEvent(1), () => taskOf());
    hooks.observe(completeEvent(2), () => taskOf());
    const idle = hooks.idle().then(() => seen.push('idle'));
    await settle();
    expect(seen).toEqual([]);
    gate.resolve();
    await idle;
    expect(seen).toEqual(['complete', 'idle']);
  });
});

describe('LifecycleHooks.close', () => {
  it('resolves at once when nothing is under way, and leaves no timer behind', async () => {
    const { hooks, clock } = hooksOf();
    await hooks.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives the same promise when called twice', () => {
    const { hooks } = hooksOf();
    expect(hooks.close()).toBe(hooks.close());
  });

  it('takes no events afterwards', async () => {
    const { hooks } = hooksOf();
    let calls = 0;
    hooks.onTaskStart(() => { calls += 1; });
    await hooks.close();
    hooks.observe(startEvent(1), () => taskOf());
    await hooks.idle();
    expect(calls).toBe(0);
  });

  it('lets hooks that wait for their turn finish within the grace', async () => {
    const { hooks } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskStart(async ({ signal }) => {
      await settle();
      seen.push(`start ${String(signal.aborted)}`);
    });
    hooks.onTaskComplete(() => seen.push('complete'));
    hooks.observe(startEvent(1), () => taskOf());
    hooks.observe(completeEvent(2), () => taskOf());
    await hooks.close();
    expect(seen).toEqual(['start false', 'complete']);
    expect(hooks.hookErrors).toBe(0);
  });

  it('aborts the signals of busy hooks after the grace, and drops what has not started', async () => {
    const { hooks, clock, logger } = hooksOf();
    const seen: string[] = [];
    hooks.onTaskStart(({ signal }) => untilAborted(signal));
    hooks.onTaskStart(() => seen.push('second hook'));
    hooks.onTaskComplete(() => seen.push('complete'));
    hooks.observe(startEvent(1), () => taskOf());
    hooks.observe(completeEvent(2), () => taskOf());
    const closed = hooks.close({ graceMs: 50 });
    await settle();
    clock.advance(50);
    await closed;
    expect(seen).toEqual([]);
    expect(logger.messages('error').join('\n')).toContain('before 1 hook call could start');
  });

  it('gives up on hooks that ignore their signal', async () => {
    const { hooks, clock } = hooksOf();
    hooks.onTaskStart(() => new Promise(() => {}));
    hooks.observe(startEvent(1), () => taskOf());
    const closed = hooks.close({ graceMs: 50 });
    await settle();
    clock.advance(50);
    await settle();
    clock.advance(50);
    await closed;
    await settle();
    expect(hooks.hookErrors).toBe(1);
  });

  it('does not wait for a task that never loads', async () => {
    const { hooks, clock } = hooksOf();
    hooks.onTaskStart(() => {});
    hooks.observe(startEvent(1), () => new Promise(() => {}));
    const closed = hooks.close({ graceMs: 50 });
    await settle();
    clock.advance(50);
    await settle();
    clock.advance(50);
    await expect(closed).resolves.toBeUndefined();
  });
});
