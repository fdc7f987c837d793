import { describe, expect, it } from 'vitest';
import { connect, FeedError } from '../../src/client.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { collect, fakeClient, FakeSocket, take } from './clientHelpers.ts';
import { offsets, progressEvent, settle, startEvent } from './helpers.ts';

const now = { type: 'subok', id: '1', epoch: 'epoch-1', recovered: false } as const;

/** A client with one live subscription. */
function live(offset = 0, topics: Parameters<ReturnType<typeof fakeClient>['client']['subscribe']>[0] = 'tasks') {
  const fake = fakeClient();
  const subscription = fake.client.subscribe(topics);
  fake.socket().welcome(offset);
  fake.socket().receive({ ...now, offset });
  return { ...fake, subscription };
}

describe('connect', () => {
  it('offers the protocol and says hello once the connection is open', () => {
    const { socket } = fakeClient();
    expect([socket().url, socket().protocols, socket().sent]).toEqual(['ws://localhost/tasks', ['task-system.v1'], []]);
    socket().fire('open');
    expect(socket().sent).toEqual([{ type: 'hello' }]);
  });

  it('shows its token as a subprotocol, whatever characters it has', () => {
    const { socket } = fakeClient({ token: 'pässwörd/+=' });
    expect(socket().protocols).toEqual(['task-system.v1', `bearer.${Buffer.from('pässwörd/+=').toString('base64url')}`]);
  });

  it('takes a URL object', () => {
    connect(new URL('ws://localhost/x'), { WebSocket: FakeSocket }).close();
    expect(FakeSocket.made.at(-1)?.url).toBe('ws://localhost/x');
  });

  it('refuses to work without a WebSocket', () => {
    const missing = { WebSocket: undefined };
    const original = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    Object.defineProperty(globalThis, 'WebSocket', { value: undefined, configurable: true });
    try {
      expect(() => { Reflect.apply(connect, undefined, ['ws://localhost', missing]); }).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }));
    } finally {
      Object.defineProperty(globalThis, 'WebSocket', original ?? {});
    }
  });
});

describe('FeedClient.subscribe', () => {
  it('registers once the server has greeted', () => {
    const { client, socket } = fakeClient();
    client.subscribe(['task:x', 'project:acme']);
    socket().fire('open');
    expect(socket().sentOf('sub')).toEqual([]);
    socket().welcome();
    expect(socket().sentOf('sub')).toEqual([{ type: 'sub', id: '1', topics: ['task:x', 'project:acme'] }]);
  });

  it('registers at once on a connection that was greeted', () => {
    const { client, socket } = fakeClient();
    socket().welcome();
    client.subscribe('tasks', { since: { epoch: '', offset: 0 } });
    expect(socket().sentOf('sub')).toEqual([{ type: 'sub', id: '1', topics: ['tasks'], since: { epoch: '', offset: 0 } }]);
  });

  it('is ready, with a position, once the server has acknowledged it', async () => {
    const { client, socket } = fakeClient();
    const subscription = client.subscribe('tasks');
    socket().welcome(5);
    expect(subscription.position).toBeUndefined();
    socket().receive({ ...now, offset: 5 });
    await subscription.ready;
    expect(subscription.position).toEqual({ epoch: 'epoch-1', offset: 5 });
  });

  it('gives the live events of its topics and no others', async () => {
    const { subscription, socket } = live(0, ['task:x']);
    socket().receive({ type: 'ev', events: [startEvent(1, 'x'), startEvent(2, 'y'), progressEvent(2, 10, 'x'), startEvent(3, 'x')] });
    expect((await take(subscription, 3)).map(({ type, offset }) => `${type} ${String(offset)}`)).toEqual(['task:start 1', 'task:progress 2', 'task:start 3']);
  });

  it('gives an event to every subscription that has it as a topic', async () => {
    const { client, socket, subscription } = live();
    const other = client.subscribe('task:x');
    socket().receive({ ...now, id: '2', offset: 0 });
    socket().receive({ type: 'ev', events: [startEvent(1, 'x')] });
    expect([offsets(await take(subscription, 1)), offsets(await take(other, 1))]).toEqual([[1], [1]]);
  });

  it('gives replayed events to the subscription they are for, and live ones only to those that are live', async () => {
    const { client, socket, subscription } = live(2);
    const late = client.subscribe('tasks', { since: { epoch: 'epoch-1', offset: 0 } });
    socket().receive({ type: 'ev', events: [startEvent(3)] });
    socket().receive({ type: 'ev', sub: '2', events: [startEvent(1), startEvent(2), startEvent(3)] });
    socket().receive({ type: 'subok', id: '2', epoch: 'epoch-1', offset: 3, recovered: true });
    socket().receive({ type: 'ev', events: [startEvent(4)] });
    expect(offsets(await take(subscription, 2))).toEqual([3, 4]);
    expect(offsets(await take(late, 4))).toEqual([1, 2, 3, 4]);
  });

  it('gives a stored event once however often it comes, and every one that is not stored', async () => {
    const { subscription, socket } = live();
    for (let round = 0; round < 3; round += 1) socket().receive({ type: 'ev', events: [startEvent(1), progressEvent(1, 10)] });
    socket().receive({ type: 'ev', events: [startEvent(2)] });
    expect((await take(subscription, 5)).map(({ type }) => type)).toEqual(['task:start', 'task:progress', 'task:progress', 'task:progress', 'task:start']);
  });

  it('moves its position with events, and with what the server says was all', () => {
    const { subscription, socket } = live(0, 'task:x');
    socket().receive({ type: 'ev', events: [startEvent(3, 'x')] });
    expect(subscription.position).toEqual({ epoch: 'epoch-1', offset: 3 });
    socket().receive({ type: 'pong', offset: 90 });
    expect(subscription.position).toEqual({ epoch: 'epoch-1', offset: 90 });
    socket().receive({ type: 'pong', offset: 50 });
    expect(subscription.position).toEqual({ epoch: 'epoch-1', offset: 90 });
  });

  it('does not go back behind what the log has shown already', async () => {
    const { client, socket } = fakeClient();
    const subscription = client.subscribe('tasks', { since: { epoch: 'epoch-1', offset: 5 } });
    socket().welcome(4);
    socket().receive({ type: 'subok', id: '1', epoch: 'epoch-1', offset: 4, recovered: true });
    socket().receive({ type: 'ev', events: [startEvent(5), startEvent(6)] });
    expect(offsets(await take(subscription, 1))).toEqual([6]);
  });

  it.each(['', 'task', 'queue:x'])('refuses the topic "%s"', (topic) => {
    const { client } = fakeClient();
    const wrong: 'tasks' = JSON.parse(JSON.stringify(topic));
    expect(() => client.subscribe(wrong)).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }));
    expect(() => client.subscribe(['tasks', wrong])).toThrow(FeedError);
  });

  it('refuses no topics at all', () => {
    expect(() => fakeClient().client.subscribe([])).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }));
  });

  it('ends with an error when the server refuses it', async () => {
    const { client, socket } = fakeClient();
    const subscription = client.subscribe('tasks');
    const { ended } = collect(subscription);
    socket().welcome();
    socket().receive({ type: 'err', code: 'limit', message: 'At most 64 subscriptions.', ref: '1' });
    expect(await ended).toMatchObject({ code: 'FEED_REFUSED', details: { reason: 'limit' } });
    await expect(subscription.ready).rejects.toThrow('At most 64');
    expect(client.state).toBe('live');
  });

  it('connects again when the server could not read its log', () => {
    const { client, socket, clock, connections } = fakeClient();
    client.subscribe('tasks');
    socket().welcome();
    socket().receive({ type: 'err', code: 'failed', message: 'The log could not be read.', ref: '1' });
    expect(client.state).toBe('connecting');
    clock.advance(500);
    expect(connections()).toBe(2);
  });
});

describe('FeedSubscription', () => {
  it('hands out events that waited, and those that come later', async () => {
    const { subscription, socket } = live();
    socket().receive({ type: 'ev', events: [startEvent(1)] });
    const later = take(subscription, 2);
    await settle();
    socket().receive({ type: 'ev', events: [startEvent(2)] });
    expect(offsets(await later)).toEqual([1, 2]);
  });

  it('ends when its loop is left, and tells the server', async () => {
    const { subscription, socket } = live();
    socket().receive({ type: 'ev', events: [startEvent(1), startEvent(2)] });
    for await (const event of subscription) {
      expect(event.offset).toBe(1);
      break;
    }
    expect(socket().sentOf('unsub')).toEqual([{ type: 'unsub', id: '1' }]);
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
  });

  it('ends a waiting loop by close, once', async () => {
    const { subscription, socket } = live();
    const { ended } = collect(subscription);
    await settle();
    subscription.close();
    subscription.close();
    expect(await ended).toBeUndefined();
    expect(socket().sentOf('unsub')).toHaveLength(1);
  });

  it('ends at the end of its scope', async () => {
    const { client, socket } = live();
    {
      await using subscription = client.subscribe('task:x');
      expect(subscription.position).toBeUndefined();
    }
    expect(socket().sentOf('unsub')).toEqual([{ type: 'unsub', id: '2' }]);
  });

  it('takes no events after its end', async () => {
    const { subscription, socket } = live();
    subscription.close();
    socket().receive({ type: 'ev', events: [startEvent(1)] });
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
  });

  it('answers several calls of next in order', async () => {
    const { subscription, socket } = live();
    const results = [subscription.next(), subscription.next(), subscription.next()];
    socket().receive({ type: 'ev', events: [startEvent(1), startEvent(2)] });
    subscription.close();
    expect((await Promise.all(results)).map(({ value }) => value?.offset)).toEqual([1, 2, undefined]);
  });

  it('drops events that are not stored when ten thousand wait, and none that are', async () => {
    const { subscription, socket } = live();
    socket().receive({ type: 'ev', events: Array.from({ length: 10_000 }, (_, index) => progressEvent(0, index)) });
    socket().receive({ type: 'ev', events: [progressEvent(0, 50), startEvent(1)] });
    const events = await take(subscription, 10_001);
    expect(events.at(-1)).toMatchObject({ type: 'task:start', offset: 1 });
  });
});

describe('FeedClient.close', () => {
  it('ends subscriptions without an error, and closes the connection', async () => {
    const { client, subscription, socket, states } = live();
    const { ended } = collect(subscription);
    client.close();
    client.close();
    expect(await ended).toBeUndefined();
    expect(socket().isClosed).toBe(true);
    expect([client.state, states.at(-1)?.[0]]).toEqual(['closed', 'closed']);
  });

  it('refuses subscriptions afterwards with CLIENT_CLOSED', () => {
    const { client } = fakeClient();
    client.close();
    expect(() => client.subscribe('tasks')).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
  });

  it('leaves no timer behind and never connects again', () => {
    const { client, clock, socket, connections } = fakeClient();
    socket().welcome();
    socket().fire('close', { code: 1006 });
    client.close();
    expect(clock.pendingTimers).toBe(0);
    clock.advance(100_000);
    expect(connections()).toBe(1);
  });
});

describe('FeedError', () => {
  it('is known as an error of this library and survives JSON', () => {
    const error = new FeedError('CLIENT_CLOSED', 'closed', { closeCode: 4401 });
    expect(TaskSystemError.isInstance(error)).toBe(true);
    expect(JSON.parse(JSON.stringify(error))).toEqual({ name: 'TaskSystemError', message: 'closed', code: 'CLIENT_CLOSED', details: { closeCode: 4401 }, retryable: false });
  });
});
