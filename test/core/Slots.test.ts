import PQueue from 'p-queue';
import { describe, expect, it } from 'vitest';
import { enter, Slots } from '../../src/lib/task-system/core/Slots.ts';
import { turns } from './until.ts';

function makeLane(name: string, maxConcurrent = 9) {
  return { name, settings: { maxConcurrent }, queue: new PQueue({ concurrency: maxConcurrent }), running: 0 };
}

type Lane = ReturnType<typeof makeLane>;

function setUp(maxConcurrent: number) {
  const freed: string[] = [];
  const slots = new Slots<Lane>(maxConcurrent, ({ name }) => { freed.push(name); });
  const order: string[] = [];
  /** Wants a slot back; notes when it has one, and keeps it. */
  const comeBack = (lane: Lane, name = lane.name): () => void => slots.comeBack(lane, () => { order.push(name); });
  return { slots, freed, order, comeBack };
}

describe('Slots', () => {
  it('counts what is in use, in all and by lane', () => {
    const { slots } = setUp(2);
    const [a, b] = [makeLane('a'), makeLane('b')];
    slots.use(a);
    slots.use(b);
    expect([slots.running, slots.hasFree, a.running, b.running]).toEqual([2, false, 1, 1]);
    slots.free(a);
    expect([slots.running, slots.hasFree, a.running, b.running]).toEqual([1, true, 0, 1]);
  });

  it('tells of a freed slot before anybody else gets it', () => {
    const { slots, freed, comeBack } = setUp(1);
    const [a, b] = [makeLane('a'), makeLane('b')];
    slots.use(a);
    comeBack(b);
    expect(freed).toEqual([]);
    slots.free(a);
    expect([freed, b.running]).toEqual([['a'], 1]);
  });

  it('gives a slot back at once where one is free', async () => {
    const { slots, order, comeBack } = setUp(1);
    comeBack(makeLane('a'));
    await turns(1);
    expect([order, slots.running]).toEqual([['a'], 1]);
  });

  it('gives none to who has given up waiting, and lets the next one have it', async () => {
    const { slots, order, comeBack } = setUp(1);
    const [a, b, c] = [makeLane('a'), makeLane('b'), makeLane('c')];
    slots.use(a);
    const giveUp = comeBack(b);
    comeBack(c);
    giveUp();
    slots.free(a);
    await turns(1);
    expect([order, slots.running, b.running]).toEqual([['c'], 1, 0]);
  });

  it('gives nothing away twice when somebody gives up twice', () => {
    const { slots, comeBack } = setUp(1);
    const a = makeLane('a');
    slots.use(a);
    const giveUp = comeBack(a);
    giveUp();
    giveUp();
    expect(slots.running).toBe(1);
  });

  it('is given back by who gives up between the slot and the place in the lane', async () => {
    const { slots, freed, order, comeBack } = setUp(2);
    const lane = makeLane('a', 1);
    const place = Promise.withResolvers<() => void>();
    enter(lane.queue, 0, place.resolve);
    const leave = await place.promise;
    // The slot is there, the place in the lane is left a moment later.
    const giveUp = comeBack(lane);
    expect([slots.running, order]).toEqual([1, []]);
    giveUp();
    leave();
    await turns(2);
    expect([slots.running, lane.running, order, freed, lane.queue.pending]).toEqual([0, 0, [], ['a'], 0]);
  });

  it('lets others pass who waits for room in its own lane', async () => {
    const { slots, order, comeBack } = setUp(2);
    const [full, other] = [makeLane('full', 1), makeLane('other')];
    slots.use(full);
    comeBack(full, 'waits for its lane');
    comeBack(other);
    await turns(1);
    expect(order).toEqual(['other']);
    slots.free(full);
    await turns(1);
    expect(order).toEqual(['other', 'waits for its lane']);
  });
});

describe('enter', () => {
  it('keeps the place in a lane until it is left', async () => {
    const queue = new PQueue({ concurrency: 1 });
    const order: string[] = [];
    const first = Promise.withResolvers<() => void>();
    enter(queue, 0, (leave) => { order.push('first'); first.resolve(leave); });
    enter(queue, 0, () => { order.push('second'); });
    await turns(1);
    expect(order).toEqual(['first']);
    (await first.promise)();
    await turns(1);
    expect(order).toEqual(['first', 'second']);
  });

  it('lets those with a higher priority in first', async () => {
    const queue = new PQueue({ concurrency: 1 });
    const order: string[] = [];
    const first = Promise.withResolvers<() => void>();
    enter(queue, 0, first.resolve);
    enter(queue, 0, () => { order.push('new'); });
    enter(queue, 1, () => { order.push('comes back'); });
    (await first.promise)();
    await turns(1);
    expect(order).toEqual(['comes back']);
  });
});
