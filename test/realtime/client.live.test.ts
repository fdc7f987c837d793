import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket as WsWebSocket } from 'ws';
import { connect, type ConnectOptions, type FeedClient } from '../../src/client.ts';
import { attachWebSocket } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import { collect, reaches, take } from './clientHelpers.ts';
import { ManualClock, offsets, RecordingLogger, until } from './helpers.ts';
import { Feeds, MemoryLog, RawClient } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

/** Connects to a real feed; time of the client stands still. */
function open(url: string, options: ConnectOptions = {}): { readonly client: FeedClient; readonly clock: ManualClock } {
  const clock = new ManualClock();
  const client = connect(url, options, { clock, random: () => 0.1 });
  feeds.defer(() => { client.close(); });
  return { client, clock };
}

describe.each([['the global WebSocket', {}], ['the WebSocket of ws', { WebSocket: WsWebSocket }]] as const)('client on a real server, with %s', (_, options) => {
  it('receives live events', async () => {
    const { url, log } = await feeds.open();
    const { client } = open(url, options);
    const subscription = client.subscribe('tasks');
    await subscription.ready;
    log.append();
    log.progress(50);
    log.complete();
    expect((await take(subscription, 3)).map(({ type }) => type)).toEqual(['task:start', 'task:progress', 'task:complete']);
  });

  it('receives history and live events through one loop', async () => {
    const { url, log } = await feeds.open();
    for (let event = 0; event < 5; event += 1) log.append();
    const { client } = open(url, options);
    const subscription = client.subscribe('tasks', { since: { epoch: '', offset: 0 } });
    await subscription.ready;
    log.append();
    expect(offsets(await take(subscription, 6))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('shows its token to authenticate', async () => {
    const tokens: (string | undefined)[] = [];
    const { url } = await feeds.open({ authenticate: (__, { token }) => tokens.push(token) > 0 });
    const { client } = open(url, { ...options, token: 'secret ✓' });
    await reaches(client, 'live');
    expect(tokens).toEqual(['secret ✓']);
  });

  it('comes back after the connection was cut and misses nothing', async () => {
    const server = createServer();
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => { sockets.add(socket); });
    const { url, log } = await feeds.open({}, { server });
    const { client, clock } = open(url, options);
    const { events } = collect(client.subscribe('tasks'));
    await reaches(client, 'live');
    for (let round = 0; round < 10; round += 1) {
      log.append();
      for (const socket of sockets) socket.destroy();
      await reaches(client, 'connecting');
      log.append();
      clock.advance(5_000);
      await reaches(client, 'live');
      log.append();
    }
    await until(() => events.length >= 30);
    expect(offsets(events)).toEqual(offsets(log.stored));
  });

  it('goes on when the feed is attached again, and is told of another log', async () => {
    const first = await feeds.open();
    const { client, clock } = open(first.url, options);
    const resets: unknown[] = [];
    client.on('state', (state, details) => { if (state === 'reset') resets.push(details.reason); });
    const { events } = collect(client.subscribe('tasks'));
    await reaches(client, 'live');
    first.log.append();
    await until(() => events.length === 1);
    await first.attachment.detach();
    await reaches(client, 'connecting');
    const log = new MemoryLog('epoch-2');
    const second = attachWebSocket(first.server, {}, { events: log.events, clock: new ManualClock(), logger: new RecordingLogger() });
    clock.advance(5_000);
    await reaches(client, 'live');
    log.append();
    await until(() => events.length === 2);
    expect(resets).toEqual(['epoch']);
    expect(events.map(({ epoch, offset }) => `${epoch} ${String(offset)}`)).toEqual(['epoch-1 1', 'epoch-2 1']);
    client.close();
    await second.detach();
  });

  it('leaves the server when it is closed', async () => {
    const { url, attachment } = await feeds.open();
    const { client } = open(url, options);
    await reaches(client, 'live');
    client.close();
    await until(() => attachment.clients === 0);
  });

  it('goes on trying where there is no feed', async () => {
    let requests = 0;
    const server = createServer((__, response) => {
      requests += 1;
      response.writeHead(404).end();
    });
    const feed = await feeds.open({}, { server });
    const { client, clock } = open(feed.url.replace('/tasks', '/nothing'), options);
    const subscription = client.subscribe('tasks');
    await until(() => requests === 1);
    await until(() => {
      clock.advance(100);
      return requests >= 3;
    });
    expect(client.state).toBe('connecting');
    subscription.close();
  });
});

describe('another client on the same feed', () => {
  it('gets the same events as ours', async () => {
    const { url, log } = await feeds.open();
    const { client } = open(url);
    const ours = collect(client.subscribe('tasks'));
    const raw = await new RawClient(url).hello();
    feeds.defer(() => { raw.socket.terminate(); });
    await raw.subscribe('a', ['tasks']);
    await reaches(client, 'live');
    for (let event = 0; event < 20; event += 1) log.append();
    await raw.sync();
    await until(() => ours.events.length === 20);
    expect(ours.events).toEqual(raw.events);
  });
});
