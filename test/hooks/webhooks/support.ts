import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { WebhookManager, type WebhookManagerPorts } from '../../../src/lib/task-system/hooks/WebhookManager.ts';
import { TaskEvents } from '../../../src/lib/task-system/realtime/EventEmitter.ts';
import { openMemoryStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import type { EventDraft, TaskEvent } from '../../../src/lib/task-system/types/Events.ts';
import { DEFAULTS, type ResolvedWebhooks } from '../../../src/lib/task-system/types/ResolvedOptions.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import type { WebhookEventMap } from '../../../src/lib/task-system/types/Webhooks.ts';
import { COMPLETE, newTask } from '../../store/support.ts';

/** How to wait for what a busy machine may need long for. */
export const PATIENT = { timeout: 120_000, interval: 2 };

/** A request as a receiver sees it. */
export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The id of the task that it is about. */
  readonly taskId: string;
  readonly id: string;
}

/** How a receiver answers; the response is ended by whoever writes this. */
export type Answer = (response: ServerResponse, received: Received) => void;

/** An HTTP server that remembers what it gets. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Resolves with the request of this number, from 1, once it is there. */
  readonly request: (number: number) => Promise<Received>;
  /** Changes the answer from now on. */
  readonly answer: (next: Answer | number) => void;
  /** How many connections are open. */
  readonly connections: () => Promise<number>;
}

/** What a receiver shows who it is with. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Starts a receiver on loopback, with a certificate one that speaks TLS. A number is a status. */
export async function receiver(first: Answer | number = 204, certificate?: Certificate): Promise<Receiver> {
  let answer = first;
  const received: Received[] = [];
  const waiting: { readonly number: number; readonly resolve: (received: Received) => void }[] = [];
  const server = create(certificate, (request, response) => {
    void text(request).then((body) => {
      const payload = body === '' ? {} : JSON.parse(body) as { data?: { taskId?: string } };
      const next = { method: request.method, path: request.url, headers: request.headers, body, taskId: payload.data?.taskId ?? '', id: String(request.headers['webhook-id']) };
      received.push(next);
      if (typeof answer === 'number') response.writeHead(answer).end();
      else answer(response, next);
      for (const { number, resolve } of waiting) {
        const wanted = received[number - 1];
        if (wanted !== undefined) resolve(wanted);
      }
    }, () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port ?? 0 : 0;
  return {
    url: `http${certificate === undefined ? '' : 's'}://127.0.0.1:${String(port)}/hook`, port, received,
    request: (number) => new Promise((resolve) => {
      const there = received[number - 1];
      if (there === undefined) waiting.push({ number, resolve });
      else resolve(there);
    }),
    answer: (next) => { answer = next; },
    connections: () => new Promise((resolve) => { server.getConnections((_error, count) => { resolve(count); }); }),
  };
}

function create(certificate: Certificate | undefined, listener: RequestListener) {
  return certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);
}

/** A manager with a store of its own, on a clock that stands still. */
export interface Webhooks {
  readonly manager: WebhookManager;
  readonly store: TaskStore;
  readonly clock: FakeClock;
  readonly warnings: readonly string[];
  /** Creates a task and emits what was stored, as the core does. */
  readonly create: (id: string, project?: string) => Promise<void>;
  /** Creates a task that completes at once. */
  readonly complete: (id: string, project?: string) => Promise<void>;
  /** Emits a draft of a running task. */
  readonly append: (id: string, ...drafts: readonly EventDraft[]) => Promise<void>;
  /** Resolves with the next event of this type. */
  readonly next: <Type extends keyof WebhookEventMap>(type: Type) => Promise<WebhookEventMap[Type]>;
  /** Moves time on, and waits until what fell due was sent. */
  readonly advance: (ms: number) => Promise<void>;
}

/** Settings under which loopback may be reached by `http:`. */
export const LOCAL: ResolvedWebhooks = { ...DEFAULTS.webhooks, allow: [], ca: [], secrets: new Map(), allowHttp: true, allowLoopback: true };

/** Opens a manager; random numbers stand in the middle, so that there is no jitter. */
export async function openWebhooks(options: Partial<ResolvedWebhooks> = {}, ports: Partial<WebhookManagerPorts> = {}): Promise<Webhooks> {
  const store = await openMemoryStore();
  const clock = new FakeClock();
  const warnings: string[] = [];
  const log = (message: string): void => { warnings.push(message); };
  const logger = { debug: () => {}, info: () => {}, warn: log, error: log };
  const events = new TaskEvents({ epoch: store.epoch, offset: 0, clock, logger, readSince: (offset, limit) => store.readEvents(offset, limit) });
  let ids = 0;
  const manager = new WebhookManager({
    options: { ...LOCAL, ...options }, outbox: store.outbox, clock, random: () => 0.5, logger, hostId: 'host', generateId: () => `id-${String(++ids)}`, ...ports,
  });
  await manager.open(events);
  onTestFinished(async () => {
    await manager.close({ graceMs: 0 });
    await store.close();
  });
  const emit = (stored: readonly TaskEvent[] = []): void => { for (const event of stored) events.emit(event); };
  const create = async (id: string, project = 'acme'): Promise<void> => { emit((await store.create(newTask(id, { project, createdAt: clock.now() }), 'host')).events); };
  return {
    manager, store, clock, warnings, create,
    complete: async (id, project) => {
      await create(id, project);
      emit((await store.settle({ taskId: id, fence: 1, to: 'completed', time: clock.now(), event: COMPLETE }))?.events);
    },
    append: async (id, ...drafts) => { emit(await store.append(id, 1, drafts, clock.now())); },
    next: (type) => new Promise((resolve) => {
      const stop = manager.on(type, (event) => {
        stop();
        resolve(event);
      });
    }),
    advance: async (ms) => {
      clock.advance(ms);
      await manager.idle();
    },
  };
}
