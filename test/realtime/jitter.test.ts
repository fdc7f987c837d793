import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type FeedClient } from '../../src/client.ts';
import { attachWebSocket } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import { hurriedClock } from './clientHelpers.ts';
import { ManualClock, RecordingLogger, settle, until } from './helpers.ts';
import { closeServer, Feeds, listen, MemoryLog } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

const CLIENTS = 50;
const TASKS = 20;

/** A client that notes the stored events it gets. */
class Watcher {
  readonly client: FeedClient;
  readonly seen: string[] = [];
  readonly resets: string[] = [];
  /** Every time that it waited for. */
  readonly delays: number[] = [];

  constructor(url: string) {
    this.client = connect(url, {}, { clock: hurriedClock(100, this.delays) });
    this.client.subscribe('tasks', { since: { epoch: '', offset: 0 }, onReset: (reason) => { this.resets.push(reason); } })
      .on('*', ({ type, taskId, offset }) => { if (type !== 'task:progress') this.seen.push(`${taskId} ${type} ${String(offset)}`); });
    feeds.defer(() => { this.client.close(); });
  }
}

/** A server whose connections can be cut without a word. Who comes while there is no feed is told so. */
async function server() {
  const http = createServer((_, response) => { response.writeHead(503).end(); });
  const sockets = new Set<Socket>();
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => { sockets.delete(socket); });
  });
  const { url } = await listen(http);
  feeds.defer(() => closeServer(http));
  return { http, sockets, url: `${url}/tasks` };
}

/** A whole life of some tasks, step by step, with progress in between. */
function* lives(log: MemoryLog): Generator<void> {
  for (let step = 0; step < 6; step += 1) {
    for (let task = 0; task < TASKS; task += 1) {
      const id = `task-${String(task)}`;
      if (step === 5) log.complete(id);
      else log.append(id);
      log.progress(step, id);
      yield;
    }
  }
}

/** Small numbers that look like chance and are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function expected(log: MemoryLog): readonly string[] {
  return log.stored.map(({ type, taskId, offset }) => `${taskId} ${type} ${String(offset)}`);
}

describe('live feed under jitter', () => {
  it('gives every client every lifecycle event exactly once and in order, though its connection is cut again and again', async () => {
    const log = new MemoryLog();
    const { http, sockets, url } = await server();
    const attachment = attachWebSocket(http, {}, { events: log.events, clock: new ManualClock(), logger: new RecordingLogger() });
    feeds.defer(() => attachment.detach());
    const watchers = Array.from({ length: CLIENTS }, () => new Watcher(url));
    await until(() => attachment.clients === CLIENTS);
    const random = chance(1);
    let cuts = 0;
    for (const _ of lives(log)) {
      for (const socket of sockets) {
        if (random() >= 0.05) continue;
        socket.destroy();
        cuts += 1;
      }
      await settle(2);
      // So that there is always somebody to cut off, however long it takes to come back.
      await until(() => attachment.clients >= CLIENTS / 2);
    }
    const all = expected(log);
    await until(() => watchers.every(({ seen }) => seen.length >= all.length));
    expect(cuts).toBeGreaterThan(CLIENTS);
    for (const { seen, resets } of watchers) {
      expect(seen).toEqual(all);
      expect(resets).toEqual([]);
    }
  });

  it('loses nothing in a restart of the host under all of its clients, who come back spread out', async () => {
    const log = new MemoryLog();
    const { http, url } = await server();
    const attach = () => attachWebSocket(http, {}, { events: log.events, clock: new ManualClock(), logger: new RecordingLogger() });
    const first = attach();
    const watchers = Array.from({ length: CLIENTS }, () => new Watcher(url));
    await until(() => first.clients === CLIENTS);
    const life = lives(log);
    for (let event = 0; event < 40; event += 1) life.next();
    await first.detach();
    await until(() => watchers.every(({ client }) => client.state === 'connecting'));
    for (let event = 0; event < 40; event += 1) life.next();
    const second = attach();
    feeds.defer(() => second.detach());
    await until(() => second.clients === CLIENTS);
    for (const _ of life) await settle(1);
    const all = expected(log);
    await until(() => watchers.every(({ seen }) => seen.length >= all.length));
    // Not all at one moment: who heard the server's goodbye waited a time of its own, as it had asked for.
    const waits = watchers.flatMap(({ delays }) => delays.find((delay) => delay >= 1_000 && delay <= 2_000) ?? []);
    expect(new Set(waits).size).toBeGreaterThan(CLIENTS / 2);
    for (const { seen, resets } of watchers) {
      expect(seen).toEqual(all);
      expect(resets).toEqual([]);
    }
  });
});
