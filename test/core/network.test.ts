import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { Socket, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { IsolationLevel } from '../../src/lib/task-system/types/Isolation.ts';
import type { JsonObject } from '../../src/lib/task-system/types/Json.ts';
import type { TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import { hasKernelLevel } from './isolation/kernelLevel.ts';
import { openSystem, recordEvents, temporaryDirectory, testOptions } from './support.ts';

const hasKernel = await hasKernelLevel();

interface Answer { readonly body?: string; readonly code?: string; readonly message?: string; readonly details?: unknown }
interface Ask { readonly way: string; readonly url: string; readonly ca?: string }
interface Asking { readonly system: TaskSystem; readonly events: readonly TaskEvent[]; readonly ask: (...asks: readonly Ask[]) => Promise<readonly Answer[]> }

/** A system whose tasks ask for addresses. */
async function asking(level: IsolationLevel, hosts: readonly string[], type: Partial<TaskTypeOptions> = {}, allowLoopback = true): Promise<Asking> {
  const system = await openSystem(testOptions({ 'fetches.mjs': { sandbox: { level }, policy: { network: { hosts } }, ...type } }, { network: { allowLoopback }, queue: { spares: 1 } }));
  return {
    system, events: recordEvents(system),
    ask: async (...asks) => {
      const result = await (await system.submit({ type: 'fetches', input: { asks: asks.map((one) => ({ ...one })) } })).result();
      const { results }: { results: readonly Answer[] } = Object(result);
      return results;
    },
  };
}

async function listening(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? address?.port ?? 0 : 0;
}

async function webServer(): Promise<number> {
  const server: Server = createServer((request, response) => { response.end(`${request.method ?? ''} ${request.url ?? ''}`); });
  onTestFinished(() => { server.close(); server.closeAllConnections(); });
  return listening(server);
}

/** A server with a certificate that it signed itself. */
async function secureServer(): Promise<{ readonly port: number; readonly ca: string }> {
  const folder = temporaryDirectory();
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => { response.end(`secure ${request.url ?? ''}`); });
  onTestFinished(() => { server.close(); server.closeAllConnections(); });
  return { port: await listening(server), ca: readFileSync(cert, 'utf8') };
}

describe.skipIf(!hasKernel)('network at the level "kernel"', () => {
  it('reaches a host that the policy names, in every usual way', async () => {
    const port = await webServer();
    const { ask, system } = await asking('kernel', [`localhost:${String(port)}`]);
    // Programs that are written for Node heed the variables from 22.21 on.
    const ways = ['fetch', 'get', 'curl', 'curlSync', ...process.allowedNodeEnvironmentFlags.has('--use-env-proxy') ? ['node'] : [], 'worker'];
    const answers = await ask(...ways.map((way) => ({ way, url: `http://localhost:${String(port)}/${way}?a=b` })));
    expect(answers).toEqual(ways.map((way) => ({ body: `GET /${way}?a=b` })));
    const [task] = (await system.list()).tasks;
    expect(task?.usage).toMatchObject({ sentBytes: expect.any(Number), receivedBytes: expect.any(Number) });
    expect(task?.usage?.receivedBytes).toBeGreaterThan(ways.length * 100);
  });

  it('reaches it over TLS, which nobody on the way reads', async () => {
    const { port, ca } = await secureServer();
    const { ask } = await asking('kernel', ['localhost'], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
    const url = `https://localhost:${String(port)}/x`;
    expect(await ask({ way: 'fetch', url }, { way: 'getSecure', url, ca }, { way: 'fetch', url })).toEqual([{ body: 'secure /x' }, { body: 'secure /x' }, { body: 'secure /x' }]);
  });

  it('checks the certificate of the host', async () => {
    const { port } = await secureServer();
    const { ask } = await asking('kernel', ['localhost']);
    const [fetched, got] = await ask({ way: 'fetch', url: `https://localhost:${String(port)}/` }, { way: 'getSecure', url: `https://localhost:${String(port)}/` });
    expect([fetched?.code, got?.code]).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT', 'DEPTH_ZERO_SELF_SIGNED_CERT']);
  });

  it('refuses every other host with an error that says why and how to allow it', async () => {
    const { ask, events } = await asking('kernel', ['api.example.com', '*.example.org']);
    const answers = await ask({ way: 'fetch', url: 'https://evil.example/' }, { way: 'get', url: 'http://evil.example/' }, { way: 'fetch', url: 'http://10.0.0.1:8080/' });
    expect(answers.map(({ code, details }) => ({ code, details }))).toEqual([
      { code: 'NETWORK_DENIED', details: { host: 'evil.example', port: 443, reason: 'host' } },
      { code: 'NETWORK_DENIED', details: { host: 'evil.example', port: 80, reason: 'host' } },
      { code: 'NETWORK_DENIED', details: { host: '10.0.0.1', port: 8_080, reason: 'host' } },
    ]);
    expect(answers[0]?.message).toContain('"evil.example", port 443, is not among them: api.example.com, *.example.org');
    expect(answers[0]?.message).toContain('Add the host to `policy.network.hosts` of the task type');
    expect(events.filter(({ type }) => type === 'task:network:denied').map(({ data }) => data)).toMatchObject([
      { code: 'NETWORK_DENIED', host: 'evil.example', port: 443 }, { host: 'evil.example', port: 80 }, { host: '10.0.0.1', port: 8_080 },
    ]);
  });

  it('tells programs why as well', async () => {
    const { ask } = await asking('kernel', ['api.example.com']);
    const [answer] = await ask({ way: 'curl', url: 'http://evil.example/' });
    expect(answer?.body).toContain('NETWORK_DENIED');
  });

  it('refuses this machine where the host app does not allow it in so many words', async () => {
    const port = await webServer();
    const { ask, events } = await asking('kernel', ['localhost'], {}, false);
    expect((await ask({ way: 'fetch', url: `http://localhost:${String(port)}/` }))[0]?.code).toBe('ADDRESS_REFUSED');
    expect(events.find(({ type }) => type === 'task:network:denied')?.data).toMatchObject({ code: 'ADDRESS_REFUSED', host: 'localhost', port });
  });

  it('leaves nothing open beside the proxy', async () => {
    const port = await webServer();
    const { ask } = await asking('kernel', ['*']);
    const [own, outside] = await ask({ way: 'direct', url: `http://127.0.0.1:${String(port)}/` }, { way: 'direct', url: 'http://198.51.100.1/' });
    expect([own?.code, outside?.code]).toEqual(['ECONNREFUSED', 'ENETUNREACH']);
  });

  it('opens no other socket that lies in what the task can see', async () => {
    const folder = temporaryDirectory();
    const server = createServer((_request, response) => { response.end('the door of another program'); });
    onTestFinished(() => { server.close(); });
    server.listen({ path: join(folder, 'server.sock'), readableAll: true, writableAll: true });
    await once(server, 'listening');
    const { ask } = await asking('kernel', ['example.com'], { sandbox: { level: 'kernel', read: [folder] } });
    const [answer] = await ask({ way: 'unix', url: join(folder, 'server.sock') });
    expect(answer?.code).toBe('ECONNREFUSED');
  });

  it('means the loopback of the task itself where no policy names that of the host', async () => {
    const port = await webServer();
    const { ask } = await asking('kernel', ['*']);
    expect((await ask({ way: 'fetch', url: `http://127.0.0.1:${String(port)}/` }))[0]?.code).toBe('ECONNREFUSED');
  });

  it('says what the system says of a host that does not answer', async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, 'close');
    const { ask } = await asking('kernel', ['localhost']);
    expect((await ask({ way: 'fetch', url: `http://localhost:${String(port)}/` }))[0]).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('ends with the attempt: a connection that is open is cut at the host', async () => {
    const server = createServer();
    onTestFinished(() => { server.close(); server.closeAllConnections(); });
    const port = await listening(server);
    const { system } = await asking('kernel', ['localhost'], { stopGraceMs: 0 });
    const connected = once(server, 'connection');
    const handle = await system.submit({ type: 'fetches', input: { asks: [{ way: 'fetch', url: `http://localhost:${String(port)}/` }] } });
    const [connection]: unknown[] = await connected;
    if (!(connection instanceof Socket)) throw new Error('no socket');
    const closed = once(connection, 'close');
    await handle.cancel();
    await closed;
  });
});

describe.each<IsolationLevel>(['process', 'permission-model'])('network at the level "%s"', (level) => {
  it('takes the same way, with the same refusals, for code that does not go around it', async () => {
    const port = await webServer();
    const { ask } = await asking(level, [`localhost:${String(port)}`]);
    const [fetched, got, denied] = await ask({ way: 'fetch', url: `http://localhost:${String(port)}/x` }, { way: 'get', url: `http://localhost:${String(port)}/y` }, { way: 'fetch', url: 'http://evil.example/' });
    expect([fetched, got, denied?.code]).toEqual([{ body: 'GET /x' }, { body: 'GET /y' }, 'NETWORK_DENIED']);
  });

  it('does not stop code that goes around it: known leak', async () => {
    const port = await webServer();
    const { ask } = await asking(level, ['api.example.com']);
    expect(await ask({ way: 'direct', url: `http://127.0.0.1:${String(port)}/` })).toEqual([{ body: 'GET /' }]);
  });
});

describe.skipIf(!hasKernel)('http.fetch at the level "kernel"', () => {
  interface Called { readonly output?: Readonly<Record<string, unknown>>; readonly code?: string; readonly message?: string }

  async function calling(hosts: readonly string[]): Promise<{ readonly events: readonly TaskEvent[]; readonly fetch: (input: JsonObject) => Promise<Called> }> {
    const policy = { allow: ['http.fetch'], network: { hosts } };
    const system = await openSystem(testOptions({ 'uses-tools.ts': { sandbox: { level: 'kernel' }, policy } }, { network: { allowLoopback: true }, queue: { spares: 1 } }));
    return {
      events: recordEvents(system),
      fetch: async (input) => {
        const result = await (await system.submit({ type: 'uses-tools', input: { steps: [{ tool: 'http.fetch', input }] } })).result();
        const { results }: { results: readonly Called[] } = Object(result);
        return results[0] ?? {};
      },
    };
  }

  it('reaches a host that the policy names, through the proxy, in pages', async () => {
    const port = await webServer();
    const { fetch, events } = await calling([`localhost:${String(port)}`]);
    const url = `http://localhost:${String(port)}/a?b=c`;
    expect((await fetch({ url })).output).toMatchObject({ status: 200, url, body: 'GET /a?b=c' });
    expect((await fetch({ url, method: 'PUT', offset: 4, limit: 2 })).output).toMatchObject({ body: '/a', nextOffset: 6 });
    expect(events.filter(({ type }) => type === 'task:tool:end').map(({ data }) => data)).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }]);
  });

  it('reaches no other host: the call is denied before anything is sent, and says why', async () => {
    const port = await webServer();
    const { fetch, events } = await calling(['example.com']);
    expect(await fetch({ url: `http://localhost:${String(port)}/` })).toMatchObject({ code: 'TOOL_DENIED', message: expect.stringContaining('localhost') });
    expect(events.filter(({ type }) => type === 'task:tool:end').map(({ data }) => data)).toMatchObject([{ outcome: 'denied' }]);
    expect(events.some(({ type }) => type === 'task:network:denied')).toBe(false);
  });

  it('says of a server that is not there that it is not', async () => {
    const { fetch } = await calling(['localhost']);
    expect(await fetch({ url: 'http://localhost:1/' })).toMatchObject({ code: 'TOOL_FAILED', message: expect.stringContaining('localhost:1') });
  });
});
