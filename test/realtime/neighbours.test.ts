import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import fastifyWebSocket from '@fastify/websocket';
import { serve } from '@hono/node-server';
import { createNodeWebSocket } from '@hono/node-ws';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { attachWebSocket } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import { temporaryDirectory } from '../support/files.ts';
import { ManualClock, RecordingLogger } from './helpers.ts';
import { closeServer, Feeds, listen, MemoryLog, RawClient, textOf } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

/** An app that listens already. `socketPath`: where its own WebSocket echoes; undefined when it has none. */
interface App { readonly server: Server; readonly socketPath?: string }

function echo(webSockets: WebSocketServer): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  feeds.defer(() => { for (const client of webSockets.clients) client.terminate(); });
  webSockets.on('connection', (client: WebSocket) => { client.on('message', (data) => { client.send(`echo ${textOf(data)}`); }); });
  return (request, socket, head) => { webSockets.handleUpgrade(request, socket, head, (client) => webSockets.emit('connection', client, request)); };
}

async function listening(server: Server): Promise<Server> {
  const sockets: Duplex[] = [];
  server.on('connection', (socket: Duplex) => { sockets.push(socket); });
  await listen(server);
  feeds.defer(() => {
    // Upgrades that nobody answered belong to nobody.
    for (const socket of sockets) socket.destroy();
    return closeServer(server);
  });
  return server;
}

async function fastifyApp(hasSockets: boolean): Promise<App> {
  const app = fastify();
  if (hasSockets) {
    await app.register(fastifyWebSocket);
    app.get('/own', { websocket: true }, (socket) => { socket.on('message', (data) => { socket.send(`echo ${textOf(data)}`); }); });
  }
  app.get('/', () => 'route');
  await app.listen({ port: 0, host: '127.0.0.1' });
  feeds.defer(async () => { app.server.closeAllConnections(); await app.close(); });
  return { server: app.server, ...(hasSockets ? { socketPath: '/own' } : {}) };
}

async function honoApp(): Promise<App> {
  const app = new Hono();
  const sockets = createNodeWebSocket({ app });
  app.get('/', (context) => context.text('route'));
  app.get('/own', sockets.upgradeWebSocket(() => ({ onMessage: ({ data }, socket) => { socket.send(`echo ${String(data)}`); } })));
  const ready = Promise.withResolvers<undefined>();
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => { ready.resolve(undefined); });
  await ready.promise;
  if (!('closeAllConnections' in server)) throw new TypeError('not a plain HTTP server');
  sockets.injectWebSocket(server);
  feeds.defer(() => closeServer(server));
  return { server, socketPath: '/own' };
}

const APPS: Readonly<Record<string, () => Promise<App>>> = {
  'plain http': async () => ({ server: await listening(createServer((_, response) => { response.end('route'); })) }),
  'Express 5': async () => {
    const app = express();
    app.get('/', (_, response) => { response.send('route'); });
    return { server: await listening(createServer(app)) };
  },
  'Fastify': () => fastifyApp(false),
  'Fastify with @fastify/websocket': () => fastifyApp(true),
  'Hono with @hono/node-ws': honoApp,
  'a ws server of its own': async () => {
    const server = await listening(createServer((_, response) => { response.end('route'); }));
    echo(new WebSocketServer({ server, path: '/own' }));
    return { server, socketPath: '/own' };
  },
  'an upgrade handler like that of Next.js, which leaves open what it does not know': async () => {
    const server = await listening(createServer((_, response) => { response.end('route'); }));
    const upgrade = echo(new WebSocketServer({ noServer: true }));
    server.on('upgrade', (request, socket: Duplex, head) => { if (request.url === '/_next/webpack-hmr') upgrade(request, socket, head); });
    return { server, socketPath: '/_next/webpack-hmr' };
  },
};

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' ? address?.port ?? 0 : 0;
}

async function echoOf(server: Server, socketPath: string, scheme = 'ws'): Promise<string> {
  const socket = new WebSocket(`${scheme}://127.0.0.1:${String(portOf(server))}${socketPath}`, { rejectUnauthorized: false });
  feeds.defer(() => { socket.terminate(); });
  const answer = new Promise<string>((resolve, reject) => {
    socket.on('open', () => { socket.send('hello'); });
    socket.on('message', (data) => { resolve(textOf(data)); });
    socket.on('error', reject);
  });
  return answer;
}

/** The status of the answer to an upgrade of a path that nobody has; "open" when none comes before another request is answered. */
async function strangeUpgrade(server: Server): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(portOf(server))}/nobody`);
  feeds.defer(() => { socket.terminate(); });
  const outcome = new Promise<string>((resolve) => {
    socket.on('unexpected-response', (_, response) => { resolve(String(response.statusCode)); });
    socket.on('error', (error) => { resolve(error.message.replace(/^Unexpected server response: /, '')); });
    socket.on('open', () => { resolve('open'); });
  });
  const others = (async () => {
    for (let round = 0; round < 20; round += 1) await fetch(`http://127.0.0.1:${String(portOf(server))}/`);
    return 'unanswered';
  })();
  return Promise.race([outcome, others]);
}

function fingerprint(server: Server): unknown {
  return [server.eventNames().map((name) => [name, server.listeners(name)]), Object.getOwnPropertyNames(server).sort(), Object.getOwnPropertyDescriptor(server, 'emit')];
}

function attach(server: Server, where = '/feed') {
  const log = new MemoryLog();
  const attachment = attachWebSocket(server, { path: where }, { events: log.events, clock: new ManualClock(), logger: new RecordingLogger() });
  feeds.defer(async () => { await attachment.detach(); });
  return { log, attachment, url: `ws://127.0.0.1:${String(portOf(server))}${where}` };
}

async function watches(url: string, log: MemoryLog): Promise<void> {
  const peer = new RawClient(url);
  await peer.hello();
  await peer.subscribe('a', ['tasks']);
  const event = log.append();
  expect((await peer.nextOf('ev')).events).toEqual([event]);
  peer.socket.close();
  await peer.closed;
}

describe.each(Object.entries(APPS))('attachWebSocket beside %s', (_, open) => {
  it('serves its own path, leaves the routes and sockets of the app alone, and detaches exactly', async () => {
    const { server, socketPath } = await open();
    const strangeBefore = await strangeUpgrade(server);
    const before = fingerprint(server);
    const { log, attachment, url } = attach(server);
    await watches(url, log);
    expect(await (await fetch(`http://127.0.0.1:${String(portOf(server))}/`)).text()).toBe('route');
    if (socketPath !== undefined) expect(await echoOf(server, socketPath)).toBe('echo hello');
    await watches(url, log);
    expect(await strangeUpgrade(server)).toBe(strangeBefore);
    await attachment.detach();
    expect(fingerprint(server)).toEqual(before);
    if (socketPath !== undefined) expect(await echoOf(server, socketPath)).toBe('echo hello');
    expect(await strangeUpgrade(server)).toBe(strangeBefore);
  });

  it('serves two feeds on two paths', async () => {
    const { server } = await open();
    const [one, two] = [attach(server, '/one'), attach(server, '/two')];
    await watches(one.url, one.log);
    await one.attachment.detach();
    await watches(two.url, two.log);
  });
});

describe('attachWebSocket on https', () => {
  /** A server with a certificate that nobody vouches for. */
  async function secureServer(): Promise<Server> {
    const directory = temporaryDirectory();
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd: directory, stdio: 'ignore' });
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(path.join(directory, name)));
    const server = createHttpsServer({ key, cert }, (_, response) => { response.end('route'); });
    return listening(server);
  }

  it('leaves the sockets of the app alone, and detaches exactly', async () => {
    const server = await secureServer();
    echo(new WebSocketServer({ server, path: '/own' }));
    const before = fingerprint(server);
    const { attachment } = attach(server);
    expect(await echoOf(server, '/own', 'wss')).toBe('echo hello');
    await attachment.detach();
    expect(fingerprint(server)).toEqual(before);
    expect(await echoOf(server, '/own', 'wss')).toBe('echo hello');
  });

  it('serves wss', async () => {
    const server = await secureServer();
    const { log, attachment } = attach(server);
    const socket = new WebSocket(`wss://127.0.0.1:${String(portOf(server))}/feed`, 'task-system.v1', { rejectUnauthorized: false });
    feeds.defer(() => { socket.terminate(); });
    const types: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => { socket.send('{"type":"hello"}'); });
      socket.on('message', (data) => {
        const frame: { readonly type: string } = JSON.parse(textOf(data));
        types.push(frame.type);
        if (frame.type === 'welcome') socket.send('{"type":"sub","id":"a","topics":["tasks"]}');
        if (frame.type === 'subok') log.append();
        if (frame.type === 'ev') resolve();
      });
    });
    await done;
    expect(types).toEqual(['welcome', 'subok', 'ev']);
    socket.close();
    await attachment.detach();
  });
});
