import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../src/lib/task-system/realtime/client/EventQueue.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';

const ENVELOPE = { epoch: 'e', time: 1, taskId: 't', project: 'p', taskType: 'research', rootId: 't', attempt: 1 };

function stored(offset: number): TaskEvent {
  return { ...ENVELOPE, offset, type: 'task:wait', data: { children: 1 } } as const satisfies object;
}

function progress(percent: number): TaskEvent {
  return { ...ENVELOPE, offset: 0, seq: percent, type: 'task:progress', data: { percent } };
}

describe('EventQueue', () => {
  it('gives events in the order in which they came', async () => {
    const queue = new EventQueue(10);
    queue.push(progress(1));
    queue.push(progress(2));
    expect([(await queue.next()).value, (await queue.next()).value]).toEqual([progress(1), progress(2)]);
  });

  it('gives an event to who waits longest', async () => {
    const queue = new EventQueue(10);
    const waiting = [queue.next(), queue.next()];
    queue.push(progress(1));
    queue.push(progress(2));
    expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([progress(1), progress(2)]);
  });

  it('drops what is not stored when too much waits, and never what is', () => {
    const queue = new EventQueue(1);
    for (const event of [progress(1), progress(2), stored(7)]) queue.push(event);
    expect(queue.takeAll()).toEqual([progress(1), stored(7)]);
  });

  it('gives everything that waits at once, and then nothing', () => {
    const queue = new EventQueue(10);
    queue.push(progress(1));
    expect([queue.takeAll(), queue.takeAll()]).toEqual([[progress(1)], []]);
  });

  it('is done after its end, when what waits was taken', async () => {
    const queue = new EventQueue(10);
    queue.push(progress(1));
    queue.end(undefined, false);
    expect([(await queue.next()).done, (await queue.next()).done, (await queue.next()).done]).toEqual([false, true, true]);
  });

  it('forgets what waits when it is dropped', async () => {
    const queue = new EventQueue(10);
    queue.push(progress(1));
    queue.end(undefined, true);
    expect((await queue.next()).done).toBe(true);
  });

  it('ends who waits', async () => {
    const queue = new EventQueue(10);
    const waiting = queue.next();
    queue.end(undefined, false);
    expect((await waiting).done).toBe(true);
  });

  it('rejects once with the error that ended it', async () => {
    const queue = new EventQueue(10);
    queue.end(new RangeError('gone'), false);
    await expect(queue.next()).rejects.toThrow('gone');
    expect((await queue.next()).done).toBe(true);
  });

  it('takes nothing after its end', () => {
    const queue = new EventQueue(10);
    queue.end(undefined, false);
    queue.push(progress(1));
    expect(queue.takeAll()).toEqual([]);
  });

  it('keeps the first end', async () => {
    const queue = new EventQueue(10);
    queue.end(undefined, false);
    queue.end(new RangeError('too late'), false);
    expect((await queue.next()).done).toBe(true);
  });
});
