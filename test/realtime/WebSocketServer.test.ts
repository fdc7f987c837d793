import { afterEach, describe, expect, it } from 'vitest';
import { Feeds, MemoryLog } from './serverHelpers.ts';
import { offsets, settle, until } from './helpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

describe('live feed: hello', () => {
  it('answers hello with protocol, epoch, offset, limits and heartbeat', async () => {
    const { client, log } = await feeds.open();
    log.append();
    const peer = client();
    await peer.opened;
    peer.send({ type: 'hello' });
    expect(await peer.next()).toEqual({
      type: 'welcome', protocol: 'task-system.v1', epoch: 'epoch-1', offset: 1, heartbeatMs: 25_000,
      limits: { maxFrameBytes: 65_536, maxSubscriptions: 64, maxTopics: 64 },
    });
  });

  it('announces the heartbeat of the options', async () => {
    const { client } = await feeds.open({ heartbeatMs: 5_000 });
    const peer = await client().hello();
    expect(peer.frames[0]).toMatchObject({ heartbeatMs: 5_000 });
  });

  it('chooses its own subprotocol and no other', async () => {
    const { client } = await feeds.open();
    const peer = client({ protocols: ['bearer.c2VjcmV0', 'task-system.v1'] });
    await peer.opened;
    expect(peer.socket.protocol).toBe('task-system.v1');
  });

  it('works for a client that offers no subprotocol', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    expect(peer.socket.protocol).toBe('');
  });

  it('uses no compression', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    expect(peer.socket.extensions).toBe('');
  });

  it('closes with 4408 when no hello comes within 5 seconds', async () => {
    const { client, clock, attachment } = await feeds.open();
    const peer = client();
    await peer.opened;
    await until(() => attachment.clients === 1);
    clock.advance(5_000);
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'hello_timeout' });
    expect((await peer.closed).code).toBe(4408);
  });

  it('keeps a client that has said hello', async () => {
    const { client, clock } = await feeds.open();
    const peer = await client().hello();
    clock.advance(10_000);
    await peer.sync();
  });

  it('refuses any other first frame with 4400', async () => {
    const { client } = await feeds.open();
    const peer = client();
    await peer.opened;
    peer.send({ type: 'ping' });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'bad_frame' });
    expect((await peer.closed).code).toBe(4400);
  });

  it('counts its clients', async () => {
    const { client, attachment } = await feeds.open();
    expect(attachment.clients).toBe(0);
    const first = await client().hello();
    await client().hello();
    expect(attachment.clients).toBe(2);
    first.socket.close();
    await first.closed;
    await until(() => attachment.clients === 1);
  });
});

describe('live feed: bad frames', () => {
  const cases = [
    ['text that is not JSON', '{"type":'],
    ['JSON that is no object', '42'],
    ['an unknown type', '{"type":"dance"}'],
    ['an unknown field', '{"type":"ping","surprise":1}'],
    ['a subscription without topics', '{"type":"sub","id":"a","topics":[]}'],
    ['a subscription without id', '{"type":"sub","topics":["tasks"]}'],
    ['a negative offset', '{"type":"sub","id":"a","topics":["tasks"],"since":{"epoch":"e","offset":-1}}'],
  ] as const;

  it.each(cases)('closes with 4400 after %s', async (_, text) => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.socket.send(text);
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'bad_frame' });
    expect((await peer.closed).code).toBe(4400);
  });

  it('closes with 4400 after a binary message', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect((await peer.closed).code).toBe(4400);
  });

  it('closes with 1009 after a message above 64 KiB', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.socket.send(JSON.stringify({ type: 'hello', token: 'x'.repeat(65_536) }));
    expect((await peer.closed).code).toBe(1009);
  });

  it('takes no first message above 16 KiB', async () => {
    const { client } = await feeds.open();
    const peer = client();
    await peer.opened;
    peer.socket.send(JSON.stringify({ type: 'hello', token: 'x' }).padEnd(16_385));
    expect((await peer.closed).code).toBe(4400);
  });

  it('says nothing of the message in the close reason', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.socket.send('secret');
    expect(await peer.closed).toEqual({ code: 4400, reason: '' });
  });

  it('goes on serving the other clients', async () => {
    const { client, log } = await feeds.open();
    const good = await client().hello();
    await good.subscribe('a', ['tasks']);
    const bad = await client().hello();
    bad.socket.send('not JSON');
    await bad.closed;
    log.append();
    expect(offsets((await good.nextOf('ev')).events)).toEqual([1]);
  });

  it('closes with 4429 after too many messages at once', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    for (let message = 0; message < 200; message += 1) peer.send({ type: 'ping' });
    expect((await peer.nextOf('err')).code).toBe('too_many_messages');
    expect((await peer.closed).code).toBe(4429);
  });

  it('gives back 20 messages a second', async () => {
    const { client, clock } = await feeds.open();
    const peer = await client().hello();
    for (let second = 0; second < 10; second += 1) {
      for (let message = 0; message < 19; message += 1) peer.send({ type: 'ping' });
      await peer.sync();
      clock.advance(1_000);
    }
    expect(peer.socket.readyState).toBe(peer.socket.OPEN);
  });
});

describe('live feed: ping', () => {
  it('answers with the same t and the offset up to which everything was sent', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    log.append();
    peer.send({ type: 'ping', t: 7 });
    expect(await peer.next()).toMatchObject({ type: 'ev' });
    expect(await peer.next()).toEqual({ type: 'pong', t: 7, offset: 1 });
  });

  it('tells no offset while a subscription is being caught up', async () => {
    const log = new MemoryLog();
    const gate = Promise.withResolvers<void>();
    log.gate = gate.promise;
    const { client } = await feeds.open({}, { log });
    log.append();
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since: { epoch: 'epoch-1', offset: 0 } });
    peer.send({ type: 'ping' });
    expect(await peer.next()).toEqual({ type: 'pong' });
    gate.resolve();
    await peer.nextOf('subok');
    peer.send({ type: 'ping' });
    expect(await peer.next()).toEqual({ type: 'pong', offset: 1 });
  });
});

describe('live feed: heartbeat', () => {
  it('pings every 25 seconds', async () => {
    const { client, clock } = await feeds.open();
    const peer = await client().hello();
    const pinged = new Promise<void>((resolve) => { peer.socket.once('ping', () => { resolve(); }); });
    clock.advance(25_000);
    await pinged;
  });

  it('keeps a client that answers, for many heartbeats', async () => {
    const { client, clock } = await feeds.open();
    const peer = await client().hello();
    for (let beat = 0; beat < 5; beat += 1) {
      const pinged = new Promise<void>((resolve) => { peer.socket.once('ping', () => { resolve(); }); });
      clock.advance(beat === 0 ? 25_000 : 15_000);
      await pinged;
      await peer.sync();
      clock.advance(10_000);
    }
    await peer.sync();
  });

  it('cuts off a client that sends nothing for 10 seconds after a ping', async () => {
    const { client, clock, attachment } = await feeds.open();
    const peer = await client().hello();
    peer.socket.pause();
    clock.advance(25_000);
    clock.advance(9_999);
    await settle();
    expect(attachment.clients).toBe(1);
    clock.advance(1);
    await until(() => attachment.clients === 0);
    peer.socket.resume();
    expect((await peer.closed).code).toBe(1006);
  });

  it('leaves no timer behind', async () => {
    const { client, clock, attachment } = await feeds.open();
    const peer = await client().hello();
    peer.socket.close();
    await until(() => attachment.clients === 0);
    expect(clock.pendingTimers).toBe(0);
  });
});
