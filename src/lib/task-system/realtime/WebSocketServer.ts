import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import * as z from 'zod';
import type { WebSocketServer } from 'ws';
import { TaskSystemError } from '../types/Errors.ts';
import { check, invalidOptions } from '../types/OptionProblems.ts';
import type { Clock, EventSource, Logger, TaskControl } from '../types/Ports.ts';
import { WIRE_CLOSE_CODES, WIRE_PROTOCOL } from '../types/Wire.ts';
import { Admission, type Authorize, type Refusal, refuse } from './server/Admission.ts';
import { Connection, WIRE_LIMITS } from './server/Connection.ts';
import { FeedHub } from './server/FeedHub.ts';
import { loadWs } from './server/loadWs.ts';
import { type UpgradeRoutes, upgradeRoutes } from './server/UpgradeRouter.ts';

export type { Authorize, Credentials } from './server/Admission.ts';

/** How the live feed is served. */
export interface WebSocketOptions {
  /** Exact path of the feed. @defaultValue '/tasks' */
  readonly path?: string;
  /**
   * Decides whether a client may connect; called before the upgrade. Anything but `true` answers 401.
   * @defaultValue none: only clients on this machine may connect
   */
  readonly authorize?: Authorize;
  /** Origins of pages that may connect beside those of the server's own host, such as `https://app.example.com`. @defaultValue [] */
  readonly origins?: readonly string[];
  /** Time between two pings, in milliseconds; a client that sends nothing for 10 s after one is cut off. @defaultValue 25_000 */
  readonly heartbeatMs?: number;
  /**
   * Whether to take the upgrades of `path` out of the server before its other listeners. With `false` nothing on the server is
   * touched, and requests come only through `handleUpgrade`.
   * @defaultValue true
   */
  readonly intercept?: boolean;
}

/** A live feed that is being served. */
export interface WebSocketAttachment {
  readonly path: string;
  /** How many clients are connected. */
  readonly clients: number;
  /** Takes over one upgrade request, whatever its path: for servers that route upgrades by hand. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Says goodbye to all clients and leaves the server as it was before; it goes on serving. May be called twice. */
  detach(): Promise<void>;
}

/** What the live feed needs of the system. */
export interface WebSocketDeps {
  readonly events: EventSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Answers the snapshots that clients ask for. @defaultValue none: such requests are refused */
  readonly control?: TaskControl;
}

/**
 * Serves the live feed on an HTTP server, beside its own routes and upgrade handlers.
 * @throws TaskSystemError `OPTIONS_INVALID`, `SERVER_CLOSED` (not an HTTP server), `PATH_TAKEN`.
 */
export function attachWebSocket(server: HttpServer | HttpsServer, options: WebSocketOptions, deps: WebSocketDeps): WebSocketAttachment {
  const checked = check(optionsSchema, options);
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  const { path = '/tasks', origins = [], heartbeatMs = 25_000, intercept = true, authorize } = checked.value;
  assertHttpServer(server);
  const feed = new Feed({ path, origins, heartbeatMs, authorize }, deps, intercept ? upgradeRoutes(server) : undefined);
  if (authorize === undefined) deps.logger.info(`The live feed at ${path} is open to this machine only, until \`authorize\` is given.`);
  return feed;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const pathText = 'a path such as "/tasks", without query';
const originText = 'an origin such as "https://app.example.com"';

const optionsSchema: z.ZodType<WebSocketOptions> = z.strictObject({
  path: z.string(pathText).regex(/^\/[^?#\s]*$/, pathText).exactOptional(),
  authorize: z.custom<Authorize>(isFunction, 'a function').exactOptional(),
  origins: z.array(z.string(originText).refine((text) => URL.parse(text)?.origin === text, originText), 'an array of origins').exactOptional(),
  heartbeatMs: z.int('an integer >= 1').min(1, 'an integer >= 1').exactOptional(),
  intercept: z.boolean('true or false').exactOptional(),
}, 'an object');

function assertHttpServer(server: unknown): void {
  // Servers for HTTP, HTTPS and HTTP/2 are net servers with a `setTimeout`; an Express app, say, is no net server.
  if (server instanceof NetServer && 'setTimeout' in server) return;
  throw new TaskSystemError('SERVER_CLOSED', 'the first argument of `attachWebSocket` is not an HTTP server');
}

interface FeedOptions {
  readonly path: string;
  readonly origins: readonly string[];
  readonly heartbeatMs: number;
  readonly authorize: Authorize | undefined;
}

const GONE: Refusal = { status: 503, message: 'The live feed is closed.' };
const RETRY_AFTER_MS = 1_000;

class Feed implements WebSocketAttachment {
  readonly path: string;
  readonly #heartbeatMs: number;
  readonly #deps: WebSocketDeps;
  readonly #hub: FeedHub;
  readonly #admission: Admission;
  readonly #webSockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #seen = new WeakSet<Duplex>();
  readonly #pending = new Set<Duplex>();
  readonly #leaveServer: (() => void) | undefined;
  #detaching: Promise<void> | undefined;

  constructor({ path, origins, heartbeatMs, authorize }: FeedOptions, deps: WebSocketDeps, routes: UpgradeRoutes | undefined) {
    this.path = path;
    this.#heartbeatMs = heartbeatMs;
    this.#deps = deps;
    this.#hub = new FeedHub(deps.events, deps.logger);
    this.#admission = new Admission({ origins, authorize, clock: deps.clock, logger: deps.logger });
    const { WebSocketServer: Server } = loadWs();
    this.#webSockets = new Server({
      noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: WIRE_LIMITS.maxFrameBytes,
      // Never any other name: the default would send a client's token back.
      handleProtocols: (offered) => (offered.has(WIRE_PROTOCOL) ? WIRE_PROTOCOL : false),
    });
    this.#leaveServer = routes?.add(path, (request, socket, head) => { this.handleUpgrade(request, socket, head); });
  }

  get clients(): number {
    return this.#connections.size;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A socket that comes twice (by the path and by hand) must not be upgraded twice.
    if (this.#seen.has(socket)) return;
    this.#seen.add(socket);
    socket.on('error', () => { socket.destroy(); });
    if (this.#detaching === undefined) void this.#admit(request, socket, head);
    else refuse(socket, GONE);
  }

  detach(): Promise<void> {
    this.#detaching ??= this.#detach();
    return this.#detaching;
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#pending.add(socket);
    const refusal = await this.#admission.refusalOf(request);
    // Not there any more: refused by `detach`.
    if (!this.#pending.delete(socket) || socket.destroyed) return;
    if (refusal !== undefined) refuse(socket, refusal);
    else this.#webSockets.handleUpgrade(request, socket, head, (client) => { this.#connect(client, request); });
  }

  #connect(client: ConstructorParameters<typeof Connection>[0], request: IncomingMessage): void {
    const { clock, logger, control } = this.#deps;
    const connection = new Connection(client, {
      hub: this.#hub, control, clock, logger, heartbeatMs: this.#heartbeatMs,
      isAuthorized: (token) => this.#admission.isAuthorized(request, token),
      bytesRead: () => request.socket.bytesRead,
    });
    this.#connections.add(connection);
    void connection.closed.then(() => { this.#connections.delete(connection); });
  }

  async #detach(): Promise<void> {
    this.#leaveServer?.();
    for (const socket of this.#pending) refuse(socket, GONE);
    this.#pending.clear();
    const connections = [...this.#connections];
    for (const connection of connections) connection.close(WIRE_CLOSE_CODES.goingAway, RETRY_AFTER_MS);
    await Promise.all(connections.map((connection) => connection.closed));
    this.#webSockets.close();
  }
}
