import { describe, expect, it } from 'vitest';
import { HookCalls } from '../../src/lib/task-system/hooks/HookCalls.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { HookContext } from '../../src/lib/task-system/types/Hooks.ts';
import { makeTask } from '../core/makers.ts';
import { turns } from '../core/until.ts';

const LIMIT = 1_000;

function setUp() {
  const clock = new FakeClock();
  const calls = new HookCalls(clock, LIMIT);
  const seen: HookContext[] = [];
  const call = (work: (context: HookContext) => unknown): Promise<unknown> => calls.call({ isActive: () => true, call: (context) => { seen.push(context); return work(context); } }, makeTask());
  return { clock, calls, seen, call };
}

describe('HookCalls.call', () => {
  it('sets no timer for a hook that is over at once', async () => {
    const { clock, call } = setUp();
    const done = call(() => 7);
    expect(clock.pendingTimers).toBe(0);
    await done;
  });

  it('waits for what the hook returns, and takes its timer back', async () => {
    const { clock, call } = setUp();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = call(() => promise);
    expect(clock.pendingTimers).toBe(1);
    resolve(undefined);
    await done;
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects with the very thing that was thrown, at once or later', async () => {
    const { call } = setUp();
    const thrown = new RangeError('no');
    await expect(call(() => { throw thrown; })).rejects.toBe(thrown);
    await expect(call(() => Promise.reject(thrown))).rejects.toBe(thrown);
  });

  it('waits for anything that has a then', async () => {
    const { call } = setUp();
    await expect(call(() => ({ then: (_resolve: unknown, reject: (error: Error) => void) => { reject(new RangeError('late')); } }))).rejects.toThrow('late');
  });

  it('rejects and aborts the signal when the time is over, not before', async () => {
    const { clock, seen, call } = setUp();
    const done = call(() => new Promise(() => undefined));
    const outcome = done.catch((error: unknown) => error);
    clock.advance(LIMIT - 1);
    await turns();
    expect(seen[0]?.signal.aborted).toBe(false);
    clock.advance(1);
    expect(seen[0]?.signal.aborted).toBe(true);
    expect(await outcome).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('1000 ms') });
  });
});

describe('HookCalls.abort', () => {
  it('aborts the signal of what is under way, which may still finish', async () => {
    const { calls, seen, call } = setUp();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = call(() => promise);
    const reason = new RangeError('closing');
    calls.abort(reason);
    expect(seen[0]?.signal.reason).toBe(reason);
    resolve(undefined);
    await expect(done).resolves.toBeUndefined();
  });

  it('refuses further calls without calling the hook', async () => {
    const { calls, seen, call } = setUp();
    const reason = new RangeError('closing');
    calls.abort(reason);
    await expect(call(() => undefined)).rejects.toBe(reason);
    expect(seen).toEqual([]);
  });
});

describe('HookCalls.giveUp', () => {
  it('ends the wait for everything under way, whatever the hooks do', async () => {
    const { clock, calls, call } = setUp();
    const reason = new RangeError('enough');
    const outcomes = [call(() => new Promise(() => undefined)), call(() => new Promise(() => undefined))].map((done) => done.catch((error: unknown) => error));
    calls.giveUp(reason);
    expect(await Promise.all(outcomes)).toEqual([reason, reason]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves later calls alone', async () => {
    const { calls, call } = setUp();
    calls.giveUp(new RangeError('enough'));
    await expect(call(() => Promise.resolve())).resolves.toBeUndefined();
  });
});

describe('HookCalls.idle', () => {
  it('resolves at once when nothing is under way', async () => {
    await expect(setUp().calls.idle()).resolves.toBeUndefined();
  });

  it('waits for the last of several', async () => {
    const { calls, call } = setUp();
    const first = Promise.withResolvers<undefined>();
    const second = Promise.withResolvers<undefined>();
    void call(() => first.promise);
    void call(() => second.promise);
    let isIdle = false;
    const idle = calls.idle().then(() => { isIdle = true; });
    first.resolve(undefined);
    await turns();
    expect(isIdle).toBe(false);
    second.resolve(undefined);
    await idle;
  });
});
