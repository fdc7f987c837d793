import type { Clock, Timer } from '../../types/Ports.ts';
import { type ClientFrame, type ServerFrame, TOKEN_PROTOCOL_PREFIX, WIRE_PROTOCOL } from '../../types/Wire.ts';
import type { WebSocketConstructor, WebSocketLike } from './WebSocketLike.ts';

/** How a connection ended. */
export interface LinkEnd {
  /** The close code; 1006 when there was none. */
  readonly code: number;
  /** Whether it had been greeted and up for at least 5 seconds. */
  readonly wasHealthy: boolean;
  /** What the server asked for when it said goodbye; 0 when it did not. */
  readonly retryAfterMs: number;
}

/** What {@link FeedLink} needs. */
export interface FeedLinkOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly WebSocket: WebSocketConstructor;
  readonly clock: Clock;
  /** The server greeted: frames may be sent. */
  readonly onWelcome: () => void;
  /** Every frame after that, except for `bye`. */
  readonly onFrame: (frame: ServerFrame) => void;
  /** Called once; nothing comes after it. */
  readonly onEnd: (end: LinkEnd) => void;
}

const WELCOME_TIMEOUT_MS = 10_000;
const PATIENCE_MS = 10_000;
const HEALTHY_MS = 5_000;
const NO_CODE = 1006;

/** One connection of the client, from its opening to its end. */
export class FeedLink {
  readonly #options: FeedLinkOptions;
  readonly #socket: WebSocketLike;
  /** The wait for the greeting; after that, for the time of a ping or its answer. */
  #timer: Timer;
  #welcomedAt: number | undefined;
  #received = 0;
  #retryAfterMs = 0;
  #isOver = false;

  constructor(options: FeedLinkOptions) {
    this.#options = options;
    const { url, token, WebSocket, clock } = options;
    this.#socket = new WebSocket(url, [WIRE_PROTOCOL, ...(token === undefined ? [] : [`${TOKEN_PROTOCOL_PREFIX}${base64url(token)}`])]);
    this.#socket.addEventListener('open', () => { this.send({ type: 'hello' }); });
    this.#socket.addEventListener('message', ({ data }) => { this.#onMessage(data); });
    this.#socket.addEventListener('close', ({ code }) => { this.#end(code); });
    // `close` follows.
    this.#socket.addEventListener('error', () => undefined);
    this.#timer = clock.setTimer(WELCOME_TIMEOUT_MS, () => { this.drop(); });
  }

  /** Whether the server has greeted. */
  get isWelcome(): boolean {
    return this.#welcomedAt !== undefined && !this.#isOver;
  }

  /** Sends a frame. False when the connection is over. */
  send(frame: ClientFrame): boolean {
    if (!this.#isOver) this.#socket.send(JSON.stringify(frame));
    return !this.#isOver;
  }

  /** Gives the connection up. A dead one would take long to say that it is closed, so that is not waited for. */
  drop(): void {
    if (this.#isOver) return;
    this.#end(NO_CODE);
    this.#socket.close();
  }

  #end(code: number): void {
    if (this.#isOver) return;
    const { clock, onEnd } = this.#options;
    const wasHealthy = this.#welcomedAt !== undefined && clock.now() - this.#welcomedAt >= HEALTHY_MS;
    this.#isOver = true;
    this.#timer.cancel();
    onEnd({ code, wasHealthy, retryAfterMs: this.#retryAfterMs });
  }

  #onMessage(data: unknown): void {
    if (this.#isOver) return;
    this.#received += 1;
    const frame = parse(data);
    if (frame === undefined) this.drop();
    else if (frame.type === 'welcome') this.#onWelcome(frame.heartbeatMs);
    else if (frame.type === 'bye') this.#retryAfterMs = frame.retryAfterMs ?? 0;
    else this.#options.onFrame(frame);
  }

  #onWelcome(heartbeatMs: number): void {
    const { clock, onWelcome } = this.#options;
    this.#welcomedAt = clock.now();
    this.#watch(heartbeatMs, heartbeatMs);
    onWelcome();
  }

  /** Pings, and gives the connection up when nothing comes. The pings of WebSocket itself are invisible in browsers. */
  #watch(delayMs: number, heartbeatMs: number): void {
    const { clock } = this.#options;
    this.#timer.cancel();
    this.#timer = clock.setTimer(delayMs, () => {
      const before = this.#received;
      this.#timer = clock.setTimer(PATIENCE_MS, () => {
        if (this.#received === before) this.drop();
        else this.#watch(Math.max(0, heartbeatMs - PATIENCE_MS), heartbeatMs);
      });
      this.send({ type: 'ping' });
    });
  }
}

/** What a server sends is taken at its word once it looks like a frame; what no frame looks like is not from our server. */
function parse(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const frame: unknown = JSON.parse(data);
    return isFrame(frame) ? frame : undefined;
  } catch {
    return undefined;
  }
}

function isFrame(value: unknown): value is ServerFrame {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
