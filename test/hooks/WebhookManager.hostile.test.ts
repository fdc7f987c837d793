import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ResolveAll } from '../../src/lib/task-system/types/AddressGuard.ts';
import { openWebhooks, PATIENT, receiver } from './webhooks/support.ts';

/** Answers questions with these addresses, one after the other; with the last one from then on. */
function resolving(...addresses: readonly string[]): ResolveAll {
  let asked = 0;
  return (_name, _options, callback) => {
    const address = addresses[Math.min(asked++, addresses.length - 1)] ?? '';
    callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  };
}

/** A port that takes connections and says what it is told to say, or nothing. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<{ readonly url: string; readonly sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}/`, sockets };
}

describe('WebhookManager, when the endpoint is a trap', () => {
  it.each([
    ['this machine', '127.0.0.1'], ['this machine by IPv6', '::1'], ['a mapped address', '::ffff:127.0.0.1'], ['the metadata of a cloud', '169.254.169.254'],
    ['a private network', '10.0.0.1'], ['NAT64', '64:ff9b::7f00:1'], ['6to4', '2002:7f00:1::'], ['no address', '0.0.0.0'],
  ])('sends nothing to a name that leads to %s', async (_name, address) => {
    const { port, received } = await receiver();
    const { manager, complete, next } = await openWebhooks({ allowLoopback: false }, { resolve: resolving(address) });
    await manager.add({ url: `http://trap.test:${String(port)}/` });
    const failed = next('webhook:failed');
    await complete('a');
    expect((await failed).error).toContain('The address leads where requests from here must not go');
    expect(received).toEqual([]);
  });

  it('looks at the address again at every attempt: a name may be bound anew at any time', async () => {
    const { port, received } = await receiver(500);
    const options = { allowLoopback: false, allow: ['127.0.0.1'] };
    const { manager, complete, next, advance } = await openWebhooks(options, { resolve: resolving('127.0.0.1', '127.0.0.2') });
    await manager.add({ url: `http://rebound.test:${String(port)}/` });
    let failed = next('webhook:failed');
    await complete('a');
    expect(await failed).toMatchObject({ status: 500 });
    failed = next('webhook:failed');
    await advance(5_000);
    expect((await failed).error).toContain('127.0.0.2, which is loopback');
    expect(received).toHaveLength(1);
  });

  it.each(['https://127.0.0.1/', 'https://[::1]/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::ffff:10.0.0.1]/', 'https://169.254.169.254/latest/meta-data/'])('does not even take %s', async (url) => {
    const { manager } = await openWebhooks({ allowLoopback: false });
    await expect(manager.add({ url })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    await expect(manager.list()).resolves.toEqual([]);
  });

  it('refuses addresses that were fine under older options', async () => {
    const { url, received } = await receiver();
    const first = await openWebhooks();
    await first.manager.add({ url });
    await first.manager.close();
    await first.complete('a');
    const second = await openWebhooks({ allowLoopback: false }, { outbox: first.store.outbox, clock: first.clock });
    expect((await second.next('webhook:failed')).error).toContain('loopback');
    expect(received).toEqual([]);
  });

  it('speaks no HTTP to what should speak TLS', async () => {
    const { port, received } = await receiver();
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ url: `https://127.0.0.1:${String(port)}/` });
    const failed = next('webhook:failed');
    await complete('a');
    expect(await failed).toMatchObject({ ok: false, error: expect.any(String) });
    expect(received).toEqual([]);
  });

  it('gives up on a receiver that never answers, after 15 seconds', async () => {
    const { url, request, connections } = await receiver(() => {});
    const { manager, complete, next, clock } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    await request(1);
    clock.advance(14_999);
    expect(await connections()).toBe(1);
    clock.advance(1);
    expect(await failed).toMatchObject({ ok: false, error: 'No answer within 15000 ms', durationMs: 15_000 });
    await vi.waitUntil(async () => await connections() === 0, PATIENT);
  });

  it('takes a 2xx for what it is, although the answer never ends', async () => {
    const { url, request } = await receiver((response) => { response.writeHead(200).write('x'); });
    const { manager, complete, next, clock } = await openWebhooks();
    await manager.add({ url });
    const delivered = next('webhook:delivered');
    await complete('a');
    await request(1);
    // The timer of the connection ends when the answer begins; those of the attempt and of the lease are left.
    await vi.waitUntil(() => clock.pendingTimers === 2, PATIENT);
    clock.advance(15_000);
    expect(await Promise.race([delivered, next('webhook:failed')])).toMatchObject({ ok: true, status: 200 });
  });

  it('reads no more than 16 KiB of an answer without end, shows 1,024 characters of it, and hangs up', async () => {
    let written = 0;
    const { url, sockets } = await rawServer((socket) => {
      socket.write('HTTP/1.1 500 No\r\ncontent-type: text/plain\r\n\r\n\u001B[31mevil\u0000\r\nanswer ');
      const pour = (): void => {
        while (!socket.destroyed && socket.write('y'.repeat(65_536))) written += 65_536;
        if (!socket.destroyed) socket.once('drain', pour);
      };
      pour();
    });
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    const { status, answer } = await failed;
    expect(status).toBe(500);
    expect(answer).toMatch(/^\[31mevil answer y{900,}$/);
    expect(answer?.length).toBeLessThanOrEqual(1_024);
    await vi.waitUntil(() => sockets.size === 0, PATIENT);
    expect(written).toBeLessThan(64 * 1_048_576);
  });

  it.each([
    ['hangs up at once', (socket: Socket) => { socket.destroy(); }],
    ['speaks another language', (socket: Socket) => { socket.end('SSH-2.0-OpenSSH_9.9\r\n'); }],
    ['sends headers without end', (socket: Socket) => { socket.write('HTTP/1.1 200 OK\r\n'); socket.write('x-a: b\r\n'.repeat(100_000)); }],
    ['hangs up within the headers', (socket: Socket) => { socket.end('HTTP/1.1 200 OK\r\ncontent-le'); }],
  ])('takes a receiver that %s for one that failed', async (_name, behave) => {
    const { url } = await rawServer((socket) => { socket.once('data', () => { behave(socket); }); });
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    expect(await failed).toMatchObject({ ok: false, attempt: 1, error: expect.stringMatching(/./) });
  });

  it('takes a port where nobody listens for a failure', async () => {
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ url: 'http://127.0.0.1:1/' });
    const failed = next('webhook:failed');
    await complete('a');
    expect((await failed).error).toContain('ECONNREFUSED');
  });

  it('does not ask the proxy of the environment', async () => {
    const proxy = await receiver();
    const { url, request } = await receiver();
    vi.stubEnv('HTTP_PROXY', proxy.url).stubEnv('http_proxy', proxy.url).stubEnv('NODE_USE_ENV_PROXY', '1');
    onTestFinished(() => { vi.unstubAllEnvs(); });
    const { manager, complete } = await openWebhooks();
    await manager.add({ url });
    await complete('a');
    await request(1);
    expect(proxy.received).toEqual([]);
  });
});

describe('WebhookManager, when endpoints are dead', () => {
  it('delivers to a healthy one while as many as there are slots hang', async () => {
    const healthy = await receiver();
    const { manager, complete, next, clock } = await openWebhooks({ maxConcurrent: 4, maxConcurrentPerEndpoint: 2 });
    const hanging = await Promise.all(Array.from({ length: 6 }, () => receiver(() => {})));
    for (const [index, { url }] of hanging.entries()) await manager.add({ url, id: `dead-${String(index)}` });
    await complete('a');
    await vi.waitUntil(async () => {
      clock.advance(1_000);
      return (await manager.list()).every(({ failures }) => failures > 0);
    }, PATIENT);
    // From here on all of them are known to fail: half of the slots is not theirs any more, whatever they have waiting.
    for (let index = 0; index < 20; index++) await complete(`b-${String(index)}`);
    await manager.add({ url: healthy.url, id: 'healthy' });
    const delivered = next('webhook:delivered');
    await complete('c');
    expect(await delivered).toMatchObject({ endpointId: 'healthy', taskId: 'c' });
  });

  it('does not let one hanging endpoint take more than its share', async () => {
    const [dead, healthy] = [await receiver(() => {}), await receiver()];
    const { manager, complete } = await openWebhooks();
    await manager.add({ url: dead.url });
    await manager.add({ url: healthy.url });
    for (let index = 0; index < 30; index++) await complete(`t-${String(index)}`);
    await Promise.all([healthy.request(30), dead.request(2)]);
    expect(dead.received).toHaveLength(2);
  });

  it('never has more on its way than the limits say', async () => {
    let [open, most] = [0, 0];
    const waiting: (() => void)[] = [];
    const count = (): void => { most = Math.max(most, ++open); };
    const receivers = await Promise.all(Array.from({ length: 4 }, () => receiver((response) => {
      count();
      waiting.push(() => { open -= 1; response.writeHead(204).end(); });
    })));
    const { manager, complete } = await openWebhooks({ maxConcurrent: 3, maxConcurrentPerEndpoint: 2 });
    for (const { url } of receivers) await manager.add({ url });
    for (let index = 0; index < 5; index++) await complete(`t-${String(index)}`);
    const total = (): number => receivers.flatMap(({ received }) => received).length;
    while (total() < 20 || waiting.length > 0) {
      await vi.waitUntil(() => waiting.length > 0, PATIENT);
      waiting.shift()?.();
    }
    expect(total()).toBe(20);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('holds back what waits for an endpoint that failed ten times in a row, and lets it all go when it is back', async () => {
    const { url, received, answer } = await receiver(500);
    const { manager, complete, advance } = await openWebhooks();
    await manager.add({ url });
    for (let index = 0; index < 40; index++) await complete(`t-${String(index)}`);
    await manager.idle();
    expect(received).toHaveLength(10);
    answer(204);
    await advance(5_000);
    await vi.waitUntil(() => new Set(received.map(({ id }) => id)).size === 40, PATIENT);
  });
});
