import { describe, expect, it } from 'vitest';
import { clientTask, type ClientTask } from '../../src/lib/task-system/realtime/client/ClientTask.ts';
import { SubscriptionState } from '../../src/lib/task-system/realtime/client/FeedSubscription.ts';
import type { Task } from '../../src/lib/task-system/types/Task.ts';
import { taskOf } from '../hooks/helpers.ts';
import { cancelEvent, completeEvent, errorEvent, progressEvent, settle, startEvent } from './helpers.ts';

/** A task whose log a test writes, and what the server answers to `get`. */
function setup(answers: readonly (Task | undefined)[] = []): { readonly task: ClientTask; readonly log: SubscriptionState; readonly calls: string[]; readonly reset: () => void } {
  const calls: string[] = [];
  const waiting = [...answers];
  let reset: () => void = () => undefined;
  const log = new SubscriptionState('1', ['task:task-1'], { since: undefined, snapshot: false, onReset: undefined, onClose: () => { calls.push('closed'); } });
  const task = clientTask('task-1', {
    get: (id) => { calls.push(`get ${id}`); return Promise.resolve(waiting.shift()); },
    cancel: (id, reason) => { calls.push(`cancel ${id} ${String(reason)}`); return Promise.resolve(true); },
    follow: (_id, onReset) => { reset = onReset; return log; },
  });
  return { task, log, calls, reset: () => { reset(); } };
}

const live = { epoch: startEvent(1).epoch, offset: 0 };

describe('ClientTask', () => {
  it('sends nothing before one of its methods is called', () => {
    expect(setup().calls).toEqual([]);
  });

  it('asks for itself, and for its own end', async () => {
    const { task, calls } = setup([taskOf()]);
    await task.get();
    await task.cancel('enough');
    expect(calls).toEqual(['get task-1', 'cancel task-1 enough']);
  });
});

describe('ClientTask.result', () => {
  it('is what the log tells', async () => {
    const { task, log, calls } = setup();
    const result = task.result();
    log.take(completeEvent(1), true);
    expect([await result, calls]).toEqual([null, ['closed']]);
  });

  it('is read from the task where it was too large for the log', async () => {
    const { task, log } = setup([taskOf('task-1', { state: 'completed', result: 'large' })]);
    const result = task.result();
    const event = completeEvent(1);
    const { result: _left, ...data } = event.data;
    log.take({ ...event, data }, true);
    expect(await result).toBe('large');
  });

  it('is the error of a task that failed', async () => {
    const { task, log } = setup();
    const result = task.result();
    log.take(errorEvent(1), true);
    await expect(result).rejects.toThrow('no luck');
  });

  it('says of a cancelled task who cancelled it', async () => {
    const { task, log } = setup();
    const result = task.result();
    log.take(cancelEvent(1), true);
    await expect(result).rejects.toMatchObject({ code: 'TASK_CANCELLED', details: { taskId: 'task-1', reason: 'changed my mind' } });
  });

  it('is read from the task where the log has nothing of it any more', async () => {
    const { task, log } = setup([taskOf('task-1', { state: 'completed', result: 7 })]);
    const result = task.result();
    log.goLive(live);
    expect(await result).toBe(7);
  });

  it('does not ask for a task of which the log has told something', async () => {
    const { task, log, calls } = setup();
    const result = task.result();
    log.take(startEvent(1), true);
    await settle();
    log.goLive(live);
    await settle();
    log.take(completeEvent(2), true);
    await result;
    expect(calls).toEqual(['closed']);
  });

  it('is unknown where there is no such task', async () => {
    const { task, log } = setup([undefined]);
    const result = task.result();
    log.goLive(live);
    await expect(result).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('goes on waiting for a task that runs', async () => {
    const { task, log } = setup([taskOf('task-1', { state: 'running' })]);
    const result = task.result();
    log.goLive(live);
    await settle();
    log.take(completeEvent(1), true);
    expect(await result).toBeNull();
  });

  it('is read from the task after a reset, which may have hidden the end', async () => {
    const { task, reset } = setup([taskOf('task-1', { state: 'completed', result: 'hidden' })]);
    const result = task.result();
    reset();
    expect(await result).toBe('hidden');
  });

  it('fails when the client is closed', async () => {
    const { task, log } = setup();
    const result = task.result();
    log.end();
    await expect(result).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it('fails with the refusal of its subscription', async () => {
    const { task, log } = setup();
    const result = task.result();
    log.end(new Error('not allowed'));
    await expect(result).rejects.toThrow('not allowed');
  });
});

describe('ClientTask.events', () => {
  it('ends after the final event, and ends the subscription', async () => {
    const { task, log, calls } = setup();
    const types: string[] = [];
    for (const event of [startEvent(1), progressEvent(1, 50), completeEvent(2), startEvent(3)]) log.take(event, true);
    for await (const { type } of task.events()) types.push(type);
    expect([types, calls]).toEqual([['task:start', 'task:progress', 'task:complete'], ['closed']]);
  });

  it('ends when the client is closed', async () => {
    const { task, log } = setup();
    const types: string[] = [];
    log.take(startEvent(1), true);
    log.end();
    for await (const { type } of task.events()) types.push(type);
    expect(types).toEqual(['task:start']);
  });
});
