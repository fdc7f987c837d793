import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NetworkProxy } from '../../../src/lib/task-system/policy/network/NetworkProxy.ts';
import { authorizationOf } from '../../../src/lib/task-system/policy/network/ProxyOrder.ts';
import { temporaryDirectory } from '../../core/support.ts';
import { admit, ask, connectRequest, dial, echoServer, getRequest, LIMITS, openProxy, openTunnel, resolverOf, webServer } from './support.ts';

describe('NetworkProxy tunnels', () => {
  it('connects to a host that the policy names', async () => {
    const port = await echoServer();
    const admitted = admit(openProxy().proxy, ['web.test']);
    const { socket, answer } = await openTunnel(admitted, `web.test:${String(port)}`);
    expect(answer).toBe('HTTP/1.1 200 Connection Established\r\n\r\n');
    socket.end('hello');
    expect(await text(socket)).toBe('HELLO');
  });

  it('passes on what came with the request itself', async () => {
    const port = await echoServer();
    const admitted = admit(openProxy().proxy, ['web.test']);
    const socket = await dial(admitted.path);
    socket.end(`${connectRequest(`web.test:${String(port)}`, admitted.authorization)}early`);
    expect(await text(socket)).toBe('HTTP/1.1 200 Connection Established\r\n\r\nEARLY');
  });

  it('passes megabytes unchanged, in both directions', async () => {
    const sent = Buffer.alloc(3_000_000, 'abcdefgh');
    const port = await echoServer();
    const { socket } = await openTunnel(admit(openProxy().proxy, ['web.test']), `web.test:${String(port)}`);
    const received = buffer(socket);
    socket.end(sent);
    expect((await received).equals(Buffer.from(sent.toString().toUpperCase()))).toBe(true);
  });

  it('counts connections and bytes', async () => {
    const port = await echoServer();
    const admitted = admit(openProxy().proxy, ['web.test']);
    const { socket } = await openTunnel(admitted, `web.test:${String(port)}`);
    socket.write('hello');
    await once(socket, 'data');
    expect(admitted.access.traffic).toEqual({ connections: 1, denied: 0, sentBytes: 5, receivedBytes: 5 });
    socket.end('!');
    await text(socket);
    expect(admitted.access.traffic).toMatchObject({ connections: 1, sentBytes: 6 });
  });

  it('tells the task what the system says of a connection that cannot be made', async () => {
    const admitted = admit(openProxy().proxy, ['*.test']);
    const answer = await ask(admitted.path, connectRequest('nowhere.test:443', admitted.authorization));
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(answer).toContain('"code":"ENOTFOUND"');
    expect(admitted.denials).toEqual([]);
  });

  it('ends the connection of the task when the host ends its own', async () => {
    const port = await echoServer((socket) => { socket.destroy(); });
    const { socket } = await openTunnel(admit(openProxy().proxy, ['web.test']), `web.test:${String(port)}`);
    expect(await text(socket)).toBe('');
  });
});

describe('NetworkProxy requests', () => {
  it('passes a request and its response on', async () => {
    const port = await webServer((request, response) => { response.writeHead(201, { 'X-Answer': 'yes' }).end(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.host ?? ''}`); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const answer = await ask(admitted.path, getRequest(`http://web.test:${String(port)}/a?b=c`, admitted.authorization));
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer).toContain('X-Answer: yes');
    expect(answer).toContain(`GET /a?b=c web.test:${String(port)}`);
  });

  it('keeps the token, and what concerns one connection only, to itself', async () => {
    const port = await webServer((request, response) => { response.end(JSON.stringify(request.rawHeaders)); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const answer = await ask(admitted.path, getRequest(`http://web.test:${String(port)}/`, admitted.authorization, 'Proxy-Connection: keep-alive\r\nX-Kept: 1\r\nTE: trailers\r\n'));
    expect(answer).toContain('"X-Kept","1"');
    expect(answer).not.toMatch(/proxy-|Basic|trailers/i);
  });

  it('leaves out headers that the request names as those of its connection', async () => {
    const port = await webServer((request, response) => { response.end(JSON.stringify(request.rawHeaders)); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const request = `GET http://web.test:${String(port)}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${admitted.authorization}\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\n\r\n`;
    expect(await ask(admitted.path, request)).not.toContain('X-Mine');
  });

  it.each([['with its length', 'Content-Length: 5\r\n', 'hello'], ['in chunks', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n']])('passes a body on %s', async (_how, header, body) => {
    const port = await webServer((request, response) => { void text(request).then((received) => { response.end(`got ${received}`); }); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const head = `POST http://web.test:${String(port)}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${admitted.authorization}\r\nConnection: close\r\n${header}\r\n`;
    expect(await ask(admitted.path, `${head}${body}`)).toContain('got hello');
  });

  it('refuses a request that is meant for a server, not for a proxy', async () => {
    const admitted = admit(openProxy().proxy, ['*']);
    expect(await ask(admitted.path, getRequest('/etc/passwd', admitted.authorization))).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  });

  it('asks for the token with each request of a connection', async () => {
    const port = await webServer((_request, response) => { response.end('fine'); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const url = `http://web.test:${String(port)}/`;
    const first = `GET ${url} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${admitted.authorization}\r\n\r\n`;
    const answer = await ask(admitted.path, `${first}GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*fine[\s\S]*HTTP\/1\.1 407 Proxy Authentication Required/);
  });

  it('decides about each request of a connection', async () => {
    const port = await webServer((_request, response) => { response.end('fine'); });
    const admitted = admit(openProxy().proxy, ['web.test']);
    const request = (host: string): string => `GET http://${host}:${String(port)}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${admitted.authorization}\r\n\r\n`;
    const answer = await ask(admitted.path, `${request('web.test')}${request('other.test')}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*fine[\s\S]*HTTP\/1\.1 403 Forbidden/);
  });
});

describe('NetworkProxy denials', () => {
  it('says in the answer which host it was, what is allowed, and how to allow it', async () => {
    const admitted = admit(openProxy().proxy, ['web.test', '*.example.com']);
    const answer = await ask(admitted.path, connectRequest('evil.test:443', admitted.authorization));
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    const { error }: { error?: unknown } = Object(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)));
    expect(error).toMatchObject({
      code: 'NETWORK_DENIED', details: { host: 'evil.test', port: 443, reason: 'host' },
      message: expect.stringMatching(/"evil\.test", port 443, is not among them: web\.test, \*\.example\.com.*policy\.network\.hosts/),
    });
  });

  it('tells nothing of the host in the answer', async () => {
    const admitted = admit(openProxy().proxy, []);
    expect(await ask(admitted.path, connectRequest('evil.test:443', admitted.authorization))).not.toMatch(/\.ts|stack|node:/);
  });

  it('are told once for each host, however often it is tried', async () => {
    const admitted = admit(openProxy().proxy, ['web.test']);
    for (let round = 0; round < 3; round++) await ask(admitted.path, connectRequest('evil.test:443', admitted.authorization));
    expect(admitted.denials).toMatchObject([{ code: 'NETWORK_DENIED', host: 'evil.test', port: 443 }]);
    expect(admitted.access.traffic.denied).toBe(3);
  });

  it('are told of the first hosts only, so that a task cannot flood the log', async () => {
    const admitted = admit(openProxy().proxy, ['web.test']);
    await Promise.all(Array.from({ length: 40 }, (_, index) => ask(admitted.path, connectRequest(`evil${String(index)}.test:443`, admitted.authorization))));
    expect(admitted.denials).toHaveLength(32);
    expect(admitted.access.traffic.denied).toBe(40);
  });

  it('show what was written without control characters, and cut', async () => {
    const admitted = admit(openProxy().proxy, ['web.test']);
    await ask(admitted.path, connectRequest(`${'A'.repeat(5_000)}:443`, admitted.authorization));
    expect(admitted.denials[0]?.host).toBe('A'.repeat(260));
  });

  it('name the address when it is that which may not be reached', async () => {
    const { proxy } = openProxy({ rules: {}, resolve: resolverOf({ 'web.test': ['10.0.0.5'] }) });
    const admitted = admit(proxy, ['web.test']);
    expect(await ask(admitted.path, connectRequest('web.test:443', admitted.authorization))).toContain('ADDRESS_REFUSED');
    expect(admitted.denials).toMatchObject([{ code: 'ADDRESS_REFUSED', host: 'web.test', port: 443 }]);
  });
});

describe('NetworkProxy.admit', () => {
  it('lets nothing through before an attempt is granted something', async () => {
    const { proxy } = openProxy();
    const { order, mounts } = proxy.admit(true);
    expect(await ask(mounts[0]?.from ?? '', connectRequest('web.test:80', authorizationOf(order.token)))).toContain('NETWORK_DENIED');
  });

  it('gives each process a socket and a token of its own', () => {
    const { proxy } = openProxy();
    const [left, right] = [proxy.admit(true), proxy.admit(true)];
    expect(left.mounts[0]?.from).not.toBe(right.mounts[0]?.from);
    expect(left.order.token).not.toBe(right.order.token);
    expect(left.order.token.length).toBeGreaterThanOrEqual(32);
  });

  it('keeps the sockets in a folder that only the host may enter', () => {
    const { proxy, folder } = openProxy();
    proxy.admit(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, '0')).isSocket()).toBe(true);
  });

  it('leaves no socket behind', async () => {
    const { proxy, folder } = openProxy();
    const admitted = proxy.admit(true);
    await dial(admitted.mounts[0]?.from ?? '');
    admitted.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('clears away what an earlier host left', () => {
    const folder = join(temporaryDirectory(), 'sockets');
    mkdirSync(folder);
    writeFileSync(join(folder, '0'), '');
    const proxy = new NetworkProxy({ folder, rules: {}, limits: LIMITS });
    onTestFinished(() => { proxy.close(); });
    proxy.admit(true);
    expect(statSync(join(folder, '0')).isSocket()).toBe(true);
  });

  it('finds another place when the path is too long for a socket', () => {
    const { proxy } = openProxy({ folder: join(temporaryDirectory(), 'x'.repeat(100)) });
    const path = proxy.admit(true).mounts[0]?.from ?? '';
    expect(path.length).toBeLessThan(108);
    expect(statSync(path).isSocket()).toBe(true);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    proxy.close();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('sends a process without a network of its own to a port of the loopback', async () => {
    const port = await webServer((_request, response) => { response.end('fine'); });
    const { proxy } = openProxy();
    await proxy.listen();
    const { order, mounts, access } = proxy.admit(false);
    access.grant({ hosts: ['web.test'], onDenied: () => undefined });
    expect(mounts).toEqual([]);
    expect(order.socket).toBeUndefined();
    const { connect } = await import('node:net');
    const socket = connect(order.port, '127.0.0.1');
    socket.write(getRequest(`http://web.test:${String(port)}/`, authorizationOf(order.token)));
    expect(await text(socket)).toContain('fine');
  });
});
