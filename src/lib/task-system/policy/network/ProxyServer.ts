import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { headersOf, rawRefusal, refusalOf, unknownToken, type Refusal } from './answers.ts';
import { forward } from './forward.ts';
import type { ProxyAccess } from './ProxyAccess.ts';
import { parseTarget } from './target.ts';

const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;

/** Bounds of a server, whoever talks to it. */
export interface ServerLimits {
  /** Connections of tasks, those included that have not said yet who they are. */
  readonly maxClients: number;
  /** How long the head of a request may take, in milliseconds. */
  readonly headersTimeoutMs: number;
}

/** Finds the access that a token opens. */
export type FindAccess = (token: string) => ProxyAccess | undefined;

/**
 * An HTTP proxy that is not listening yet: CONNECT for everything, and requests with absolute addresses for plain `http:`. Node's
 * strict parser reads the requests; every request has to carry its token, also a later one on the same connection.
 */
export function createProxyServer(find: FindAccess, { maxClients, headersTimeoutMs }: ServerLimits): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: headersTimeoutMs, requestTimeout: 0, insecureHTTPParser: false,
    connectionsCheckingInterval: Math.max(1, Math.min(headersTimeoutMs / 2, 5_000)), noDelay: true,
  }, (request, response) => { void serve(find, request, response); });
  server.maxConnections = maxClients;
  server.maxHeadersCount = MAX_HEADERS;
  // Where no more files can be opened, a connection is not taken: nothing that the host must fall over.
  server.on('error', () => undefined);
  server.on('connect', (request: IncomingMessage, _stream: Duplex, head: Buffer) => { void tunnel(find, request, head); });
  return server;
}

async function serve(find: FindAccess, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const access = accessOf(find, request);
  if (access === undefined) {
    refuse(response, unknownToken());
    return;
  }
  access.adopt(request.socket);
  try {
    await forward(access, request, response);
  } catch (error) {
    refuse(response, refusalOf(error));
  }
}

async function tunnel(find: FindAccess, request: IncomingMessage, head: Buffer): Promise<void> {
  const client = request.socket;
  client.on('error', () => { client.destroy(); });
  const access = accessOf(find, request);
  if (access === undefined) {
    client.end(rawRefusal(unknownToken()), () => { client.destroySoon(); });
    return;
  }
  access.adopt(client);
  try {
    const upstream = await access.connect(parseTarget(request.url ?? ''), request.url ?? '');
    client.setTimeout(access.limits.idleTimeoutMs, () => { client.destroy(); });
    client.once('close', () => { upstream.destroy(); });
    upstream.once('close', (hadError: boolean) => { if (hadError) client.destroy(); else client.destroySoon(); });
    if (client.destroyed) upstream.destroy();
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    upstream.write(head);
    client.pipe(upstream).pipe(client);
  } catch (error) {
    client.end(rawRefusal(refusalOf(error)), () => { client.destroySoon(); });
  }
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(refusal.status, headersOf(refusal)).end(refusal.body);
}

function accessOf(find: FindAccess, request: IncomingMessage): ProxyAccess | undefined {
  const [scheme = '', credentials = ''] = (request.headers['proxy-authorization'] ?? '').split(' ');
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(credentials, 'base64').toString();
  return find(text.slice(text.indexOf(':') + 1));
}
