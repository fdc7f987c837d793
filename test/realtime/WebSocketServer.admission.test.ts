import { get, type IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import { until } from './helpers.ts';
import { type Feed, Feeds } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

/** Asks for an upgrade and gives the HTTP answer: 101 when it was granted. */
function statusOf(feed: Feed, headers: Record<string, string> = {}): Promise<{ readonly status: number; readonly body: string; readonly headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    const request = get(feed.url.replace('ws:', 'http:'), {
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
    });
    request.on('error', reject);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, body: '', headers: response.headers });
    });
    request.on('response', (response) => {
      let body = '';
      response.on('data', (chunk) => { body += String(chunk); });
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, body, headers: response.headers }); });
    });
  });
}

describe('live feed: without authorize', () => {
  it('lets clients of this machine in and says in the log that it is open to nobody else', async () => {
    const feed = await feeds.open();
    expect((await statusOf(feed)).status).toBe(101);
    expect(feed.logger.messages('info').join()).toContain('this machine only');
  });

  it.each(['localhost', 'localhost:3000', '127.0.0.1:80', '[::1]:8080', 'app.localhost'])('lets a request to the host "%s" in', async (host) => {
    expect((await statusOf(await feeds.open(), { Host: host })).status).toBe(101);
  });

  it('lets them in through a server that listens everywhere', async () => {
    const feed = await feeds.open();
    await new Promise<void>((resolve) => { feed.server.close(() => { resolve(); }); });
    await new Promise<void>((resolve) => { feed.server.listen(0, resolve); });
    const bound = feed.server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    expect((await statusOf({ ...feed, url: `ws://127.0.0.1:${String(port)}/tasks` })).status).toBe(101);
  });

  it('refuses a page whose own name was made to point to this machine', async () => {
    const { status } = await statusOf(await feeds.open(), { Host: 'evil.example', Origin: 'http://evil.example' });
    expect(status).toBe(403);
  });

  it.each(['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])('refuses what a proxy on this machine passed on (%s)', async (header) => {
    expect((await statusOf(await feeds.open(), { [header]: '203.0.113.7' })).status).toBe(403);
  });

  it('warns at the first refusal, once', async () => {
    const feed = await feeds.open();
    const { body } = await statusOf(feed, { 'X-Forwarded-For': '203.0.113.7' });
    await statusOf(feed, { 'X-Forwarded-For': '203.0.113.7' });
    expect(body).toContain('authorize');
    expect(feed.logger.messages('warn')).toHaveLength(1);
    expect(feed.logger.messages('warn')[0]).toContain('authorize');
  });

  const external = Object.values(networkInterfaces()).flat().find((address) => address?.family === 'IPv4' && !address.internal);

  it.skipIf(external === undefined)('refuses a client with another address than those of loopback', async () => {
    const feed = await feeds.open();
    const address = external?.address ?? '';
    await new Promise<void>((resolve) => { feed.server.close(() => { resolve(); }); });
    await new Promise<void>((resolve) => { feed.server.listen(0, address, resolve); });
    const bound = feed.server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const elsewhere = { ...feed, url: `ws://${address}:${String(port)}${feed.attachment.path}` };
    expect((await statusOf(elsewhere, { Host: 'localhost' })).status).toBe(403);
  });
});

describe('live feed: origin', () => {
  const authenticate = (): boolean => true;

  const allowed = [
    ['no origin', {}],
    ['the origin of the host itself', { Host: 'app.example:8080', Origin: 'http://app.example:8080' }],
    ['the origin of the host behind TLS', { Host: 'app.example', Origin: 'https://app.example' }],
    ['another spelling of the host', { Host: 'APP.example:443', Origin: 'https://app.example' }],
    ['a listed origin', { Host: 'api.example', Origin: 'https://www.example' }],
  ] as const;

  it.each(allowed)('allows %s', async (_, headers) => {
    expect((await statusOf(await feeds.open({ authenticate, origins: ['https://www.example'] }), headers)).status).toBe(101);
  });

  const refused = [
    ['another host', { Host: 'app.example', Origin: 'https://evil.example' }],
    ['another port', { Host: 'app.example', Origin: 'http://app.example:8080' }],
    ['a host that only begins the same', { Host: 'app.example', Origin: 'https://app.example.evil' }],
    ['another scheme of a listed origin', { Host: 'api.example', Origin: 'http://www.example' }],
    ['the origin "null"', { Host: 'app.example', Origin: 'null' }],
    ['an origin that is no URL', { Host: 'app.example', Origin: 'app.example' }],
    ['an empty origin', { Host: 'app.example', Origin: '' }],
  ] as const;

  it.each(refused)('refuses %s with 403, without asking authenticate', async (_, headers) => {
    let asked = 0;
    const feed = await feeds.open({ authenticate: () => { asked += 1; return true; }, origins: ['https://www.example'] });
    expect((await statusOf(feed, headers)).status).toBe(403);
    expect(asked).toBe(0);
  });
});

describe('live feed: authenticate', () => {
  it('receives the request before the upgrade', async () => {
    const seen: (string | undefined)[] = [];
    const feed = await feeds.open({ authenticate: (request) => { seen.push(request.headers.cookie, request.url); return true; } });
    expect((await statusOf(feed, { Cookie: 'session=1' })).status).toBe(101);
    expect(seen).toEqual(['session=1', '/tasks']);
  });

  it('receives the token of an Authorization header or of a subprotocol', async () => {
    const seen: Credentials[] = [];
    const feed = await feeds.open({ authenticate: (_, credentials) => seen.push(credentials) > 0 });
    await statusOf(feed);
    await statusOf(feed, { Authorization: 'Bearer abc.def' });
    await statusOf(feed, { 'Sec-WebSocket-Protocol': `task-system.v1, bearer.${Buffer.from('pässwörd').toString('base64url')}` });
    expect(seen).toEqual([{}, { token: 'abc.def' }, { token: 'pässwörd' }]);
  });

  it('opens the feed to clients that are not of this machine', async () => {
    expect((await statusOf(await feeds.open({ authenticate: () => true }), { Host: 'app.example', 'X-Forwarded-For': '203.0.113.7' })).status).toBe(101);
  });

  it('answers 401 and no upgrade when it says no', async () => {
    const feed = await feeds.open({ authenticate: () => Promise.resolve(false) });
    const { status, headers } = await statusOf(feed);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(feed.attachment.clients).toBe(0);
  });

  it.each(['null', '1', '"yes"', '{}', '[]'])('takes %s for a no', async (json) => {
    // What plain JavaScript may return; the types forbid it.
    const answer: boolean = JSON.parse(json);
    const authenticate = (): boolean => answer;
    expect((await statusOf(await feeds.open({ authenticate }))).status).toBe(401);
  });

  it('answers 401 and logs when it throws or rejects', async () => {
    const throwing = await feeds.open({ authenticate: () => { throw new Error('no database'); } });
    const rejecting = await feeds.open({ authenticate: () => Promise.reject(new Error('no database')) });
    expect([(await statusOf(throwing)).status, (await statusOf(rejecting)).status]).toEqual([401, 401]);
    expect(throwing.logger.lines.at(-1)).toMatchObject({ level: 'error', details: { error: { message: 'no database' } } });
    expect(rejecting.logger.messages('error')).toHaveLength(1);
  });

  it('answers 401 when it takes longer than 10 seconds', async () => {
    let asked = false;
    const feed = await feeds.open({ authenticate: () => { asked = true; return new Promise<boolean>(() => {}); } });
    const answer = statusOf(feed);
    await until(() => asked);
    feed.clock.advance(10_000);
    expect((await answer).status).toBe(401);
    expect(feed.logger.messages('error')).toHaveLength(1);
  });

  it('survives a client that goes away while it is asked', async () => {
    const gate = Promise.withResolvers<boolean>();
    let asked = 0;
    const feed = await feeds.open({ authenticate: () => { asked += 1; return gate.promise; } });
    const peer = feed.client();
    await until(() => asked === 1);
    peer.socket.terminate();
    await peer.closed;
    gate.resolve(true);
    await feed.client().hello();
    await until(() => feed.attachment.clients === 1);
  });

  it('is asked again with the token of a hello', async () => {
    const seen: Credentials[] = [];
    const feed = await feeds.open({ authenticate: (_, credentials) => seen.push(credentials) > 0 });
    const peer = feed.client({ headers: { Authorization: 'Bearer first' } });
    await peer.opened;
    peer.send({ type: 'hello', token: 'second' });
    await peer.nextOf('welcome');
    expect(seen).toEqual([{ token: 'first' }, { token: 'second' }]);
  });

  it('closes with 4401 when the token of a hello is refused', async () => {
    const feed = await feeds.open({ authenticate: (_, { token }) => token !== 'bad' });
    const peer = feed.client();
    await peer.opened;
    peer.send({ type: 'hello', token: 'bad' });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'unauthorized' });
    expect((await peer.closed).code).toBe(4401);
  });

  it('sends nothing before the token of a hello is accepted', async () => {
    const gate = Promise.withResolvers<boolean>();
    const feed = await feeds.open({ authenticate: (_, { token }) => (token === undefined ? true : gate.promise) });
    const peer = feed.client();
    await peer.opened;
    peer.send({ type: 'hello', token: 'slow' });
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'] });
    expect((await peer.closed).code).toBe(4400);
    gate.resolve(true);
  });
});

describe('live feed: handshake', () => {
  it('refuses another method than GET', async () => {
    const feed = await feeds.open();
    const response = await new Promise<number | undefined>((resolve, reject) => {
      const request = get(feed.url.replace('ws:', 'http:'), {
        method: 'DELETE', headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' },
      });
      request.on('response', ({ statusCode }) => { resolve(statusCode); });
      request.on('error', reject);
    });
    expect(response).toBe(405);
  });

  it('refuses a handshake without key', async () => {
    expect((await statusOf(await feeds.open(), { 'Sec-WebSocket-Key': '' })).status).toBe(400);
  });
});
