import { describe, expect, it } from 'vitest';
import type { SubscriptionState } from '../../src/lib/task-system/realtime/client/FeedSubscription.ts';
import { SubscriptionSet } from '../../src/lib/task-system/realtime/client/SubscriptionSet.ts';
import type { WireTopic } from '../../src/lib/task-system/types/Wire.ts';
import { startEvent } from './helpers.ts';

const EPOCH = startEvent(1).epoch;

function add(set: SubscriptionSet, topic: WireTopic = 'tasks', onClose: (id: string) => void = () => undefined): SubscriptionState {
  return set.add([topic], { since: undefined, snapshot: false, onReset: undefined }, onClose);
}

describe('SubscriptionSet', () => {
  it('is live without subscriptions', () => {
    expect(new SubscriptionSet().isLive).toBe(true);
  });

  it('is live when the last of its subscriptions is', () => {
    const set = new SubscriptionSet();
    const [one, two] = [add(set), add(set)];
    set.take({ type: 'subok', id: one.id, epoch: EPOCH, offset: 1, recovered: false });
    const before = set.isLive;
    set.take({ type: 'subok', id: two.id, epoch: EPOCH, offset: 1, recovered: false });
    expect([before, set.isLive]).toEqual([false, true]);
  });

  it('gives each subscription an id of its own, also after one was closed', () => {
    const set = new SubscriptionSet();
    const first = add(set);
    first.close();
    expect(add(set).id).not.toBe(first.id);
  });

  it('registers all that are there, and none that was closed', () => {
    const set = new SubscriptionSet();
    add(set, 'task:a').close();
    add(set, 'task:b');
    expect(set.frames).toMatchObject([{ type: 'sub', topics: ['task:b'] }]);
  });

  it('tells once that a subscription was closed', () => {
    const closed: string[] = [];
    const subscription = add(new SubscriptionSet(), 'tasks', (id) => { closed.push(id); });
    subscription.close();
    subscription.close();
    expect(closed).toEqual([subscription.id]);
  });

  it('gives replayed events to the one that they are for', () => {
    const set = new SubscriptionSet();
    const [one, two] = [add(set), add(set)];
    set.take({ type: 'ev', events: [startEvent(4)], sub: two.id });
    expect([one.position, two.position]).toEqual([undefined, { epoch: EPOCH, offset: 4 }]);
  });

  it('gives live events to all that are live', () => {
    const set = new SubscriptionSet();
    const [one, two] = [add(set), add(set)];
    set.take({ type: 'subok', id: one.id, epoch: EPOCH, offset: 0, recovered: false });
    set.take({ type: 'ev', events: [startEvent(4)] });
    expect([one.position?.offset, two.position]).toEqual([4, undefined]);
  });

  it('minds no events for a subscription that is gone', () => {
    expect(() => { new SubscriptionSet().take({ type: 'ev', events: [startEvent(4)], sub: '9' }); }).not.toThrow();
  });

  it('moves on by a pong that says how far the server is', () => {
    const set = new SubscriptionSet();
    const subscription = add(set);
    set.take({ type: 'subok', id: subscription.id, epoch: EPOCH, offset: 1, recovered: false });
    set.take({ type: 'pong', offset: 6 });
    expect(subscription.position?.offset).toBe(6);
  });

  it('stays where it is by a pong that does not say', () => {
    const set = new SubscriptionSet();
    const subscription = add(set);
    set.take({ type: 'subok', id: subscription.id, epoch: EPOCH, offset: 1, recovered: false });
    set.take({ type: 'pong', t: 5 });
    expect(subscription.position?.offset).toBe(1);
  });

  it('is not live any more when the connection is gone', () => {
    const set = new SubscriptionSet();
    const subscription = add(set);
    set.take({ type: 'subok', id: subscription.id, epoch: EPOCH, offset: 1, recovered: false });
    set.suspend();
    expect(set.isLive).toBe(false);
  });

  it('fails one that was refused, and leaves the others', async () => {
    const set = new SubscriptionSet();
    const [one, two] = [add(set), add(set)];
    set.fail(one.id, new Error('forbidden'));
    await expect(one.ready).rejects.toThrow('forbidden');
    expect([set.get(one.id), set.get(two.id)]).toEqual([undefined, two]);
  });

  it('ends all with the error of the client', async () => {
    const set = new SubscriptionSet();
    const ready = [add(set), add(set)].map((subscription) => subscription.ready);
    set.end(new Error('closed'));
    expect((await Promise.allSettled(ready)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(set.frames).toEqual([]);
  });
});
