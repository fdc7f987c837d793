import { describe, expect, it } from 'vitest';
import { SubscriptionState, type SubscriptionSettings } from '../../src/lib/task-system/realtime/client/FeedSubscription.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { WirePosition, WireTopic } from '../../src/lib/task-system/types/Wire.ts';
import { taskOf } from '../hooks/helpers.ts';
import { completeEvent, offsets, progressEvent, settle, startEvent } from './helpers.ts';

const EPOCH = startEvent(1).epoch;
const at = (offset: number, epoch = EPOCH): WirePosition => ({ epoch, offset });

function subscribe(more: Partial<SubscriptionSettings> = {}, topics: readonly WireTopic[] = ['tasks']): SubscriptionState {
  return new SubscriptionState('1', topics, { since: undefined, snapshot: false, onReset: undefined, onClose: () => undefined, ...more });
}

/** What a listener has been told by now. */
async function heard(subscription: SubscriptionState, run: () => void): Promise<readonly TaskEvent[]> {
  const events: TaskEvent[] = [];
  subscription.on('*', (event) => { events.push(event); });
  run();
  await settle();
  return events;
}

describe('SubscriptionState.take', () => {
  it('takes nothing of the live feed before it is registered', async () => {
    const subscription = subscribe();
    expect(await heard(subscription, () => { subscription.take(startEvent(1), false); })).toEqual([]);
  });

  it('takes what is addressed to it before that', async () => {
    const subscription = subscribe();
    expect(offsets(await heard(subscription, () => { subscription.take(startEvent(1), true); }))).toEqual([1]);
  });

  it('takes only events of its topics', async () => {
    const subscription = subscribe({}, ['task:b']);
    subscription.goLive(at(0));
    expect(offsets(await heard(subscription, () => { subscription.take(startEvent(1, 'a'), false); subscription.take(startEvent(2, 'b'), false); }))).toEqual([2]);
  });

  it('leaves out a stored event that it has seen', async () => {
    const subscription = subscribe();
    subscription.goLive(at(0));
    expect(offsets(await heard(subscription, () => { for (const offset of [1, 2, 2, 1, 3]) subscription.take(startEvent(offset), false); }))).toEqual([1, 2, 3]);
  });

  it('takes an event of a new log whatever its offset', async () => {
    const subscription = subscribe();
    subscription.goLive(at(50));
    expect(offsets(await heard(subscription, () => { subscription.take({ ...startEvent(2), epoch: 'other' }, false); }))).toEqual([2]);
  });

  it('takes every progress, which has no offset of its own, and does not move by it', async () => {
    const subscription = subscribe();
    subscription.goLive(at(5));
    const events = await heard(subscription, () => { subscription.take(progressEvent(5, 10), false); subscription.take(progressEvent(5, 20), false); });
    expect([events.length, subscription.position]).toEqual([2, at(5)]);
  });

  it('stands where the last stored event was', () => {
    const subscription = subscribe();
    subscription.goLive(at(1));
    subscription.take(startEvent(7), false);
    expect(subscription.position).toEqual(at(7));
  });
});

describe('SubscriptionState.frame', () => {
  it('asks for what is new where nothing else was said', () => {
    expect(subscribe().frame).toEqual({ type: 'sub', id: '1', topics: ['tasks'] });
  });

  it('asks for what came since a position', () => {
    expect(subscribe({ since: at(4) }).frame).toMatchObject({ since: at(4) });
  });

  it('asks for what came since the last event it has seen', () => {
    const subscription = subscribe({ since: at(4) });
    subscription.take(startEvent(6), true);
    expect(subscription.frame).toMatchObject({ since: at(6) });
  });

  it('asks for each topic once', () => {
    expect(subscribe({}, ['tasks', 'task:a', 'tasks']).frame).toMatchObject({ topics: ['tasks', 'task:a'] });
  });

  it('asks for a snapshot again after every loss of connection', () => {
    const subscription = subscribe({ snapshot: true });
    subscription.goLive(at(3));
    subscription.suspend();
    expect(subscription.frame).toEqual({ type: 'sub', id: '1', topics: ['tasks'], since: at(3), snapshot: true });
  });

  it('asks for nothing of the past after a reset', () => {
    const subscription = subscribe({ since: at(4) });
    subscription.reset('pruned');
    expect(subscription.frame).not.toHaveProperty('since');
  });
});

describe('SubscriptionState.goLive', () => {
  it('takes the place where the server stands', () => {
    const subscription = subscribe();
    subscription.goLive(at(9));
    expect([subscription.isLive, subscription.position]).toEqual([true, at(9)]);
  });

  it('does not go back behind what it has been shown', () => {
    const subscription = subscribe({ since: at(1) });
    subscription.take(startEvent(12), true);
    subscription.goLive(at(9));
    expect(subscription.position).toEqual(at(12));
  });

  it('goes to the new log where the epoch is another', () => {
    const subscription = subscribe({ since: at(100) });
    subscription.goLive(at(2, 'new'));
    expect(subscription.position).toEqual(at(2, 'new'));
  });

  it('makes it ready', async () => {
    const subscription = subscribe();
    subscription.goLive(at(0));
    await expect(subscription.ready).resolves.toBeUndefined();
  });
});

describe('SubscriptionState.advance', () => {
  it('moves on by what the server says it has sent', () => {
    const subscription = subscribe();
    subscription.goLive(at(1));
    subscription.advance(8);
    expect(subscription.position).toEqual(at(8));
  });

  it('never moves back', () => {
    const subscription = subscribe();
    subscription.goLive(at(9));
    subscription.advance(8);
    expect(subscription.position).toEqual(at(9));
  });

  it('does not move while it is not live: its own events are still to come', () => {
    const subscription = subscribe({ since: at(1) });
    subscription.advance(8);
    expect(subscription.position).toEqual(at(1));
  });
});

describe('SubscriptionState.see', () => {
  const task = (id: string): ReturnType<typeof taskOf> => taskOf(id);

  it('shows a snapshot when its last part has come, and not before', () => {
    const subscription = subscribe({ snapshot: true });
    subscription.see([task('a')], true);
    const before = subscription.snapshot;
    subscription.see([task('b')], false);
    expect([before, subscription.snapshot?.map(({ id }) => id)]).toEqual([undefined, ['a', 'b']]);
  });

  it('forgets the parts of a snapshot that was cut off with its connection', () => {
    const subscription = subscribe({ snapshot: true });
    subscription.see([task('a')], true);
    subscription.suspend();
    subscription.see([task('b')], false);
    expect(subscription.snapshot?.map(({ id }) => id)).toEqual(['b']);
  });

  it('keeps the old snapshot until the new one is whole', () => {
    const subscription = subscribe({ snapshot: true });
    subscription.see([task('a')], false);
    subscription.see([task('b')], true);
    expect(subscription.snapshot?.map(({ id }) => id)).toEqual(['a']);
  });
});

describe('SubscriptionState.on', () => {
  it('tells a listener what came before it', async () => {
    const subscription = subscribe();
    subscription.take(startEvent(1), true);
    expect(offsets(await heard(subscription, () => { subscription.take(startEvent(2), true); }))).toEqual([1, 2]);
  });

  it('tells all who are added in one breath what came before', async () => {
    const subscription = subscribe();
    subscription.take(startEvent(1), true);
    const told: string[] = [];
    subscription.on('*', () => { told.push('first'); });
    subscription.on('task:start', () => { told.push('second'); });
    await settle();
    expect(told).toEqual(['first', 'second']);
  });

  it('tells a listener of one type nothing else', async () => {
    const subscription = subscribe();
    const told: string[] = [];
    subscription.on('task:complete', ({ type }) => { told.push(type); });
    subscription.take(startEvent(1), true);
    subscription.take(completeEvent(2), true);
    await settle();
    expect(told).toEqual(['task:complete']);
  });

  it('tells nothing to a listener that was removed', async () => {
    const subscription = subscribe();
    const told: number[] = [];
    subscription.on('*', ({ offset }) => { told.push(offset); })();
    subscription.take(startEvent(1), true);
    await settle();
    expect(told).toEqual([]);
  });

  it('keeps events for the iteration as well that has begun', async () => {
    const subscription = subscribe();
    const next = subscription.next();
    await heard(subscription, () => { subscription.take(startEvent(1), true); });
    expect(await next).toMatchObject({ done: false, value: { offset: 1 } });
  });
});

describe('SubscriptionState.close and end', () => {
  it('tells that it was closed from this side', () => {
    let closed = 0;
    subscribe({ onClose: () => { closed++; } }).close();
    expect(closed).toBe(1);
  });

  it('drops what waits when it is closed', async () => {
    const subscription = subscribe();
    subscription.take(startEvent(1), true);
    subscription.close();
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
  });

  it('gives what waits before it throws the error that ended it', async () => {
    const subscription = subscribe();
    subscription.take(startEvent(1), true);
    subscription.end(new Error('refused'));
    expect(await subscription.next()).toMatchObject({ value: { offset: 1 } });
    await expect(subscription.next()).rejects.toThrow('refused');
  });

  it('rejects who waits for it to be ready', async () => {
    const subscription = subscribe();
    subscription.end(new Error('refused'));
    await expect(subscription.ready).rejects.toThrow('refused');
  });

  it('lets nobody wait for ever who waits for it to be ready when it is closed', async () => {
    const subscription = subscribe();
    subscription.close();
    await expect(subscription.ready).resolves.toBeUndefined();
  });

  it('is closed by leaving a loop over it', async () => {
    let closed = 0;
    const subscription = subscribe({ onClose: () => { closed++; } });
    subscription.take(startEvent(1), true);
    for await (const event of subscription) if (event.offset === 1) break;
    expect(closed).toBe(1);
  });

  it('is closed by the end of an `await using` block', async () => {
    let closed = 0;
    await subscribe({ onClose: () => { closed++; } })[Symbol.asyncDispose]();
    expect(closed).toBe(1);
  });

  it('tells why it was reset', () => {
    const reasons: string[] = [];
    subscribe({ onReset: (reason) => { reasons.push(reason); } }).reset('epoch');
    expect(reasons).toEqual(['epoch']);
  });
});
