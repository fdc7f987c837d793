import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createNetServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { attachWebSocket, type WebSocketOptions } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import { ManualClock, RecordingLogger, until } from './helpers.ts';
import { closeServer, Feeds, listen, MemoryLog, RawClient } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

async function listenUntilTheEnd(server = createServer()): ReturnType<typeof listen> {
  const listening = await listen(server);
  feeds.defer(() => closeServer(server));
  return listening;
}

function deps() {
  return { events: new MemoryLog().events, clock: new ManualClock(), logger: new RecordingLogger() };
}

describe('WebSocketAttachment.detach', () => {
  it('says goodbye with 1001 and a hint when to come back', async () => {
    const { client, attachment } = await feeds.open();
    const peer = await client().hello();
    const detached = attachment.detach();
    expect(await peer.next()).toEqual({ type: 'bye', code: 1001, retryAfterMs: 1_000 });
    expect((await peer.closed).code).toBe(1001);
    await detached;
    expect(attachment.clients).toBe(0);
  });

  it('sends what was emitted before it', async () => {
    const { client, attachment, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    log.append();
    void attachment.detach();
    await peer.closed;
    expect(peer.frames.slice(2).map(({ type }) => type)).toEqual(['ev', 'bye']);
  });

  it('cuts off clients that do not close within 2 seconds', async () => {
    const { client, attachment, clock } = await feeds.open();
    const peer = await client().hello();
    peer.socket.pause();
    const detached = attachment.detach();
    clock.advance(2_000);
    await detached;
    expect(attachment.clients).toBe(0);
  });

  it('leaves the HTTP server open', async () => {
    const server = createServer((_, response) => { response.end('still here'); });
    const { attachment, origin } = await feeds.open({}, { server });
    await attachment.detach();
    expect(await (await fetch(origin)).text()).toBe('still here');
  });

  it('gives the same promise when called twice', async () => {
    const { attachment } = await feeds.open();
    expect(attachment.detach()).toBe(attachment.detach());
  });

  it('stops listening to the system and leaves no timer behind', async () => {
    const { client, attachment, log, clock } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    await attachment.detach();
    expect(log.events.listenerCount('*')).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses who was still being asked about', async () => {
    let asked = false;
    const { client, attachment } = await feeds.open({ authenticate: () => { asked = true; return new Promise<boolean>(() => {}); } });
    const peer = client();
    await until(() => asked);
    await attachment.detach();
    await expect(peer.opened).rejects.toThrow('503');
  });

  it('refuses upgrades that come by hand afterwards', async () => {
    const { attachment, server, url } = await feeds.open({ intercept: false });
    server.on('upgrade', (request, socket, head) => { attachment.handleUpgrade(request, socket, head); });
    await attachment.detach();
    await expect(new RawClient(url).opened).rejects.toThrow('503');
  });

  it('lets the path be attached again', async () => {
    const { server } = await listen();
    feeds.defer(() => { server.close(); });
    for (let round = 0; round < 3; round += 1) await attachWebSocket(server, {}, deps()).detach();
  });
});

describe('attachWebSocket', () => {
  it('refuses a path that is taken on this server with PATH_TAKEN', async () => {
    const { server } = await feeds.open({ path: '/feed' });
    expect(() => attachWebSocket(server, { path: '/feed' }, deps())).toThrow(expect.objectContaining({ code: 'PATH_TAKEN', details: { path: '/feed' } }));
  });

  it('leaves the feed that has the path as it is', async () => {
    const { server, client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    const listeners = server.listenerCount('upgrade');
    expect(() => attachWebSocket(server, {}, deps())).toThrow(expect.objectContaining({ code: 'PATH_TAKEN' }));
    log.append();
    expect(await peer.next()).toMatchObject({ type: 'ev' });
    await client().hello();
    expect(server.listenerCount('upgrade')).toBe(listeners);
  });

  it('waits with a server whose port was taken for another one', async () => {
    const { port } = await listenUntilTheEnd();
    const server = createServer();
    const attachment = attachWebSocket(server, {}, deps());
    server.listen(port, '127.0.0.1');
    await expect(once(server, 'listening')).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const { url } = await listenUntilTheEnd(server);
    const peer = await new RawClient(`${url}/tasks`).hello();
    expect(attachment.clients).toBe(1);
    peer.socket.terminate();
    await attachment.detach();
  });

  it('accepts a server that was closed, for when it listens again', async () => {
    const { server } = await listen();
    server.close();
    await once(server, 'close');
    const attachment = attachWebSocket(server, {}, deps());
    const { url } = await listenUntilTheEnd(server);
    const peer = await new RawClient(`${url}/tasks`).hello();
    peer.socket.terminate();
    await attachment.detach();
  });

  it('accepts the same path on another server', async () => {
    await feeds.open({ path: '/feed' });
    await feeds.open({ path: '/feed' });
  });

  it.each([undefined, null, {}, () => {}, createNetServer()])('refuses what is no HTTP server with SERVER_CLOSED (%#)', (server) => {
    expect(() => { Reflect.apply(attachWebSocket, undefined, [server, {}, deps()]); }).toThrow(expect.objectContaining({ code: 'SERVER_CLOSED' }));
  });

  it('accepts an HTTPS server', async () => {
    await attachWebSocket(createHttpsServer(), {}, deps()).detach();
  });

  it('serves /tasks by default', async () => {
    expect((await feeds.open()).attachment.path).toBe('/tasks');
  });

  const wrong: readonly (readonly [string, string, object])[] = [
    ['a path without slash', 'path', { path: 'tasks' }],
    ['a path with query', 'path', { path: '/tasks?x=1' }],
    ['an origin with path', 'origins', { origins: ['https://app.example/'] }],
    ['a single origin', 'origins', { origins: 'https://app.example' }],
    ['a heartbeat of 0', 'heartbeatMs', { heartbeatMs: 0 }],
    ['authorize that is no function', 'authorize', { authorize: true }],
    ['an unknown option', 'patth', { patth: '/tasks' }],
  ];

  it.each(wrong)('refuses %s with OPTIONS_INVALID and names the option', (_, name, options) => {
    const attach = (): unknown => Reflect.apply(attachWebSocket, undefined, [createServer(), options, deps()]);
    expect(attach).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }));
    expect(attach).toThrow(name);
  });

  it('takes options that are undefined for left out', async () => {
    const options: object = { path: undefined, authorize: undefined };
    const check = (value: object): value is WebSocketOptions => value === options;
    const { attachment } = await feeds.open(check(options) ? options : {});
    expect(attachment.path).toBe('/tasks');
  });
});
