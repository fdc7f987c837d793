import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../src/lib/task-system/hooks/hookAnswers.ts';
import { approvalOf } from '../realtime/controlOf.ts';
import { hooksOf, taskOf } from './helpers.ts';

const approval = approvalOf('task-1.1');

describe('LifecycleHooks.runApproval', () => {
  it('has no opinion without hooks', async () => {
    expect(await hooksOf().hooks.runApproval(taskOf(), approval)).toBeUndefined();
  });

  it('shows a hook the task, the approval and a signal', async () => {
    const { hooks } = hooksOf();
    const seen: unknown[] = [];
    hooks.onTaskApproval((context) => { seen.push(context); });
    await hooks.runApproval(taskOf(), approval);
    expect(seen).toEqual([{ task: taskOf(), approval, signal: expect.any(AbortSignal) }]);
  });

  it('takes the first yes, and asks the others all the same', async () => {
    const { hooks } = hooksOf();
    const asked: number[] = [];
    for (const number of [1, 2, 3]) hooks.onTaskApproval(() => { asked.push(number); return { decision: 'allow', by: String(number) } as const; });
    expect(await hooks.runApproval(taskOf(), approval)).toEqual({ decision: 'allow', by: '1' });
    expect(asked).toEqual([1, 2, 3]);
  });

  it('lets a no outweigh a yes, and asks nobody after it', async () => {
    const { hooks } = hooksOf();
    let isAsked = false;
    hooks.onTaskApproval(() => 'allow');
    hooks.onTaskApproval(() => Promise.resolve({ decision: 'deny' as const, reason: 'no' }));
    hooks.onTaskApproval(() => { isAsked = true; });
    expect(await hooks.runApproval(taskOf(), approval)).toEqual({ decision: 'deny', reason: 'no' });
    expect(isAsked).toBe(false);
  });

  it.each([['throws', () => { throw new Error('no database'); }], ['rejects', () => Promise.reject(new Error('no database'))]])('takes it for no opinion when a hook %s, and reports it', async (_name, hook) => {
    const { hooks, logger } = hooksOf();
    hooks.onTaskApproval(hook);
    expect(await hooks.runApproval(taskOf(), approval)).toBeUndefined();
    expect([hooks.hookErrors, logger.messages('error')]).toEqual([1, ['An onTaskApproval hook failed for task task-1.']]);
  });

  it('waits 15 seconds for a hook and no longer', async () => {
    const { hooks, clock } = hooksOf();
    hooks.onTaskApproval(() => new Promise(() => undefined));
    const running = hooks.runApproval(taskOf(), approval);
    clock.advance(15_000);
    expect(await running).toBeUndefined();
    expect(hooks.hookErrors).toBe(1);
  });

  it('asks no hook that was removed, nor any after the close', async () => {
    const { hooks } = hooksOf();
    hooks.onTaskApproval(() => 'allow')();
    expect(await hooks.runApproval(taskOf(), approval)).toBeUndefined();
    hooks.onTaskApproval(() => 'allow');
    await hooks.close();
    expect(await hooks.runApproval(taskOf(), approval)).toBeUndefined();
  });

  it('knows the hook of the options', async () => {
    expect(await hooksOf({ listeners: { onTaskApproval: () => 'deny' } }).hooks.runApproval(taskOf(), approval)).toEqual({ decision: 'deny' });
  });
});

describe('verdictOf', () => {
  it.each([
    ['allow', { decision: 'allow' }], ['deny', { decision: 'deny' }], [{ decision: 'allow', remember: 'task', reason: 'r', by: 'b' }, { decision: 'allow', remember: 'task', reason: 'r', by: 'b' }],
    [{ decision: 'deny', remember: 'for ever', by: 7, reason: null, more: 1 }, { decision: 'deny' }],
  ])('reads %j', (returned, verdict) => {
    expect(verdictOf(returned)).toEqual(verdict);
  });

  it.each([undefined, null, true, 1, 'yes', 'ALLOW', [], ['allow'], {}, { decision: true }, { decision: 'ask' }, { allow: true }])('takes %j for no opinion', (returned) => {
    expect(verdictOf(returned)).toBeUndefined();
  });
});
