import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { authorizationOf } from '../../../src/lib/task-system/policy/network/ProxyOrder.ts';
import type { ResolveAll } from '../../../src/lib/task-system/types/AddressGuard.ts';
import { until } from '../../core/until.ts';
import { admit, ask, connectRequest, dial, echoServer, getRequest, LIMITS, openProxy, openTunnel, resolverOf, webServer, type Admitted } from './support.ts';

/** What comes back for a request of a tunnel, without its body. */
async function statusFor(admitted: Admitted, target: string): Promise<string> {
  const answer = await ask(admitted.path, connectRequest(target, admitted.authorization));
  return answer.split('\r\n', 1)[0] ?? '';
}

describe('a task that asks for hosts in odd ways', () => {
  it.each([
    'evil.test:443', 'WEB.test:443', 'web.test.:443', 'web.test:0443', 'web.test:0', 'web.test:99999', 'user@web.test:443', 'web.test@evil.test:443', 'evil.web.test:443',
    'web.test%2eevil.test:443', 'web.test/:443', '*.test:443', '127.0.0.1:80', '0177.0.0.1:80', '0x7f.1:80', '127.1:80', '2130706433:80', '[::1]:80', '[::ffff:127.0.0.1]:80',
    '[::ffff:7f00:1]:80', '0:80', '0.0.0.0:80', '[::]:80', 'localhost:80', '169.254.169.254:80', 'metadata.google.internal:80',
  ])('gets no tunnel to %s', async (target) => {
    const seen: string[] = [];
    const resolve = resolverOf({});
    const { proxy } = openProxy({ resolve: (name, options, callback) => { seen.push(name); resolve(name, options, callback); } });
    expect(await statusFor(admit(proxy, ['web.test']), target)).toBe('HTTP/1.1 403 Forbidden');
    expect(seen).toEqual([]);
  });

  it.each(['web.test\0.evil.test:443', 'web.test\t:443', 'web.test :443', 'wéb.test:443'])('gets an end of the connection for %j', async (target) => {
    expect(await statusFor(admit(openProxy().proxy, ['*']), target)).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  it.each(['127.0.0.1', '10.0.0.1', '8.8.8.8', '[2606:4700::1111]'])('does not get the address %s for a wildcard', async (address) => {
    expect(await statusFor(admit(openProxy().proxy, ['*', '*:443']), `${address}:443`)).toBe('HTTP/1.1 403 Forbidden');
  });

  it('is told what to do when it asks for an https address in the open', async () => {
    const admitted = admit(openProxy().proxy, ['web.test']);
    const answer = await ask(admitted.path, getRequest('https://web.test/secret', admitted.authorization));
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('https goes through a tunnel (CONNECT)');
    expect(admitted.denials).toMatchObject([{ code: 'NETWORK_DENIED', host: 'https://web.test/secret' }]);
  });

  it('gets an address that the policy names', async () => {
    const port = await echoServer();
    const { answer } = await openTunnel(admit(openProxy().proxy, ['127.0.0.1']), `127.0.0.1:${String(port)}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('does not get an address that the policy names where it is not public', async () => {
    expect(await statusFor(admit(openProxy({ rules: {} }).proxy, ['127.0.0.1', '169.254.169.254']), '169.254.169.254:80')).toBe('HTTP/1.1 403 Forbidden');
  });

  it('gets the port that the policy names, and no other', async () => {
    const [port, other] = [await echoServer(), await echoServer()];
    const admitted = admit(openProxy().proxy, [`web.test:${String(port)}`]);
    expect((await openTunnel(admitted, `web.test:${String(port)}`)).answer).toMatch(/ 200 /);
    expect(await statusFor(admitted, `web.test:${String(other)}`)).toBe('HTTP/1.1 403 Forbidden');
  });

  it.each([
    ['127.0.0.1'], ['::1'], ['10.1.2.3'], ['192.168.0.1'], ['169.254.169.254'], ['100.64.0.1'], ['0.0.0.0'], ['::ffff:127.0.0.1'], ['64:ff9b::7f00:1'], ['fd00::1'], ['fe80::1'], ['2002:7f00:1::'],
  ])('does not get %s under an allowed name', async (address) => {
    const { proxy } = openProxy({ rules: {}, resolve: resolverOf({ 'web.test': [address] }) });
    expect(await ask(...asking(admit(proxy, ['web.test']), 'web.test:80'))).toContain('ADDRESS_REFUSED');
  });

  it('does not get a name that has one bad address among good ones', async () => {
    const { proxy } = openProxy({ rules: {}, resolve: resolverOf({ 'web.test': ['93.184.216.34', '127.0.0.1'] }) });
    expect(await ask(...asking(admit(proxy, ['web.test']), 'web.test:80'))).toContain('ADDRESS_REFUSED');
  });

  it('does not get another address by a name that changes its mind: it is looked up once, and that is what is connected', async () => {
    const port = await webServer((_request, response) => { response.end('secret of the loopback'); });
    let asked = 0;
    // An address that may be reached at the first look, another one at any other.
    const resolve: ResolveAll = (_name, _options, callback) => { callback(null, [{ address: asked++ === 0 ? '127.0.0.2' : '127.0.0.1', family: 4 }]); };
    const { proxy } = openProxy({ rules: { allow: ['127.0.0.2'] }, resolve });
    const answer = await ask(...asking(admit(proxy, ['web.test']), `web.test:${String(port)}`));
    expect(asked).toBe(1);
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(await ask(...asking(admit(proxy, ['web.test']), `web.test:${String(port)}`))).toContain('ADDRESS_REFUSED');
  });
});

describe('a task with the token of nobody', () => {
  it.each([
    ['no token', ''], ['an empty one', 'Basic '], ['a wrong one', authorizationOf('guess')], ['another scheme', 'Bearer abc'], ['no user', `Basic ${Buffer.from('x').toString('base64')}`],
  ])('gets nothing with %s', async (_what, authorization) => {
    const admitted = admit(openProxy().proxy, ['*']);
    expect(await ask(admitted.path, connectRequest('web.test:443', authorization))).toMatch(/^HTTP\/1\.1 407 Proxy Authentication Required\r\n/);
    expect(await ask(admitted.path, getRequest('http://web.test/', authorization))).toMatch(/^HTTP\/1\.1 407 Proxy Authentication Required\r\n/);
    expect(admitted.access.traffic.connections).toBe(0);
  });

  it('gets nothing with the token of another task on its own socket', async () => {
    const { proxy } = openProxy();
    const [own, other] = [admit(proxy, []), admit(proxy, ['*'])];
    expect(await ask(own.path, connectRequest('web.test:443', other.authorization))).toMatch(/^HTTP\/1\.1 407 /);
  });

  it('gets nothing with its own token on the socket of another task', async () => {
    const { proxy } = openProxy();
    const [own, other] = [admit(proxy, ['*']), admit(proxy, ['*'])];
    expect(await ask(other.path, connectRequest('web.test:443', own.authorization))).toMatch(/^HTTP\/1\.1 407 /);
  });

  it('gets what its own token gives it on the shared port, and not what another one does', async () => {
    const { proxy } = openProxy();
    await proxy.listen();
    const [own, other] = [proxy.admit(false), proxy.admit(false)];
    own.access.grant({ hosts: [], onDenied: () => undefined });
    other.access.grant({ hosts: ['*'], onDenied: () => undefined });
    const { connect } = await import('node:net');
    const socket = connect(own.order.port, '127.0.0.1');
    socket.write(connectRequest('web.test:443', authorizationOf(own.order.token)));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('a task that is over', () => {
  it('has its tunnels cut', async () => {
    const port = await echoServer();
    const admitted = admit(openProxy().proxy, ['web.test']);
    const { socket } = await openTunnel(admitted, `web.test:${String(port)}`);
    admitted.close();
    expect(await text(socket)).toBe('');
  });

  it('has the connections to hosts cut as well', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const port = await echoServer((socket) => { socket.once('close', () => { resolve(undefined); }); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    await openTunnel(admitted, `web.test:${String(port)}`);
    admitted.close();
    await promise;
  });

  it('has requests cut that wait for their response', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const port = await webServer(() => { resolve(undefined); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const answer = ask(admitted.path, getRequest(`http://web.test:${String(port)}/`, admitted.authorization));
    await promise;
    admitted.close();
    expect(await answer).not.toContain('200');
  });

  it('cannot connect any more', async () => {
    const admitted = admit(openProxy().proxy, ['web.test']);
    admitted.close();
    await expect(dial(admitted.path)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });

  it('gets nothing on a connection that it opened before', async () => {
    const admitted = admit(openProxy().proxy, ['web.test']);
    const socket = await dial(admitted.path);
    admitted.close();
    socket.write(connectRequest('web.test:443', admitted.authorization));
    expect(await text(socket).catch(() => '')).toBe('');
  });

  it('gets nothing by its token on the shared port', async () => {
    const { proxy } = openProxy();
    await proxy.listen();
    const { order, access, close } = proxy.admit(false);
    access.grant({ hosts: ['*'], onDenied: () => undefined });
    close();
    const { connect } = await import('node:net');
    const socket = connect(order.port, '127.0.0.1');
    socket.write(connectRequest('web.test:443', authorizationOf(order.token)));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 407 /);
  });

  it('loses a connection that is just being made', async () => {
    const resolving = Promise.withResolvers<Parameters<ResolveAll>[2]>();
    const { proxy } = openProxy({ resolve: (_name, _options, callback) => { resolving.resolve(callback); } });
    const port = await echoServer();
    const admitted = admit(proxy, ['web.test']);
    const answer = ask(...asking(admitted, `web.test:${String(port)}`));
    const callback = await resolving.promise;
    admitted.close();
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
    expect(await answer.catch(() => '')).not.toContain(' 200 ');
  });
});

describe('a task that takes more than its share', () => {
  it('has as many connections as it may, and is told so', async () => {
    const port = await echoServer();
    const { proxy } = openProxy({ limits: { ...LIMITS, maxConnections: 2 } });
    const admitted = admit(proxy, ['web.test']);
    const target = `web.test:${String(port)}`;
    const { socket } = await openTunnel(admitted, target);
    await openTunnel(admitted, target);
    const answer = await ask(...asking(admitted, target));
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(answer).toContain('NETWORK_BUSY');
    expect(admitted.denials).toEqual([]);
    socket.end();
    await once(socket.resume(), 'close');
    // The proxy may see the end of the connection later than the task does.
    await until(async () => (await openTunnel(admitted, target)).answer.includes(' 200 '));
  });

  it('takes nothing from another task', async () => {
    const port = await echoServer();
    const { proxy } = openProxy({ limits: { ...LIMITS, maxConnections: 1 } });
    const [greedy, other] = [admit(proxy, ['web.test']), admit(proxy, ['web.test'])];
    await openTunnel(greedy, `web.test:${String(port)}`);
    await Promise.all(Array.from({ length: 40 }, () => dial(greedy.path)));
    expect((await openTunnel(other, `web.test:${String(port)}`)).answer).toMatch(/ 200 /);
  });

  it('is answered more slowly when it goes on asking for what it does not get', async () => {
    const pauses: number[] = [];
    const { proxy } = openProxy({ pause: (ms) => { pauses.push(ms); return Promise.resolve(); } });
    const admitted = admit(proxy, ['web.test']);
    const deny = (): Promise<string> => ask(...asking(admitted, 'evil.test:443'));
    for (let round = 0; round < 100; round++) await deny();
    expect(pauses).toEqual([]);
    expect(await deny()).toContain('NETWORK_DENIED');
    expect(pauses).toEqual([1_000]);
  });

  it('is not held up by another task that is', async () => {
    const { proxy } = openProxy({ pause: () => new Promise(() => undefined) });
    const [greedy, other] = [admit(proxy, ['web.test']), admit(proxy, ['web.test'])];
    for (let round = 0; round < 100; round++) await ask(...asking(greedy, 'evil.test:443'));
    const waiting = await dial(greedy.path);
    waiting.write(connectRequest('evil.test:443', greedy.authorization));
    expect(await ask(...asking(other, 'evil.test:443'))).toContain('NETWORK_DENIED');
  });

  it('cannot make the host fall over where no more files can be opened', async () => {
    const { createProxyServer } = await import('../../../src/lib/task-system/policy/network/ProxyServer.ts');
    const server = createProxyServer(() => undefined, { maxClients: 1, headersTimeoutMs: 1_000 });
    expect(server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))).toBe(true);
  });

  it('has silent connections ended beyond a bound', async () => {
    const admitted = admit(openProxy({ limits: { ...LIMITS, maxConnections: 1 } }).proxy, []);
    const sockets = await Promise.all(Array.from({ length: 40 }, () => dial(admitted.path)));
    await Promise.any(sockets.map((socket) => once(socket.resume(), 'close')));
  });

  it('has a head that never ends cut off, however slowly it comes', async () => {
    const admitted = admit(openProxy({ limits: { ...LIMITS, headersTimeoutMs: 40 } }).proxy, ['*']);
    const socket = await dial(admitted.path);
    socket.write('CONNECT web.test:443 HTTP/1.1\r\nHost: ');
    const drip = setInterval(() => { socket.write('x'); }, 10);
    await new Promise((resolve) => { socket.resume().once('close', resolve); });
    clearInterval(drip);
    expect(admitted.access.traffic.connections).toBe(0);
  });

  it('has a head cut off that is larger than it may be', async () => {
    const admitted = admit(openProxy().proxy, ['*']);
    expect(await ask(admitted.path, getRequest('http://web.test/', admitted.authorization, `X: ${'a'.repeat(20_000)}\r\n`))).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large/);
  });

  it('has a tunnel ended through which nothing passes', async () => {
    const port = await echoServer();
    const { proxy } = openProxy({ limits: { ...LIMITS, idleTimeoutMs: 40 } });
    const { socket } = await openTunnel(admit(proxy, ['web.test']), `web.test:${String(port)}`);
    expect(await text(socket)).toBe('');
  });

  it('has a connection given up that does not come about', async () => {
    const { proxy } = openProxy({ resolve: () => undefined, limits: { ...LIMITS, connectTimeoutMs: 40 } });
    expect(await ask(...asking(admit(proxy, ['web.test']), 'web.test:443'))).toMatch(/^HTTP\/1\.1 502 [\s\S]*ETIMEDOUT/);
  });
});

describe('a task that smuggles', () => {
  it.each([
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['chunks in another word', 'Transfer-Encoding: xchunked\r\n'],
    ['a space before the colon', 'Content-Length : 5\r\n'],
    ['a folded header', 'X: 1\r\n Content-Length: 5\r\n'],
    ['a bare line feed', 'X: 1\nContent-Length: 5\r\n'],
  ])('has the connection ended for %s', async (_what, headers) => {
    const received: string[] = [];
    const port = await webServer((request, response) => { received.push(request.url ?? ''); response.end('fine'); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const head = `POST http://web.test:${String(port)}/first HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${admitted.authorization}\r\n${headers}\r\n`;
    const answer = await ask(admitted.path, `${head}0\r\n\r\nGET http://web.test:${String(port)}/second HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer).toMatch(/HTTP\/1\.1 400 Bad Request/);
    expect(received).not.toContain('/second');
  });

  it('has a body in a request without one framed, so that it cannot pass for a second request', async () => {
    const received: string[] = [];
    const port = await webServer((request, response) => { received.push(request.url ?? ''); request.resume().on('end', () => { response.end('fine'); }); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const smuggled = 'GET /second HTTP/1.1\r\nHost: x\r\n\r\n';
    const body = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    expect(await ask(admitted.path, getRequest(`http://web.test:${String(port)}/first`, admitted.authorization, `Transfer-Encoding: chunked\r\n`) + body)).toContain('fine');
    expect(received).toEqual(['/first']);
  });

  it('cannot name another host than it asked for', async () => {
    const port = await webServer((request, response) => { response.end(request.headers.host); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    expect(await ask(admitted.path, getRequest(`http://web.test:${String(port)}/`, admitted.authorization, 'Host: evil.test\r\n'))).not.toMatch(/\r\nevil\.test$/);
  });

  it.each(['hello', '\x16\x03\x01\x02\x00', '\x05\x01\x00', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0'.repeat(100)])('gets nothing for bytes that are no HTTP/1.1: %j', async (bytes) => {
    expect(await ask(admit(openProxy().proxy, ['*']).path, bytes)).toMatch(/^HTTP\/1\.1 400 Bad Request/);
  });

  it('cannot turn a plain request into another protocol', async () => {
    const port = await webServer((request, response) => { response.end(String(request.headers.upgrade)); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const request = `GET http://web.test:${String(port)}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${admitted.authorization}\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(await ask(admitted.path, request)).toContain('undefined');
  });
});

function asking(admitted: Admitted, target: string): [path: string, bytes: string] {
  return [admitted.path, connectRequest(target, admitted.authorization)];
}
