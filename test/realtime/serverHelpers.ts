import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import { TaskEvents } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import { attachWebSocket, type WebSocketAttachment, type WebSocketDeps, type WebSocketOptions } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { ClientFrame, ServerFrame } from '../../src/lib/task-system/types/Wire.ts';
import { serverFrameSchema } from '../../src/lib/task-system/types/WireSchema.ts';
import { completeEvent, ManualClock, progressEvent, RecordingLogger, startEvent } from './helpers.ts';

/** An event log in memory: stores, then emits, as a system does. */
export class MemoryLog {
  readonly events: TaskEvents;
  readonly stored: TaskEvent[] = [];
  readonly reads: { readonly offset: number; readonly limit: number; readonly taskId?: string }[] = [];
  /** Offsets up to this are pruned. */
  prunedTo = 0;
  /** What a read waits for, after the events were looked up. */
  gate: Promise<void> = Promise.resolve();

  constructor(epoch = 'epoch-1') {
    this.events = new TaskEvents({ epoch, offset: 0, clock: new ManualClock(), logger: new RecordingLogger(), readSince: (offset, limit, taskId) => this.#read(offset, limit, taskId) });
  }

  /** Stores an event and emits it. */
  append(taskId = 'task-1', overrides: Parameters<typeof startEvent>[2] = {}): TaskEvent {
    const event = this.store(taskId, overrides);
    this.events.emit(event);
    return event;
  }

  /** Stores an event without emitting it yet. */
  store(taskId = 'task-1', overrides: Parameters<typeof startEvent>[2] = {}): TaskEvent {
    const event = startEvent(this.stored.length + 1, taskId, { epoch: this.events.epoch, ...overrides });
    this.stored.push(event);
    return event;
  }

  /** Stores and emits a final event. */
  complete(taskId = 'task-1'): TaskEvent {
    const event = { ...completeEvent(this.stored.length + 1, taskId), epoch: this.events.epoch };
    this.stored.push(event);
    this.events.emit(event);
    return event;
  }

  /** Emits an event that is not stored. */
  progress(percent: number, taskId = 'task-1'): void {
    this.events.emit({ ...progressEvent(this.events.offset, percent, taskId), epoch: this.events.epoch });
  }

  async #read(offset: number, limit: number, taskId?: string): Promise<readonly TaskEvent[] | undefined> {
    this.reads.push({ offset, limit, ...(taskId === undefined ? {} : { taskId }) });
    const isWhole = offset >= this.prunedTo || (taskId !== undefined && this.stored.every((event) => event.taskId !== taskId || event.offset > this.prunedTo));
    const found = isWhole ? this.stored.filter((event) => event.offset > offset && (taskId === undefined || event.taskId === taskId)).slice(0, limit) : undefined;
    await this.gate;
    return found;
  }
}

/** A client that speaks frames. Every frame that it receives is checked against the schema. */
export class RawClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly opened: Promise<void>;
  /** Every frame so far. */
  readonly frames: ServerFrame[] = [];
  #read = 0;
  readonly #waiters: (() => void)[] = [];

  constructor(url: string, options: { readonly protocols?: readonly string[]; readonly headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(url, [...options.protocols ?? []], { headers: options.headers ?? {} });
    this.opened = new Promise((resolve, reject) => {
      this.socket.on('open', () => { resolve(); });
      this.socket.on('error', reject);
    });
    this.opened.catch(() => undefined);
    this.closed = new Promise((resolve) => { this.socket.on('close', (code, reason) => { resolve({ code, reason: reason.toString() }); }); });
    this.socket.on('message', (data) => {
      this.frames.push(serverFrameSchema.parse(JSON.parse(textOf(data))));
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  send(frame: ClientFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame that was not read yet. */
  async next(): Promise<ServerFrame> {
    for (;;) {
      const frame = this.frames[this.#read];
      if (frame !== undefined) {
        this.#read += 1;
        return frame;
      }
      await new Promise<void>((resolve) => { this.#waiters.push(resolve); });
    }
  }

  /** The next frame of a type; others are skipped. */
  async nextOf<Type extends ServerFrame['type']>(type: Type): Promise<Extract<ServerFrame, { readonly type: Type }>> {
    for (;;) {
      const frame = await this.next();
      if (isOf(frame, type)) return frame;
    }
  }

  /** Opens and greets. */
  async hello(): Promise<this> {
    await this.opened;
    this.send({ type: 'hello' });
    await this.nextOf('welcome');
    return this;
  }

  /** Subscribes and waits until the subscription is live. */
  async subscribe(id: string, topics: readonly string[], more: Partial<Extract<ClientFrame, { readonly type: 'sub' }>> = {}): Promise<Extract<ServerFrame, { readonly type: 'subok' }>> {
    this.send({ type: 'sub', id, topics, ...more });
    return this.nextOf('subok');
  }

  /** Waits until everything that was sent before has arrived. */
  async sync(): Promise<void> {
    const t = this.frames.length + Math.random();
    this.send({ type: 'ping', t });
    for (;;) if ((await this.nextOf('pong')).t === t) return;
  }

  /** All events so far, in order of arrival. */
  get events(): readonly TaskEvent[] {
    return this.frames.flatMap((frame) => (frame.type === 'ev' ? frame.events : []));
  }
}

/** The text of a message. */
export function textOf(data: RawData): string {
  return data instanceof Buffer ? data.toString() : '';
}

function isOf<Type extends ServerFrame['type']>(frame: ServerFrame, type: Type): frame is Extract<ServerFrame, { readonly type: Type }> {
  return frame.type === type;
}

/** An HTTP server on a free port of this machine. */
export async function listen(server: Server = createServer()): Promise<{ readonly server: Server; readonly port: number; readonly origin: string; readonly url: string }> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  const { port } = isAddress(address) ? address : { port: 0 };
  return { server, port, origin: `http://127.0.0.1:${String(port)}`, url: `ws://127.0.0.1:${String(port)}` };
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

/** A feed on a real HTTP server, and everything that was opened for it, to be closed at the end. */
export interface Feed {
  readonly server: Server;
  readonly attachment: WebSocketAttachment;
  readonly log: MemoryLog;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly origin: string;
  /** Address of the feed. */
  readonly url: string;
  readonly client: (options?: ConstructorParameters<typeof RawClient>[1]) => RawClient;
}

/** Makes feeds and closes what they opened. */
export class Feeds {
  readonly #closers: (() => Promise<void> | void)[] = [];

  /** Something to be done at the end, last first. */
  defer(closer: () => Promise<void> | void): void {
    this.#closers.push(closer);
  }

  async open<Identity>(options: WebSocketOptions<Identity> = {}, more: { readonly log?: MemoryLog; readonly deps?: Partial<WebSocketDeps>; readonly server?: Server } = {}): Promise<Feed> {
    const { server, origin, url } = await listen(more.server);
    this.defer(() => closeServer(server));
    const log = more.log ?? new MemoryLog();
    const clock = new ManualClock();
    const logger = new RecordingLogger();
    const attachment = attachWebSocket(server, options, { events: log.events, clock, logger, ...more.deps });
    const feedUrl = `${url}${attachment.path}`;
    this.defer(async () => {
      const detached = attachment.detach();
      clock.advance(2_000);
      await detached;
    });
    const client = (clientOptions?: ConstructorParameters<typeof RawClient>[1]): RawClient => {
      const made = new RawClient(feedUrl, clientOptions);
      this.defer(() => { made.socket.terminate(); });
      return made;
    };
    return { server, attachment, log, clock, logger, origin, url: feedUrl, client };
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).reverse()) await closer();
  }
}

/** Closes an HTTP server with all its connections. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => { resolve(); });
    server.closeAllConnections();
  });
}
