import { connect, type ConnectDeps, type ConnectOptions, type FeedClient, type FeedState, type FeedStateDetails } from '../../src/client.ts';
import { clientClock } from '../../src/lib/task-system/realtime/client/clientClock.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { Clock } from '../../src/lib/task-system/types/Ports.ts';
import type { ClientFrame, ServerFrame } from '../../src/lib/task-system/types/Wire.ts';
import { ManualClock, settle, until } from './helpers.ts';

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  static readonly made: FakeSocket[] = [];
  readonly url: string;
  readonly protocols: readonly string[];
  readonly sent: ClientFrame[] = [];
  isClosed = false;
  readonly #listeners = new Map<string, ((event: { readonly data: unknown; readonly code: number }) => void)[]>();

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.made.push(this);
  }

  send(data: string): void {
    const frame: ClientFrame = JSON.parse(data);
    this.sent.push(frame);
  }

  close(): void {
    this.isClosed = true;
  }

  addEventListener(type: string, listener: (event: { readonly data: unknown; readonly code: number }) => void): void {
    this.#listeners.set(type, [...this.#listeners.get(type) ?? [], listener]);
  }

  /** Something happens at the other end. */
  fire(type: 'open' | 'message' | 'close' | 'error', event: { readonly data?: unknown; readonly code?: number } = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ data: event.data, code: event.code ?? 0 });
  }

  receive(frame: ServerFrame): void {
    this.fire('message', { data: JSON.stringify(frame) });
  }

  /** The server accepts and greets. */
  welcome(offset = 0): void {
    this.fire('open');
    this.receive({ type: 'welcome', protocol: 'task-system.v1', epoch: 'epoch-1', offset, heartbeatMs: 25_000, limits: { maxFrameBytes: 1, maxSubscriptions: 1, maxTopics: 1 } });
  }

  /** Frames of one type that were sent. */
  sentOf<Type extends ClientFrame['type']>(type: Type): readonly Extract<ClientFrame, { readonly type: Type }>[] {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { readonly type: Type }> => frame.type === type);
  }
}

/** A client on fake sockets. */
export interface FakeClient {
  readonly client: FeedClient;
  readonly clock: ManualClock;
  /** The newest connection. */
  readonly socket: () => FakeSocket;
  readonly states: readonly (readonly [FeedState, FeedStateDetails])[];
  /** How many connections were made. */
  readonly connections: () => number;
}

/** Connects to nothing but the test. */
export function fakeClient(options: ConnectOptions = {}, deps: Partial<ConnectDeps> = {}): FakeClient {
  const clock = new ManualClock();
  const first = FakeSocket.made.length;
  const client = connect('ws://localhost/tasks', { WebSocket: FakeSocket, ...options }, { clock, random: () => 0.5, ...deps });
  const states: (readonly [FeedState, FeedStateDetails])[] = [];
  client.on('state', (state, details) => { states.push([state, details]); });
  const socket = (): FakeSocket => {
    const newest = FakeSocket.made.at(-1);
    if (newest === undefined) throw new RangeError('no connection was made');
    return newest;
  };
  return { client, clock, socket, states, connections: () => FakeSocket.made.length - first };
}

/** How long a client waits for an answer, and between two of its pings, in milliseconds. */
const PATIENCE_MS: readonly number[] = [10_000, 15_000, 25_000];

/**
 * Time in which a client comes back so many times as fast. What it waits for an answer stays as long as it is: how quick this machine is
 * must not decide whether a connection lives.
 * @param delays gets every time that it waited for.
 */
export function hurriedClock(factor: number, delays: number[]): Clock {
  return {
    now: () => Date.now() * factor,
    setTimer: (delayMs, callback) => {
      delays.push(delayMs);
      return clientClock.setTimer(PATIENCE_MS.includes(delayMs) ? delayMs : delayMs / factor, callback);
    },
  };
}

/** Takes events until there are as many as asked for. */
export async function take(events: AsyncIterator<TaskEvent, undefined>, count: number): Promise<readonly TaskEvent[]> {
  const taken: TaskEvent[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

/** Takes whatever is there now. */
export function collect(events: AsyncIterable<TaskEvent>): { readonly events: readonly TaskEvent[]; readonly ended: Promise<unknown> } {
  const taken: TaskEvent[] = [];
  const ended = (async () => {
    try {
      for await (const event of events) taken.push(event);
    } catch (error) {
      return error;
    }
    return undefined;
  })();
  return { events: taken, ended };
}

/** Waits until the client is in a state. */
export async function reaches(client: FeedClient, state: FeedState): Promise<void> {
  await until(() => client.state === state);
  await settle(1);
}
