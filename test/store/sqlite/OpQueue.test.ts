import { describe, expect, it } from 'vitest';
import { OpQueue } from '../../../src/lib/task-system/store/sqlite/OpQueue.ts';
import type { Reply, StoreChannel, StoreOp } from '../../../src/lib/task-system/store/sqlite/wire.ts';
import { rejectionOf } from '../../support/thrown.ts';

/** A channel that remembers its batches and answers each operation with the id it asks for. */
class RecordingChannel implements StoreChannel {
  readonly epoch = 'epoch';
  readonly openingOffset = 0;
  readonly batches: (readonly StoreOp[])[] = [];
  closed = 0;
  answer = (ops: readonly StoreOp[]): Promise<readonly Reply[]> => Promise.resolve(ops.map((op) => ({ events: op[0] === 'get' ? [op[1]] : [] })));

  send(ops: readonly StoreOp[]): Promise<readonly Reply[]> {
    this.batches.push(ops);
    return this.answer(ops);
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

function setUp(batchSize = 100): { readonly channel: RecordingChannel; readonly queue: OpQueue; readonly get: (id: string) => Promise<Reply> } {
  const channel = new RecordingChannel();
  const queue = new OpQueue(channel, batchSize);
  return { channel, queue, get: (id) => queue.ask(['get', id]) };
}

describe('OpQueue', () => {
  it('sends what is asked for in one tick as one batch, in order', async () => {
    const { channel, get } = setUp();
    const replies = await Promise.all(['a', 'b', 'c'].map(get));
    expect(channel.batches).toEqual([[['get', 'a'], ['get', 'b'], ['get', 'c']]]);
    expect(replies).toEqual([{ events: ['a'] }, { events: ['b'] }, { events: ['c'] }]);
  });

  it('takes what is asked for in the microtasks of the tick along', async () => {
    const { channel, get } = setUp();
    await Promise.all([get('a'), Promise.resolve().then(() => Promise.resolve()).then(() => get('b'))]);
    expect(channel.batches).toHaveLength(1);
  });

  it('sends nothing before the tick is over', async () => {
    const { channel, get } = setUp();
    const asked = get('a');
    await Promise.resolve();
    expect(channel.batches).toEqual([]);
    await asked;
  });

  it('makes a new batch of the next tick', async () => {
    const { channel, get } = setUp();
    await get('a');
    await get('b');
    expect(channel.batches).toHaveLength(2);
  });

  it('sends a full batch at once, and only the rest at the end of the tick', async () => {
    const { channel, get } = setUp(2);
    const asked = Promise.all(['a', 'b', 'c', 'd', 'e'].map(get));
    expect(channel.batches.map((batch) => batch.length)).toEqual([2, 2]);
    await asked;
    expect(channel.batches.map((batch) => batch.length)).toEqual([2, 2, 1]);
  });

  it('sends no empty batch after a full one', async () => {
    const { channel, get } = setUp(2);
    await Promise.all(['a', 'b'].map(get));
    await new Promise((resolve) => setImmediate(resolve));
    expect(channel.batches).toHaveLength(1);
  });

  it('rejects with the error that a reply carries, and that one alone', async () => {
    const { channel, get } = setUp();
    channel.answer = () => Promise.resolve([{ events: ['a'] }, { error: { name: 'TaskSystemError', message: 'full', code: 'STORE_FULL' } }]);
    const [first, second] = [get('a'), get('b')];
    await expect(first).resolves.toEqual({ events: ['a'] });
    expect(await rejectionOf(second)).toMatchObject({ code: 'STORE_FULL', message: 'full' });
  });

  it('rejects a whole batch whose channel is lost', async () => {
    const { channel, get } = setUp();
    channel.answer = () => Promise.reject(new Error('lost'));
    await expect(Promise.allSettled([get('a'), get('b')])).resolves.toMatchObject([{ reason: { message: 'lost' } }, { reason: { message: 'lost' } }]);
  });

  it('rejects what gets no answer', async () => {
    const { channel, get } = setUp();
    channel.answer = () => Promise.resolve([{}]);
    const [first, second] = [get('a'), get('b')];
    await expect(first).resolves.toEqual({});
    expect((await rejectionOf(second)).code).toBe('STORE_FAILED');
  });

  it('sends what is left before it closes the channel, once', async () => {
    const { channel, queue, get } = setUp();
    const asked = get('a');
    await Promise.all([queue.close(), queue.close()]);
    await expect(asked).resolves.toEqual({ events: ['a'] });
    expect([channel.batches.length, channel.closed]).toEqual([1, 1]);
  });

  it('refuses what is asked for after closing, by name', async () => {
    const { channel, queue, get } = setUp();
    await queue.close();
    expect(await rejectionOf(get('a'))).toMatchObject({ code: 'SYSTEM_CLOSED', details: { operation: 'get' } });
    expect(channel.batches).toEqual([]);
  });
});
