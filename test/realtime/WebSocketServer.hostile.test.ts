import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EVENT_IS_STORED } from '../../src/lib/task-system/types/Events.ts';
import { taskOf } from '../hooks/helpers.ts';
import { controlOf } from './controlOf.ts';
import { offsets, progressEvent, settle, startEvent, until } from './helpers.ts';
import { type Feed, Feeds } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

/** Upgrades by hand, sends bytes, and gives the close code of the server's last frame. */
async function closeCodeAfter(feed: Feed, bytes: Buffer): Promise<number> {
  const socket = connect(Number(new URL(feed.origin).port), '127.0.0.1');
  const received: Buffer[] = [];
  const closed = new Promise<void>((resolve) => { socket.on('close', () => { resolve(); }); });
  socket.on('data', (chunk: Buffer) => { received.push(chunk); });
  socket.write('GET /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  await until(() => received.length > 0);
  socket.write(bytes);
  const closing = (): Buffer => {
    const all = Buffer.concat(received);
    const start = all.indexOf(Buffer.from([0x88, 0x02]));
    return start === -1 ? Buffer.alloc(0) : all.subarray(start + 2, start + 4);
  };
  await until(() => closing().length === 2);
  socket.destroy();
  await closed;
  return closing().readUInt16BE();
}

describe('live feed: floods', () => {
  it('closes with 4429 after too many pong frames of WebSocket itself', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    for (let count = 0; count < 200; count += 1) peer.socket.pong();
    expect((await peer.closed).code).toBe(4429);
  });

  it('ends with 4429 or is cut off after too many ping frames, whichever bound is met first', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    for (let count = 0; count < 200; count += 1) peer.socket.ping();
    expect([4429, 1006]).toContain((await peer.closed).code);
  });

  it('closes with 4429 after thousands of subscriptions, and keeps none of them', async () => {
    const { client, log, attachment } = await feeds.open();
    const peer = await client().hello();
    for (let count = 0; count < 5_000; count += 1) peer.send({ type: 'sub', id: String(count), topics: [`task:${String(count)}`] });
    expect((await peer.closed).code).toBe(4429);
    await until(() => attachment.clients === 0);
    expect(log.events.listenerCount('*')).toBe(0);
  });

  it('closes with 4429 after subscribing and unsubscribing without end', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    for (let count = 0; count < 100; count += 1) {
      peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since: { epoch: '', offset: 0 } });
      peer.send({ type: 'unsub', id: 'a' });
    }
    expect((await peer.closed).code).toBe(4429);
  });

  it('closes with 4429 after too many commands, of which at most 16 were under way', async () => {
    let underWay = 0;
    const { client } = await feeds.open({ authorize: () => true }, { deps: { control: controlOf({ cancel: () => { underWay += 1; return new Promise(() => {}); } }) } });
    const peer = await client().hello();
    for (let count = 0; count < 200; count += 1) peer.send({ type: 'cancel', id: String(count), taskId: 'a-1' });
    expect((await peer.closed).code).toBe(4429);
    expect(underWay).toBe(16);
  });

  it('goes on serving the others meanwhile', async () => {
    const { client, log } = await feeds.open();
    const good = await client().hello();
    await good.subscribe('a', ['tasks']);
    const bad = await client().hello();
    for (let count = 0; count < 1_000; count += 1) bad.socket.send('{');
    await bad.closed;
    log.append();
    expect(offsets((await good.nextOf('ev')).events)).toEqual([1]);
  });
});

describe('live feed: fragments and broken frames', () => {
  it('closes with 1008 after a message in more than 64 pieces', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    for (let piece = 0; piece < 100; piece += 1) peer.socket.send('x', { fin: false });
    expect((await peer.closed).code).toBe(1008);
  });

  it('closes with 1009 after pieces that are too much together', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    for (let piece = 0; piece < 10; piece += 1) peer.socket.send('x'.repeat(10_000), { fin: false });
    expect((await peer.closed).code).toBe(1009);
  });

  it('reads a message that came in a few pieces', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.socket.send('{"type":', { fin: false });
    peer.socket.send('"ping","t":7}', { fin: true });
    expect(await peer.next()).toMatchObject({ type: 'pong', t: 7 });
  });

  it('closes with 1007 after text that is not UTF-8', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await peer.closed).code).toBe(1007);
  });

  it.each([
    ['a compressed frame', [0xc1, 0x80, 0, 0, 0, 0]],
    ['a frame without mask', [0x81, 0x02, 0x7b, 0x7d]],
    ['an unknown operation', [0x83, 0x80, 0, 0, 0, 0]],
    ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0]],
  ])('closes with 1002 after %s', async (_, bytes) => {
    expect(await closeCodeAfter(await feeds.open(), Buffer.from(bytes))).toBe(1002);
  });

  it('closes with 1009 on the announcement of a huge frame, before any of it comes', async () => {
    expect(await closeCodeAfter(await feeds.open(), Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]))).toBe(1009);
  });
});

/**
 * A feed with a client that is subscribed to everything and does not read; `waiting` are the bytes that this process holds for it. What
 * the operating system takes in between, megabytes on one machine and many more on another, it has taken already.
 */
async function openSilent(...[options, more]: Parameters<Feeds['open']>) {
  const server = createServer();
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => { sockets.push(socket); });
  const { client, log, attachment } = await feeds.open(options, { ...more, server });
  const peer = await client().hello();
  await peer.subscribe('a', ['tasks']);
  peer.socket.pause();
  const waiting = (): number => Math.max(...sockets.map(({ writableLength }) => writableLength));
  while (waiting() === 0) {
    log.append('filler', LARGE);
    await settle(1);
  }
  return { log, attachment, peer, sockets, waiting };
}

const LARGE = { taskType: 'x'.repeat(100_000) };

describe('live feed: a client that does not read', () => {
  it('is cut off once a bounded number of bytes waits for it', async () => {
    const { log, attachment, peer } = await openSilent();
    let sent = 0;
    while (attachment.clients === 1) {
      log.append('task-1', LARGE);
      sent += 1;
      await settle(1);
    }
    // A mebibyte are eleven of them; the rest is for the turns until the cut is seen.
    expect(sent).toBeLessThan(100);
    peer.socket.resume();
    expect((await peer.closed).code).toBe(1006);
  });

  it('never has more than a mebibyte and one message waiting in this process, and nothing of it afterwards', async () => {
    const { log, attachment, sockets, waiting } = await openSilent();
    let most = 0;
    while (attachment.clients === 1) {
      log.append('task-1', LARGE);
      await settle(1);
      most = Math.max(most, waiting());
    }
    expect(most).toBeGreaterThan(1_048_576);
    expect(most).toBeLessThan(1_048_576 + 101_000);
    await until(() => sockets.every(({ destroyed }) => destroyed));
  });

  it('gets of progress only the newest of each task above 256 KiB, no log lines, and every stored event, and is not cut off for all that was said meanwhile', async () => {
    const { log, attachment, peer, waiting } = await openSilent();
    const large = { epoch: log.events.epoch, ...LARGE };
    let most = 0;
    for (let percent = 1; percent <= 100; percent += 1) {
      for (const task of ['a', 'b']) log.events.emit({ ...progressEvent(log.events.offset, percent, task), ...large });
      log.events.emit({ ...startEvent(log.events.offset, 'a'), ...large, type: 'task:log', data: { stream: 'log', level: 'info', text: 'line' }, seq: percent });
      if (percent % 10 === 0) log.append('c');
      await settle(1);
      most = Math.max(most, waiting());
    }
    expect(attachment.clients).toBe(1);
    // What was on its way when the bound was met, and the stored events.
    expect(most).toBeGreaterThan(262_144);
    expect(most).toBeLessThan(262_144 + 3 * 101_000);
    peer.socket.resume();
    const told = (task: string): readonly number[] => peer.events.flatMap((event) => (event.type === 'task:progress' && event.taskId === task ? [event.data.percent] : []));
    const kept = (): readonly number[] => offsets(peer.events.filter(({ type }) => EVENT_IS_STORED[type]));
    // Stored events and what is only told take their own ways: neither waits for the other.
    await until(() => told('a').at(-1) === 100 && told('b').at(-1) === 100 && kept().length >= log.stored.length);
    expect(told('a').length).toBeLessThan(100);
    expect(peer.events.filter(({ type }) => type === 'task:log').length).toBeLessThan(100);
    expect(kept()).toEqual(offsets(log.stored));
  });

  it('has at most one large answer read for it at a time', async () => {
    let reads = 0;
    const large = taskOf('a-1', { metadata: { text: 'x'.repeat(16_000_000) } });
    const { peer } = await openSilent({ authorize: () => true }, { deps: { control: controlOf({ list: () => { reads += 1; return Promise.resolve({ tasks: [large] }); } }) } });
    for (let count = 0; count < 10; count += 1) peer.send({ type: 'list', id: String(count) });
    await until(() => reads > 0);
    await settle(50);
    expect(reads).toBe(1);
    peer.socket.resume();
    for (let count = 0; count < 10; count += 1) expect((await peer.nextOf('done')).ref).toBe(String(count));
    expect(reads).toBe(10);
  });

  it('is found by the heartbeat when the other end has silently gone', async () => {
    const { client, clock, attachment, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    peer.socket.pause();
    clock.advance(25_000);
    log.append();
    await settle();
    clock.advance(10_000);
    await until(() => attachment.clients === 0);
    expect(log.events.listenerCount('*')).toBe(0);
  });
});
