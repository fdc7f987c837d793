import type { Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { serializeError } from '../../types/Errors.ts';
import type { Clock, Logger, Timer } from '../../types/Ports.ts';
import type { TaskControl } from '../../types/TaskControl.ts';
import { type ClientFrame, type ServerFrame, WIRE_CLOSE_CODES, WIRE_PROTOCOL, type WireErrorCode, type WireLimits } from '../../types/Wire.ts';
import { clientFrameSchema } from '../../types/WireSchema.ts';
import { nameOf, type Admitted, type Verdict } from './Admission.ts';
import type { Batch } from './Batch.ts';
import { ClientSocket } from './ClientSocket.ts';
import { Commands } from './Commands.ts';
import type { FeedHub, FeedReceiver } from './FeedHub.ts';
import type { Heartbeat } from './Heartbeat.ts';
import { Outbox } from './Outbox.ts';
import { type Authorize, Permissions } from './Permissions.ts';
import { RateLimit } from './RateLimit.ts';
import { Subscriptions } from './Subscriptions.ts';

/** What a connection needs. */
export interface ConnectionOptions {
  readonly hub: FeedHub;
  readonly control: TaskControl | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly heartbeat: Heartbeat;
  /** As announced to the client. */
  readonly heartbeatMs: number;
  /** Who the client is; `'hello'`: its first frame has to show. */
  readonly admitted: Admitted | 'hello';
  /** Asks who the client is by the token that came with its `hello`. */
  readonly authenticate: (token: string) => Promise<Verdict>;
  readonly authorize: Authorize | undefined;
  /** How many bytes have arrived on the connection. */
  readonly bytesRead: () => number;
}

/** The bounds of a connection, as `welcome` announces them. */
export const WIRE_LIMITS: WireLimits = { maxFrameBytes: 65_536, maxSubscriptions: 64, maxTopics: 64 };

const FIRST_FRAME_BYTES = 16_384;
const HELLO_TIMEOUT_MS = 5_000;
const CLOSE_GRACE_MS = 2_000;
const OUTBOX_LIMITS = { softBytes: 262_144, hardBytes: 1_048_576 };
const MESSAGE_BURST = 128;
const MESSAGES_PER_SECOND = 20;

/** One client of the live feed. */
export class Connection implements FeedReceiver {
  readonly #socket: WebSocket;
  readonly #options: Pick<ConnectionOptions, 'hub' | 'clock' | 'logger' | 'heartbeatMs'>;
  /** Knows the request, which is large: let go of as soon as the client is known. */
  #authenticate: ConnectionOptions['authenticate'] | undefined;
  readonly #outbox: Outbox;
  readonly #subscriptions: Subscriptions;
  readonly #commands: Commands;
  readonly #rate: RateLimit;
  readonly #endHeartbeat: () => void;
  readonly #closed = Promise.withResolvers<void>();
  #deadline: Timer;
  #expiry: Timer | undefined;
  #admitted: Admitted | 'hello';
  #state: 'new' | 'checking' | 'greeted' | 'closing' = 'new';

  /** @param stream what the WebSocket runs on. */
  constructor(socket: WebSocket, stream: Writable, options: ConnectionOptions) {
    const { hub, control, authorize, clock, logger, heartbeat, heartbeatMs, bytesRead } = options;
    this.#socket = socket;
    this.#options = { hub, clock, logger, heartbeatMs };
    this.#authenticate = options.authenticate;
    this.#admitted = options.admitted;
    const outbox = new Outbox(new ClientSocket(socket, stream), OUTBOX_LIMITS, () => { this.#cutOff(); });
    this.#outbox = outbox;
    const admitted = (): Admitted | undefined => (this.#admitted === 'hello' ? undefined : this.#admitted);
    const permissions = new Permissions({ authorize, control, clock, logger }, () => admitted()?.identity);
    this.#subscriptions = new Subscriptions({ hub, receiver: this, outbox, permissions, limits: WIRE_LIMITS, control, logger });
    this.#commands = new Commands({ control, permissions, name: () => nameOf(admitted()), outbox, logger });
    this.#rate = new RateLimit(clock, MESSAGE_BURST, MESSAGES_PER_SECOND);
    this.#endHeartbeat = heartbeat.add({ ping: () => { this.#ping(); }, received: bytesRead, onDead: () => { this.terminate(); } });
    this.#deadline = clock.setTimer(HELLO_TIMEOUT_MS, () => { this.#fail('hello_timeout', 'No hello came in time.', WIRE_CLOSE_CODES.helloTimeout); });
    socket.on('message', (data, isBinary) => { this.#onMessage(data, isBinary); });
    // The pings and pongs of WebSocket itself are messages too for whoever floods with them.
    for (const event of ['ping', 'pong'] as const) socket.on(event, () => { this.#takeOne(); });
    socket.on('close', () => { this.#onClose(); });
    // `close` follows and says all that matters; without a listener the error would be thrown.
    socket.on('error', (error) => { logger.debug('A client of the live feed caused an error.', { error: serializeError(error) }); });
  }

  /** Resolves when the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Sends the live events of a flush; cuts the connection when the client is too far behind. */
  deliver(batch: Batch): void {
    this.#outbox.deliver(batch);
  }

  /** Live events were lost: the client has to connect again and resume from its offset. */
  lose(): void {
    this.terminate();
  }

  /** Says goodbye, closes, and cuts the connection when the client does not answer in time. */
  close(code: number, retryAfterMs: number): void {
    if (this.#state !== 'closing') this.#shut(code, { type: 'bye', code, retryAfterMs });
  }

  /** Ends the connection at once. A stalled peer would never see a closing handshake. */
  terminate(): void {
    this.#release();
    this.#socket.terminate();
  }

  #cutOff(): void {
    if (this.#state === 'closing') return;
    this.#options.logger.debug('A client of the live feed was too slow and was cut off; it can resume from its offset.');
    this.terminate();
  }

  #fail(code: WireErrorCode, message: string, closeCode: number): void {
    this.#shut(closeCode, { type: 'err', code, message });
  }

  #shut(code: number, lastFrame: ServerFrame): void {
    this.#options.hub.flush();
    this.#outbox.send(lastFrame);
    this.#release();
    this.#socket.close(code);
    this.#deadline = this.#options.clock.setTimer(CLOSE_GRACE_MS, () => { this.#socket.terminate(); });
  }

  #onClose(): void {
    this.#release();
    this.#deadline.cancel();
    this.#closed.resolve();
  }

  #release(): void {
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    this.#deadline.cancel();
    this.#expiry?.cancel();
    this.#endHeartbeat();
    this.#subscriptions.clear();
  }

  #ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    // Messages that had arrived before the closing began still come through.
    if (this.#state === 'closing') return;
    if (!this.#takeOne()) return;
    const frame = isBinary ? undefined : this.#parse(data);
    if (frame === undefined) this.#fail('bad_frame', 'The message is not a frame of this protocol.', WIRE_CLOSE_CODES.badFrame);
    else if (frame.type === 'hello' && this.#state === 'new') void this.#onHello(frame.token);
    else if (this.#state === 'greeted' && frame.type !== 'hello') this.#onFrame(frame);
    else this.#fail('bad_frame', 'The first frame, and no other, must be a hello, and its welcome must be waited for.', WIRE_CLOSE_CODES.badFrame);
  }

  /** Counts a message. False when it was one too many: the connection is being closed. */
  #takeOne(): boolean {
    if (this.#state === 'closing') return false;
    if (this.#rate.take()) return true;
    this.#fail('too_many_messages', 'Too many messages.', WIRE_CLOSE_CODES.tooManyMessages);
    return false;
  }

  #parse(data: RawData): ClientFrame | undefined {
    if (!(data instanceof Buffer) || (this.#state === 'new' && data.length > FIRST_FRAME_BYTES)) return undefined;
    try {
      return clientFrameSchema.safeParse(JSON.parse(data.toString())).data;
    } catch {
      return undefined;
    }
  }

  async #onHello(token: string | undefined): Promise<void> {
    this.#deadline.cancel();
    this.#state = 'checking';
    const authenticate = this.#authenticate;
    this.#authenticate = undefined;
    if (token !== undefined && authenticate !== undefined) {
      const { admitted } = await authenticate(token);
      if (this.#isClosing()) return;
      this.#admitted = admitted ?? 'hello';
    }
    if (this.#admitted === 'hello') {
      this.#fail('unauthorized', token === undefined ? 'The hello must have a token.' : 'The token was refused.', WIRE_CLOSE_CODES.unauthorized);
      return;
    }
    this.#watchExpiry(this.#admitted.expiresAt);
    if (this.#isClosing()) return;
    this.#state = 'greeted';
    const { hub, heartbeatMs } = this.#options;
    this.#outbox.send({ type: 'welcome', protocol: WIRE_PROTOCOL, epoch: hub.epoch, offset: hub.position, limits: WIRE_LIMITS, heartbeatMs });
  }

  #watchExpiry(expiresAt: number | undefined): void {
    if (expiresAt === undefined) return;
    const { clock } = this.#options;
    const onExpiry = (): void => { this.close(WIRE_CLOSE_CODES.tokenExpired, 0); };
    if (expiresAt <= clock.now()) onExpiry();
    else this.#expiry = clock.setTimer(expiresAt - clock.now(), onExpiry);
  }

  #isClosing(): boolean {
    return this.#state === 'closing';
  }

  #onFrame(frame: Exclude<ClientFrame, { readonly type: 'hello' }>): void {
    if (frame.type === 'sub') void this.#subscriptions.add(frame);
    else if (frame.type === 'unsub') this.#subscriptions.remove(frame.id);
    else if (frame.type === 'ping') this.#pong(frame.t);
    else void this.#commands.run(frame);
  }

  #pong(t: number | undefined): void {
    const { hub } = this.#options;
    hub.flush();
    const position = this.#subscriptions.isLive ? { offset: hub.position } : {};
    this.#outbox.send({ type: 'pong', ...(t === undefined ? {} : { t }), ...position });
  }
}
