import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { poll } from '../models/poll.ts';
import { rejectionOf } from '../support/thrown.ts';
import { openServer } from './support.ts';

const TOKEN = 'Bearer of-the-host';

/** A server of tools behind HTTP, with sessions, that wants a token; started again it knows no session of before. */
class WebServer {
  #http: HttpServer | undefined;
  #port = 0;
  readonly #streams: ServerResponse[] = [];

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  /** How many clients have begun to listen for what the server says of itself. */
  get streams(): number {
    return this.#streams.filter(({ headersSent, statusCode }) => headersSent && statusCode === 200).length;
  }

  async start(): Promise<this> {
    const sessions = new Map<string, StreamableHTTPServerTransport>();
    this.#http = createServer((request, response) => {
      if (request.headers.authorization !== TOKEN) {
        response.writeHead(401).end();
        return;
      }
      if (request.method === 'GET') this.#streams.push(response);
      void this.#transportOf(request, sessions).then(async (transport) => {
        if (transport === undefined) response.writeHead(404).end();
        else await transport.handleRequest(request, response);
      });
    });
    this.#http.listen(this.#port, '127.0.0.1');
    await once(this.#http, 'listening');
    const address = this.#http.address();
    this.#port = typeof address === 'object' ? address?.port ?? 0 : 0;
    return this;
  }

  async stop(): Promise<void> {
    this.#http?.closeAllConnections();
    this.#http?.close();
    if (this.#http?.listening === true) await once(this.#http, 'close');
  }

  async #transportOf({ headers }: IncomingMessage, sessions: Map<string, StreamableHTTPServerTransport>): Promise<StreamableHTTPServerTransport | undefined> {
    const id = headers['mcp-session-id'];
    if (typeof id === 'string') return sessions.get(id);
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (session) => { sessions.set(session, transport); } });
    await this.#serve().connect(transport);
    return transport;
  }

  #serve(): McpServer {
    const server = new McpServer({ name: 'web', version: '1' });
    const offer = (name: string): void => {
      server.registerTool(name, { description: `does ${name}`, inputSchema: { text: z.string().default('') } }, ({ text }) => {
        if (name === 'hang') return new Promise<never>(() => undefined);
        if (name === 'learn') offer('dance');
        return { content: [{ type: 'text', text: `${name} ${text}` }] };
      });
    };
    for (const name of ['echo', 'learn', 'hang']) offer(name);
    return server;
  }
}

async function started(): Promise<WebServer> {
  const server = await new WebServer().start();
  onTestFinished(() => server.stop());
  return server;
}

describe('McpServers over HTTP', { timeout: 240_000 }, () => {
  it('has and calls the tools of an address, with the headers of the host', async () => {
    const { tools, call } = await openServer({ url: (await started()).url, headers: { authorization: TOKEN } });
    expect([...tools.keys()]).toEqual(['mcp__test__echo', 'mcp__test__learn', 'mcp__test__hang']);
    await expect(call('echo', { text: 'hello' })).resolves.toBe('echo hello');
  });

  it('has nothing of a server that does not let it in, and says nothing of its headers', async () => {
    const { tools, changes } = await openServer({ url: (await started()).url, headers: { authorization: 'Bearer wrong-one' } });
    expect(tools.size).toBe(0);
    expect(JSON.stringify(changes)).not.toContain('wrong-one');
  });

  it('tells of a tool that is new', async () => {
    const server = await started();
    const { call, kinds } = await openServer({ url: server.url, headers: { authorization: TOKEN } });
    // A client begins to listen in the background once it is connected.
    await poll(() => server.streams).toBe(1);
    await call('learn');
    await poll(kinds).toEqual(['tool-added mcp__test__dance']);
  });

  it('ends a call that takes too long', async () => {
    const { call } = await openServer({ url: (await started()).url, headers: { authorization: TOKEN }, callTimeoutMs: 50 });
    await expect(rejectionOf(call('hang'))).resolves.toMatchObject({ code: 'MCP_UNAVAILABLE' });
  });

  it('fails calls while the server is away, and finds it again afterwards, with a session of its own', async () => {
    const server = await started();
    const { call, kinds } = await openServer({ url: server.url, headers: { authorization: TOKEN } });
    await server.stop();
    await expect(rejectionOf(call('echo'))).resolves.toMatchObject({ code: 'MCP_UNAVAILABLE', retryable: true });
    await poll(kinds).toContain('lost');
    await expect(rejectionOf(call('echo'))).resolves.toMatchObject({ code: 'MCP_UNAVAILABLE' });
    await server.start();
    await expect(call('echo', { text: 'again' })).resolves.toBe('echo again');
  });

  it('begins a new session when the server has forgotten the one it had', async () => {
    const server = await started();
    const { call } = await openServer({ url: server.url, headers: { authorization: TOKEN } });
    await server.stop();
    await server.start();
    await expect(rejectionOf(call('echo'))).resolves.toMatchObject({ code: 'MCP_UNAVAILABLE', retryable: true });
    await expect(call('echo', { text: 'again' })).resolves.toBe('echo again');
  });
});
