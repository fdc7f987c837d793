import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Tunnels } from '../../../../src/lib/task-system/core/child/network/Tunnels.ts';
import { authorizationOf } from '../../../../src/lib/task-system/policy/network/ProxyOrder.ts';
import { temporaryDirectory } from '../../support.ts';

/** A proxy that answers every connection with some bytes; what it was sent is kept. */
async function proxyThat(answer: (socket: Socket) => void): Promise<{ readonly tunnels: Tunnels; readonly requests: string[] }> {
  const path = join(temporaryDirectory(), 'proxy');
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', (data: Buffer) => {
      requests.push(data.toString());
      answer(socket);
    });
  }).listen(path);
  onTestFinished(() => { server.close(); });
  await once(server, 'listening');
  return { tunnels: new Tunnels({ token: 'secret', socket: path, port: 0 }, { NO_PROXY: 'localhost,127.0.0.1' }), requests };
}

const refusal = (status: string, body: string) => (socket: Socket): void => { socket.end(`HTTP/1.1 ${status}\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`); };

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  onTestFinished(() => { server.close(); });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? address?.port ?? 0 : 0;
}

describe('Tunnels.open', () => {
  it('asks the proxy for the host, with the token', async () => {
    const { tunnels, requests } = await proxyThat((socket) => { socket.end('HTTP/1.1 200 OK\r\n\r\nhello'); });
    expect(await text(await tunnels.open('example.com', 443))).toBe('hello');
    expect(requests).toEqual([`CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nProxy-Authorization: ${authorizationOf('secret')}\r\n\r\n`]);
  });

  it('writes an IPv6 address with brackets', async () => {
    const { tunnels, requests } = await proxyThat((socket) => { socket.end('HTTP/1.1 200 OK\r\n\r\n'); });
    (await tunnels.open('2001:db8::1', 443)).destroy();
    (await tunnels.open('[2001:db8::1]', 443)).destroy();
    expect(requests.map((request) => request.split(' ')[1])).toEqual(['[2001:db8::1]:443', '[2001:db8::1]:443']);
  });

  it('takes an answer that comes in pieces', async () => {
    const { tunnels } = await proxyThat((socket) => {
      socket.write('HTTP/1.1 2');
      setImmediate(() => { socket.write('00 OK\r\n\r'); setImmediate(() => { socket.end('\nhello'); }); });
    });
    expect(await text(await tunnels.open('example.com', 443))).toBe('hello');
  });

  it('makes an error of a refusal again, with code and details, and a stack of its own', async () => {
    const body = JSON.stringify({ error: { name: 'TaskSystemError', code: 'NETWORK_DENIED', message: 'no', details: { host: 'example.com' } } });
    const { tunnels } = await proxyThat(refusal('403 Forbidden', body));
    const error: unknown = await tunnels.open('example.com', 443).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NETWORK_DENIED', message: 'no', details: { host: 'example.com' } });
  });

  it('passes on what the system said to the proxy', async () => {
    const { tunnels } = await proxyThat(refusal('502 Bad Gateway', JSON.stringify({ error: { name: 'Error', code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND example.com' } })));
    await expect(tunnels.open('example.com', 443)).rejects.toMatchObject({ code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND example.com' });
  });

  it.each(['', 'no JSON', '{}', '{"error":1}', '{"error":{"name":1,"message":2}}', 'null'])('says what the proxy answered when it is not understood: %j', async (body) => {
    const { tunnels } = await proxyThat(refusal('403 Forbidden', body));
    await expect(tunnels.open('example.com', 443)).rejects.toThrow('the proxy of the task answered "HTTP/1.1 403 Forbidden"');
  });

  it('fails when the proxy ends the connection', async () => {
    const { tunnels } = await proxyThat((socket) => { socket.destroy(); });
    await expect(tunnels.open('example.com', 443)).rejects.toThrow();
  });

  it('fails when the proxy answers without end', async () => {
    const { tunnels } = await proxyThat((socket) => { socket.write('x'.repeat(100_000)); });
    await expect(tunnels.open('example.com', 443)).rejects.toThrow('the proxy answers too much');
  });

  it('fails when there is no proxy', async () => {
    const tunnels = new Tunnels({ token: '', socket: join(temporaryDirectory(), 'nobody'), port: 0 }, {});
    await expect(tunnels.open('example.com', 443)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('connects to the own loopback directly, where NO_PROXY names it at that moment', async () => {
    const port = await listening(createServer((socket) => { socket.end('direct'); }));
    const env: NodeJS.ProcessEnv = {};
    const tunnels = new Tunnels({ token: '', socket: join(temporaryDirectory(), 'nobody'), port: 0 }, env);
    await expect(tunnels.open('127.0.0.1', port)).rejects.toMatchObject({ code: 'ENOENT' });
    env['NO_PROXY'] = 'localhost, 127.0.0.1';
    expect(await text(await tunnels.open('127.0.0.1', port))).toBe('direct');
  });
});
