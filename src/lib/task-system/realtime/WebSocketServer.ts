import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import * as z from 'zod';
import type { WebSocketServer } from 'ws';
import { TaskSystemError } from '../types/Errors.ts';
import { check, invalidOptions } from '../types/OptionProblems.ts';
import type { Clock, EventSource, Logger } from '../types/Ports.ts';
import type { TaskControl } from '../types/TaskControl.ts';
import { WIRE_CLOSE_CODES, WIRE_PROTOCOL } from '../types/Wire.ts';
import { Admission, type Admitted, type Authenticate, type Refusal, refuse } from './server/Admission.ts';
import { Connection, WIRE_LIMITS } from './server/Connection.ts';
import { FeedHub } from './server/FeedHub.ts';
import { Heartbeat } from './server/Heartbeat.ts';
import { loadWs } from './server/loadWs.ts';
import type { Authorize } from './server/Permissions.ts';
import { type UpgradeRoutes, upgradeRoutes } from './server/UpgradeRouter.ts';

export type { Admittance, Admitted, Authenticate, Credentials } from './server/Admission.ts';
export type { Authorize, FeedAction, FeedSubject } from './server/Permissions.ts';

/** How the live feed is served. */
export interface WebSocketOptions<Identity = unknown> {
  /** Exact path of the feed. @defaultValue '/tasks' */
  readonly path?: string;
  /**
   * Says who a client is, before the upgrade: its answer becomes the `identity` of `authorize`, or 401 or 403 in plain HTTP.
   * @defaultValue none: with `authorize` everybody may connect, without it only clients on this machine
   */
  readonly authenticate?: Authenticate<Identity>;
  /**
   * Says what a client may do: asked for every topic of a subscription, for its past (`replay`), and for every command.
   * @defaultValue none: whoever is connected may watch everything, and nobody may send commands
   */
  readonly authorize?: Authorize<Identity>;
  /** Origins of pages that may connect beside those of the server's own host, such as `https://app.example.com`. @defaultValue [] */
  readonly origins?: readonly string[];
  /** How many clients may be connected or connecting; more are answered with 503. @defaultValue 10_000 */
  readonly maxClients?: number;
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
  /** Carries out commands and answers snapshots. @defaultValue none: both are refused */
  readonly control?: TaskControl;
}

/**
 * Serves the live feed on an HTTP server, beside its own routes and upgrade handlers.
 * @throws TaskSystemError `OPTIONS_INVALID`, `SERVER_CLOSED` (not an HTTP server), `PATH_TAKEN`.
 */
export function attachWebSocket<Identity>(server: HttpServer | HttpsServer, options: WebSocketOptions<Identity>, deps: WebSocketDeps): WebSocketAttachment {
  const checked = check(optionsSchema, options);
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  const { path = '/tasks', origins = [], heartbeatMs = 25_000, maxClients = 10_000, intercept = true, authenticate, authorize } = checked.value;
  assertHttpServer(server);
  const feed = new Feed({ path, origins, heartbeatMs, maxClients, authenticate, authorize }, deps, intercept ? upgradeRoutes(server) : undefined);
  if (authenticate === undefined && authorize === undefined) deps.logger.info(`The live feed at ${path} is open to this machine only, until \`authenticate\` or \`authorize\` is given.`);
  return feed;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const pathText = 'a path such as "/tasks", without query';
const originText = 'an origin such as "https://app.example.com"';

const optionsSchema: z.ZodType<WebSocketOptions> = z.strictObject({
  path: z.string(pathText).regex(/^\/[^?#\s]*$/, pathText).exactOptional(),
  authenticate: z.custom<Authenticate>(isFunction, 'a function').exactOptional(),
  authorize: z.custom<Authorize>(isFunction, 'a function').exactOptional(),
  maxClients: z.int('an integer >= 1').min(1, 'an integer >= 1').exactOptional(),
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
  readonly maxClients: number;
  readonly authenticate: Authenticate | undefined;
  readonly authorize: Authorize | undefined;
}

const FULL: Refusal = { status: 503, message: 'The live feed has as many clients as it takes.' };
const GONE: Refusal = { status: 503, message: 'The live feed is closed.' };
const RETRY_AFTER_MS = 1_000;
const PATIENCE_MS = 10_000;
/** Clients have no reason to cut a message of at most 64 KiB into many pieces. */
const MAX_FRAGMENTS = 64;

class Feed implements WebSocketAttachment {
  readonly path: string;
  readonly #options: FeedOptions;
  readonly #deps: WebSocketDeps;
  readonly #hub: FeedHub;
  readonly #admission: Admission;
  readonly #heartbeat: Heartbeat;
  readonly #webSockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  readonly #seen = new WeakSet<Duplex>();
  readonly #pending = new Set<Duplex>();
  readonly #leaveServer: (() => void) | undefined;
  #detaching: Promise<void> | undefined;

  constructor(options: FeedOptions, deps: WebSocketDeps, routes: UpgradeRoutes | undefined) {
    const { path, origins, heartbeatMs, authenticate, authorize } = options;
    this.path = path;
    this.#options = options;
    this.#deps = deps;
    this.#hub = new FeedHub(deps.events, deps.logger);
    this.#admission = new Admission({ origins, authenticate, isOpen: authorize !== undefined, clock: deps.clock, logger: deps.logger });
    this.#heartbeat = new Heartbeat(deps.clock, { everyMs: heartbeatMs, patienceMs: Math.min(PATIENCE_MS, heartbeatMs) });
    const { WebSocketServer: Server } = loadWs();
    this.#webSockets = new Server({
      noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: WIRE_LIMITS.maxFrameBytes, maxFragments: MAX_FRAGMENTS,
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
    if (this.#detaching !== undefined) refuse(socket, GONE);
    else if (this.#connections.size + this.#pending.size >= this.#options.maxClients) refuse(socket, FULL);
    else void this.#admit(request, socket, head);
  }

  detach(): Promise<void> {
    this.#detaching ??= this.#detach();
    return this.#detaching;
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#pending.add(socket);
    const verdict = await this.#admission.admit(request);
    // Not there any more: refused by `detach`.
    if (!this.#pending.delete(socket) || socket.destroyed) return;
    const { admitted } = verdict;
    if (admitted === undefined) refuse(socket, verdict.refusal);
    else this.#webSockets.handleUpgrade(request, socket, head, (client) => { this.#connect(client, socket, request, admitted); });
  }

  #connect(client: ConstructorParameters<typeof Connection>[0], stream: Duplex, request: IncomingMessage, admitted: Admitted | 'hello'): void {
    const { clock, logger, control } = this.#deps;
    const { socket } = request;
    const connection = new Connection(client, stream, {
      hub: this.#hub, control, clock, logger, admitted, heartbeat: this.#heartbeat, heartbeatMs: this.#options.heartbeatMs, authorize: this.#options.authorize,
      authenticate: (token) => this.#admission.authenticate(request, token),
      bytesRead: () => socket.bytesRead,
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
