import { describe, expect, it } from 'vitest';
import { Calls, errorOf } from '../../src/lib/task-system/realtime/client/Calls.ts';
import { FeedError } from '../../src/lib/task-system/realtime/client/FeedError.ts';
import type { CommandFrame } from '../../src/lib/task-system/types/Wire.ts';

function setUp(isConnected = true) {
  const sent: CommandFrame[] = [];
  const state = { isConnected };
  const calls = new Calls((frame) => { if (state.isConnected) sent.push(frame); return state.isConnected; });
  return { sent, state, calls };
}

function cancelled(ref: string) {
  return { type: 'done', ref, command: 'cancel', value: { cancelled: true } } as const;
}

describe('Calls', () => {
  it('sends a command under an id of its own, and resolves with the answer to it', async () => {
    const { sent, calls } = setUp();
    const first = calls.ask('cancel', { type: 'cancel', taskId: 'a' });
    const second = calls.ask('cancel', { type: 'cancel', taskId: 'b' });
    expect(sent.map(({ id }) => id)).toEqual(['c1', 'c2']);
    calls.take({ ...cancelled('c2') });
    calls.take({ ...cancelled('c1') });
    expect(await Promise.all([first, second])).toEqual([{ cancelled: true }, { cancelled: true }]);
  });

  it('rejects with what the server said', async () => {
    const { calls } = setUp();
    const asked = calls.ask('cancel', { type: 'cancel', taskId: 'a' });
    calls.take({ type: 'err', ref: 'c1', code: 'forbidden', message: 'not yours' });
    await expect(asked).rejects.toMatchObject({ code: 'FEED_FORBIDDEN', message: 'not yours' });
  });

  it('knows what is not an answer to a command', () => {
    const { calls } = setUp();
    void calls.ask('cancel', { type: 'cancel', taskId: 'a' });
    expect([calls.take(cancelled('c7')), calls.take({ type: 'err', code: 'topic', message: 'x' }), calls.take(cancelled('c1')), calls.take(cancelled('c1'))]).toEqual([false, false, true, false]);
  });

  it('sends later what was asked while there was no connection', () => {
    const { sent, state, calls } = setUp(false);
    void calls.ask('cancel', { type: 'cancel', taskId: 'a' });
    expect(sent).toEqual([]);
    state.isConnected = true;
    calls.resume();
    expect(sent).toMatchObject([{ id: 'c1', taskId: 'a' }]);
  });

  it('sends again under the same id what has no answer when the connection is back', () => {
    const { sent, calls } = setUp();
    void calls.ask('cancel', { type: 'cancel', taskId: 'a' });
    calls.suspend();
    calls.resume();
    expect(sent.map(({ id }) => id)).toEqual(['c1', 'c1']);
  });

  it('does not send a retry twice: it may have made its task', async () => {
    const { sent, calls } = setUp();
    const asked = calls.ask('retry', { type: 'retry', taskId: 'a' });
    calls.suspend();
    calls.resume();
    await expect(asked).rejects.toMatchObject({ code: 'FEED_DISCONNECTED', details: { taskId: 'a' } });
    expect(sent).toHaveLength(1);
  });

  it('keeps a retry that was never sent', () => {
    const { sent, state, calls } = setUp(false);
    void calls.ask('retry', { type: 'retry', taskId: 'a' });
    calls.suspend();
    state.isConnected = true;
    calls.resume();
    expect(sent).toHaveLength(1);
  });

  it('rejects the answer to another command', async () => {
    const { calls } = setUp();
    const asked = calls.ask('retry', { type: 'retry', taskId: 'a' });
    calls.take(cancelled('c1'));
    await expect(asked).rejects.toMatchObject({ code: 'FEED_REFUSED', details: { reason: 'protocol' } });
  });

  it('rejects everything that waits when it ends', async () => {
    const { calls } = setUp();
    const asked = [calls.ask('cancel', { type: 'cancel', taskId: 'a' }), calls.ask('cancel', { type: 'cancel', taskId: 'b' })];
    const error = new FeedError('CLIENT_CLOSED', 'closed');
    calls.end(error);
    expect((await Promise.allSettled(asked)).map((one) => one.status === 'rejected' && one.reason === error)).toEqual([true, true]);
    expect(calls.take(cancelled('c1'))).toBe(false);
  });
});

describe('errorOf', () => {
  it.each([['forbidden', 'FEED_FORBIDDEN'], ['topic', 'OPTIONS_INVALID'], ['limit', 'FEED_REFUSED']] as const)('makes of %s a %s', (code, right) => {
    expect(errorOf({ type: 'err', code, message: 'no' })).toMatchObject({ code: right, message: 'no' });
  });

  it('passes on the error of the system as it is', () => {
    expect(errorOf({ type: 'err', code: 'failed', message: 'no', error: { name: 'TaskSystemError', code: 'QUEUE_FULL', message: 'full', details: { project: 'a' } } })).toMatchObject({ code: 'QUEUE_FULL', details: { project: 'a' } });
  });
});

describe('FeedError', () => {
  it('keeps name, code, message, details and cause of what was sent', () => {
    const error = FeedError.of({ name: 'RangeError', message: 'too much', code: 'E_MUCH', details: { by: 2 }, cause: { name: 'Error', message: 'deep down' } });
    expect(error).toMatchObject({ name: 'RangeError', code: 'E_MUCH', message: 'too much', details: { by: 2 }, cause: { message: 'deep down' } });
  });

  it('is a TASK_FAILED when nothing else was said', () => {
    expect(FeedError.of({ name: 'Error', message: 'x' }).code).toBe('TASK_FAILED');
  });

  it('says whether it may go away by itself', () => {
    expect([new FeedError('FEED_REFUSED', 'x').retryable, new FeedError('FEED_FORBIDDEN', 'x').retryable, new FeedError('FEED_FORBIDDEN', 'x', {}, { retryable: true }).retryable]).toEqual([true, false, true]);
  });

  it('can be written as JSON and read again', () => {
    const error = new FeedError('FEED_REFUSED', 'busy', { reason: 'rate' });
    expect(FeedError.of(error.toJSON())).toMatchObject({ code: 'FEED_REFUSED', message: 'busy', details: { reason: 'rate' }, retryable: true });
  });
});
