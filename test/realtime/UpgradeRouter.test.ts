import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { attachWebSocket } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import { ManualClock, RecordingLogger, until } from './helpers.ts';
import { type Feed, Feeds, MemoryLog, RawClient, textOf } from './serverHelpers.ts';

/** Whether this Node asks before it upgrades (24.9 and later); earlier ones have let go of the request by then. */
const ASKS = 'shouldUpgradeCallback' in createServer();

const feeds = new Feeds();
afterEach(() => feeds.close());

function deps() {
  return { events: new MemoryLog().events, clock: new ManualClock(), logger: new RecordingLogger() };
}

/** What detach has to put back exactly. */
function fingerprint(server: Server): object {
  return {
    listeners: server.eventNames().map((name) => [String(name), server.listeners(name)]),
    own: Reflect.ownKeys(server).filter((key) => typeof key === 'symbol' ? key.description?.startsWith('task-system') : ['emit', 'shouldUpgradeCallback'].includes(key)),
    emit: Object.getOwnPropertyDescriptor(server, 'emit'),
    descriptor: Object.getOwnPropertyDescriptor(server, 'shouldUpgradeCallback'),
  };
}

function emitOf(server: Server): unknown {
  return Reflect.get(server, 'emit');
}

/** A handler of its own path, like that of a bundler's hot reload. */
function echoServer(server: Server, path: string): WebSocketServer {
  const webSockets = new WebSocketServer({ noServer: true });
  webSockets.on('connection', (socket) => { socket.on('message', (data) => { socket.send(`echo ${textOf(data)}`); }); });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url === path) webSockets.handleUpgrade(request, socket, head, (client) => { webSockets.emit('connection', client, request); });
  });
  feeds.defer(() => { for (const client of webSockets.clients) client.terminate(); });
  return webSockets;
}

async function echoOf(feed: Feed, path: string): Promise<string> {
  const client = new RawClient(feed.origin.replace('http:', 'ws:') + path);
  client.socket.removeAllListeners('message');
  await client.opened;
  const answer = new Promise<string>((resolve) => { client.socket.on('message', (data) => { resolve(textOf(data)); }); });
  client.socket.send('hello');
  const text = await answer;
  client.socket.terminate();
  return text;
}

/** Sends an upgrade request by hand and gives everything that comes back until the socket closes. */
function rawUpgrade(feed: Feed, path: string, lines: readonly string[] = ['Connection: Upgrade', 'Upgrade: websocket'], method = 'GET', body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(Number(new URL(feed.origin).port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => { text += String(chunk); });
    socket.on('close', () => { resolve(text); });
    socket.on('error', reject);
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  });
}

describe('live feed beside plain routes', () => {
  it('leaves requests alone, those to its own path too', async () => {
    const server = createServer((request, response) => { response.end(`route ${request.url ?? ''}`); });
    const feed = await feeds.open({}, { server });
    expect(await (await fetch(`${feed.origin}/`)).text()).toBe('route /');
    expect(await (await fetch(`${feed.origin}/tasks`)).text()).toBe('route /tasks');
    await feed.client().hello();
  });

  it('takes its exact path, with or without query, and no other', async () => {
    const server = createServer((_, response) => { response.writeHead(404).end(); });
    const feed = await feeds.open({ path: '/api/feed' }, { server });
    await new RawClient(`${feed.url}?x=1`).hello().then(({ socket }) => { socket.terminate(); });
    for (const path of ['/api/feed/', '/api/feed/x', '/api', '/API/feed', '/api/feedx', '/']) {
      await expect(new RawClient(feed.origin.replace('http:', 'ws:') + path).opened).rejects.toThrow('404');
    }
  });

  it('treats an upgrade that nobody wants as Node does without it: as an ordinary request', async () => {
    const server = createServer((request, response) => { response.writeHead(404).end(`no ${request.url ?? ''}`); });
    const feed = await feeds.open({}, { server });
    expect(await rawUpgrade(feed, '/other', ['Connection: Upgrade, close', 'Upgrade: websocket'])).toMatch(/^HTTP\/1\.1 404 [^]*no \/other/);
  });

  it('does not disturb clients that offer another protocol with every request', async () => {
    const server = createServer((request, response) => { request.on('data', () => {}).on('end', () => { response.end('plain answer'); }); });
    const feed = await feeds.open({}, { server });
    const h2c = ['Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];
    expect(await rawUpgrade(feed, '/', h2c)).toContain('plain answer');
    expect(await rawUpgrade(feed, '/tasks', h2c)).toContain('plain answer');
  });

  it.runIf(ASKS)('keeps the body of such a request', async () => {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => { body += String(chunk); });
      request.on('end', () => { response.end(`got ${body}`); });
    });
    const feed = await feeds.open({}, { server });
    expect(await rawUpgrade(feed, '/', ['Connection: Upgrade, close', 'Upgrade: h2c', 'Content-Length: 5'], 'POST', 'hello')).toContain('got hello');
  });
});

describe('live feed on a Node that upgrades as soon as there is a listener', () => {
  /** Makes a server behave as those of Node before 24.9, which ask nobody. */
  async function oldServer(server: Server): Promise<Feed> {
    Reflect.deleteProperty(server, 'shouldUpgradeCallback');
    const feed = await feeds.open({}, { server });
    Object.defineProperty(server, 'shouldUpgradeCallback', { value: () => server.listenerCount('upgrade') > 0, configurable: true });
    return feed;
  }

  it('answers an upgrade that nobody wants as an ordinary request', async () => {
    const feed = await oldServer(createServer((request, response) => { request.on('data', () => {}).on('end', () => { response.end(`plain ${request.url ?? ''}`); }); }));
    expect(await rawUpgrade(feed, '/other')).toMatch(/^HTTP\/1\.1 200 [^]*plain \/other/);
    await feed.client().hello();
  });

  it('refuses one with a body, which is lost by then', async () => {
    const feed = await oldServer(createServer((_, response) => { response.end('plain'); }));
    expect(await rawUpgrade(feed, '/', ['Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 5'], 'POST', 'hello')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('refuses it when there is nobody to answer requests', async () => {
    const feed = await oldServer(createServer());
    expect(await rawUpgrade(feed, '/other')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('leaves it to the other listener when there is one', async () => {
    const server = createServer();
    const feed = await oldServer(server);
    server.on('upgrade', (_, socket: Duplex) => { socket.end('HTTP/1.1 418 mine\r\n\r\n'); });
    expect(await rawUpgrade(feed, '/other')).toContain('418 mine');
  });
});

describe('live feed beside other upgrade handlers', () => {
  it.each(['before', 'after'])('works with another WebSocket server that listens %s it, on other paths', async (order) => {
    const server = createServer();
    if (order === 'before') echoServer(server, '/echo');
    const feed = await feeds.open({}, { server });
    if (order === 'after') echoServer(server, '/echo');
    expect(await echoOf(feed, '/echo')).toBe('echo hello');
    await feed.client().hello();
  });

  it('works with a handler that answers every upgrade, as frameworks do', async () => {
    const server = createServer();
    const seen: (string | undefined)[] = [];
    server.on('upgrade', (request, socket) => {
      seen.push(request.url);
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    });
    const feed = await feeds.open({}, { server });
    const peer = await feed.client().hello();
    await peer.subscribe('a', ['tasks']);
    feed.log.append();
    await peer.nextOf('ev');
    expect(seen).toEqual([]);
    expect(await rawUpgrade(feed, '/other')).toContain('404');
    expect(seen).toEqual(['/other']);
  });

  it('works with a handler that leaves what it does not know open, as a development server does', async () => {
    const server = createServer();
    echoServer(server, '/_next/webpack-hmr');
    const feed = await feeds.open({}, { server });
    expect(await echoOf(feed, '/_next/webpack-hmr')).toBe('echo hello');
    await feed.client().hello();
  });

  it('works with a `ws` server in server mode, which closes every path that is not its own', async () => {
    const server = createServer();
    const other = new WebSocketServer({ server, path: '/echo' });
    other.on('connection', (socket) => { socket.on('message', (data) => { socket.send(`echo ${textOf(data)}`); }); });
    feeds.defer(() => { other.close(); });
    const feed = await feeds.open({}, { server });
    expect(await echoOf(feed, '/echo')).toBe('echo hello');
    await feed.client().hello();
  });

  it('serves two feeds on one server, each with its own events', async () => {
    const server = createServer();
    const first = await feeds.open({ path: '/one' }, { server });
    const secondLog = new MemoryLog('epoch-2');
    const second = attachWebSocket(server, { path: '/two' }, { ...deps(), events: secondLog.events });
    const one = await first.client().hello();
    const two = await new RawClient(first.url.replace('/one', '/two')).hello();
    await one.subscribe('a', ['tasks']);
    await two.subscribe('a', ['tasks']);
    secondLog.append('second');
    first.log.append('first');
    await Promise.all([one.sync(), two.sync()]);
    expect([one, two].map(({ events }) => events.map(({ taskId }) => taskId))).toEqual([['first'], ['second']]);
    await first.attachment.detach();
    secondLog.append('third');
    await two.nextOf('ev');
    await second.detach();
  });

  it.runIf(ASKS)('asks the callback of the app whether to upgrade other paths', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer({ shouldUpgradeCallback: (request: IncomingMessage) => { asked.push(request.url); return false; } }, (_, response) => { response.end('plain'); });
    const feed = await feeds.open({}, { server });
    await feed.client().hello();
    expect(await rawUpgrade(feed, '/other', ['Connection: Upgrade, close', 'Upgrade: websocket'])).toContain('plain');
    expect(asked).toEqual(['/other']);
  });
});

describe('WebSocketAttachment.handleUpgrade', () => {
  it('takes over requests that the app routes by hand, and leaves the server untouched', async () => {
    const server = createServer();
    const before = fingerprint(server);
    const feed = await feeds.open({ intercept: false }, { server });
    expect(fingerprint(server)).toEqual(before);
    server.on('upgrade', (request, socket, head) => { feed.attachment.handleUpgrade(request, socket, head); });
    await new RawClient(`${feed.origin.replace('http:', 'ws:')}/any/path`).hello().then(({ socket }) => { socket.terminate(); });
  });

  it('takes a socket once when it comes twice', async () => {
    const feed = await feeds.open({ intercept: false });
    feed.server.on('upgrade', (request, socket, head) => {
      feed.attachment.handleUpgrade(request, socket, head);
      feed.attachment.handleUpgrade(request, socket, head);
    });
    await feed.client().hello();
    expect(feed.attachment.clients).toBe(1);
  });
});

describe('detach', () => {
  it('leaves listeners and methods of the server exactly as they were', async () => {
    const server = createServer();
    echoServer(server, '/echo');
    const before = fingerprint(server);
    const attachment = attachWebSocket(server, {}, deps());
    expect(fingerprint(server)).not.toEqual(before);
    await attachment.detach();
    expect(fingerprint(server)).toEqual(before);
  });

  it('puts back a method that the server had of its own', async () => {
    const server = createServer();
    const own = server.emit.bind(server);
    Object.defineProperty(server, 'emit', { value: own, configurable: true, writable: true, enumerable: true });
    const before = Object.getOwnPropertyDescriptor(server, 'emit');
    await attachWebSocket(server, {}, deps()).detach();
    expect(Object.getOwnPropertyDescriptor(server, 'emit')).toEqual(before);
  });

  it.each([['first', 'second'], ['second', 'first']])('of two feeds, the %s before the other, leaves the server as it was', async (early) => {
    const server = createServer();
    const before = fingerprint(server);
    const attachments = [attachWebSocket(server, { path: '/one' }, deps()), attachWebSocket(server, { path: '/two' }, deps())];
    if (early === 'second') attachments.reverse();
    for (const attachment of attachments) await attachment.detach();
    expect(fingerprint(server)).toEqual(before);
  });

  it('stays without effect in the chain when somebody wrapped the server after it, and does not grow it', async () => {
    const server = createServer((_, response) => { response.end('plain'); });
    const feed = await feeds.open({}, { server });
    const wrapped = server.emit.bind(server);
    const events: unknown[] = [];
    const foreign = (...args: Parameters<Server['emit']>): boolean => {
      events.push(args[0]);
      return wrapped(...args);
    };
    Object.defineProperty(server, 'emit', { value: foreign, configurable: true, writable: true });
    await feed.attachment.detach();
    expect(emitOf(server)).toBe(foreign);
    expect(server.listenerCount('upgrade')).toBe(0);
    expect(await rawUpgrade(feed, '/tasks', ['Connection: Upgrade, close', 'Upgrade: websocket'])).toContain('plain');
    for (let round = 0; round < 3; round += 1) {
      const again = attachWebSocket(server, {}, deps());
      expect(emitOf(server)).toBe(foreign);
      await new RawClient(feed.url).hello().then(({ socket }) => { socket.terminate(); });
      await again.detach();
    }
    expect(events).toContain('upgrade');
  });

  it('lets other upgrade handlers go on', async () => {
    const server = createServer();
    const echo = echoServer(server, '/echo');
    const feed = await feeds.open({}, { server });
    await feed.attachment.detach();
    expect(await echoOf(feed, '/echo')).toBe('echo hello');
    await until(() => echo.clients.size === 0);
  });
});

describe('live feed and ordinary requests', () => {
  it('do not disturb each other while clients connect and leave', async () => {
    const server = createServer((_, response) => { response.end('ok'); });
    const feed = await feeds.open({}, { server });
    for (let round = 0; round < 5; round += 1) {
      const peer = await feed.client().hello();
      expect(await (await fetch(feed.origin)).text()).toBe('ok');
      peer.socket.close();
      await peer.closed;
    }
  });
});
