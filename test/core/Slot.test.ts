import { describe, expect, it, vi } from 'vitest';
import { TaskQueue } from '../../src/lib/task-system/core/TaskQueue.ts';
import { TaskSlot, type Slot } from '../../src/lib/task-system/core/Slot.ts';
import { turns } from './until.ts';

interface Work {
  readonly slot: Slot;
  readonly end: () => void;
}

/** A queue whose tasks hand out their slots. */
function setUp(maxConcurrent: number, lane = maxConcurrent) {
  const queue = new TaskQueue(maxConcurrent, () => ({ maxConcurrent: lane, weight: 1 }));
  const start = async (project = 'p'): Promise<Work> => {
    const { promise, resolve } = Promise.withResolvers<Work>();
    const over = Promise.withResolvers<undefined>();
    void queue.start(project, async (slot) => {
      resolve({ slot, end: () => { over.resolve(undefined); } });
      await over.promise;
    });
    return promise;
  };
  return { queue, start, signal: new AbortController().signal };
}

describe('Slot', () => {
  it('is free for others once it was given', async () => {
    const { queue, start } = setUp(1);
    queue.adjust('p', { ready: 1, pending: 1 });
    const { slot } = await start();
    expect([queue.running, queue.choose()]).toEqual([1, undefined]);
    slot.give();
    expect([queue.running, queue.choose()]).toEqual([0, 'p']);
  });

  it('is counted once, however often it is given', async () => {
    const { queue, start } = setUp(2);
    const { slot } = await start();
    await start();
    slot.give();
    slot.give();
    expect(queue.running).toBe(1);
  });

  it('is taken at once when one is free', async () => {
    const { queue, start, signal } = setUp(1);
    const { slot } = await start();
    slot.give();
    await slot.take(signal);
    expect(queue.running).toBe(1);
  });

  it('comes back before anything new, when another one ends', async () => {
    const { queue, start, signal } = setUp(1);
    const parent = await start();
    parent.slot.give();
    const child = await start();
    queue.adjust('p', { ready: 1, pending: 1 });
    const taken = parent.slot.take(signal);
    child.end();
    await taken;
    expect([queue.running, queue.choose()]).toEqual([1, undefined]);
  });

  it('comes back also while everything is paused', async () => {
    const { queue, start, signal } = setUp(1);
    const { slot } = await start();
    slot.give();
    queue.setPaused(undefined, true);
    queue.setPaused('p', true);
    await slot.take(signal);
    expect(queue.running).toBe(1);
  });

  it('waits for room in its own lane, and lets those of other lanes pass', async () => {
    const { queue, start, signal } = setUp(2, 1);
    const mine = await start('a');
    mine.slot.give();
    const child = await start('a');
    const other = await start('b');
    other.slot.give();
    const order: string[] = [];
    const first = mine.slot.take(signal).then(() => order.push('a'));
    await other.slot.take(signal).then(() => order.push('b'));
    child.end();
    await first;
    expect([order, queue.running]).toEqual([['b', 'a'], 2]);
  });

  it('comes back in the order of asking', async () => {
    const { start, signal } = setUp(1);
    const works: Work[] = [];
    for (let index = 0; index < 3; index++) {
      const work = await start();
      work.slot.give();
      works.push(work);
    }
    const last = await start();
    const order: number[] = [];
    const takes = works.map(({ slot }, index) => slot.take(signal).then(() => { order.push(index); slot.give(); }));
    last.end();
    await Promise.all(takes);
    expect(order).toEqual([0, 1, 2]);
  });

  it('is given up by who does not want it any more, and lost by nobody', async () => {
    const { queue, start } = setUp(1);
    const parent = await start();
    parent.slot.give();
    const child = await start();
    const stop = new AbortController();
    const taken = parent.slot.take(stop.signal);
    stop.abort();
    await expect(taken).rejects.toThrow();
    child.end();
    await turns();
    expect(queue.running).toBe(0);
  });

  it('is kept by who was stopped a moment after it was granted', async () => {
    const [stop, cancel] = [new AbortController(), vi.fn()];
    let grant = (): void => undefined;
    const slot = new TaskSlot({ free: () => undefined, claim: (granted) => { grant = granted; return cancel; } });
    slot.give();
    const taken = slot.take(stop.signal);
    grant();
    stop.abort();
    await taken;
    expect(cancel).not.toHaveBeenCalled();
  });

  it('is not taken for the reason of the signal, whatever that is', async () => {
    const [stop, cancel] = [new AbortController(), vi.fn()];
    const slot = new TaskSlot({ free: () => undefined, claim: () => cancel });
    slot.give();
    const taken = slot.take(stop.signal);
    stop.abort('enough');
    await expect(taken).rejects.toBe('enough');
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it('is refused to who was stopped before', async () => {
    const { start } = setUp(1);
    const { slot } = await start();
    slot.give();
    await expect(slot.take(AbortSignal.abort())).rejects.toThrow();
  });

  it('is given back by the end of the work, held or not', async () => {
    const { queue, start } = setUp(2);
    const held = await start();
    const given = await start();
    given.slot.give();
    held.end();
    given.end();
    await turns();
    expect([queue.running, queue.size]).toEqual([0, 0]);
  });

  it('keeps the lane of a parked task, whose counts go on', async () => {
    const { queue, start, signal } = setUp(1);
    const { slot, end } = await start();
    slot.give();
    expect(queue.size).toBe(1);
    await slot.take(signal);
    end();
    await turns();
    expect(queue.size).toBe(0);
  });
});
