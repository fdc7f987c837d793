import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import { openSqliteStore } from '../../src/lib/task-system/store/SqliteStore.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import type { TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import { nextEvent, openSystem, recordEvents, testOptions } from './support.ts';

/** Frames of a feed, as they come. */
async function openFeed(system: TaskSystem): Promise<{ readonly url: string }> {
  const server = createServer((_request, response) => { response.end('the app'); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => { server.close(); });
  system.attachWebSocket(server, { path: '/tasks' });
  const { port } = portOf(server.address());
  return { url: `ws://127.0.0.1:${String(port)}/tasks` };
}

function portOf(address: string | AddressInfo | null): AddressInfo {
  if (typeof address === 'object' && address !== null) return address;
  throw new TypeError('the server has no port');
}

interface Frame { readonly type: string; readonly events?: readonly FeedEvent[] }

interface FeedEvent { readonly type: string; readonly offset: number; readonly taskId: string }

const readFrame: (text: string) => Frame = JSON.parse;

/** A bare WebSocket that says hello, subscribes and collects. */
async function watch(url: string, subscription: object): Promise<{ readonly frames: Frame[]; readonly until: (fits: (frame: Frame) => boolean) => Promise<Frame>; readonly close: () => void }> {
  const socket = new WebSocket(url);
  onTestFinished(() => { socket.terminate(); });
  const frames: Frame[] = [];
  const waiters = new Set<() => void>();
  socket.on('message', (data: Buffer) => {
    frames.push(readFrame(data.toString()));
    for (const wake of waiters) wake();
  });
  const until = async (fits: (frame: Frame) => boolean): Promise<Frame> => {
    for (;;) {
      const found = frames.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => { waiters.add(resolve); });
    }
  };
  await new Promise((resolve) => { socket.once('open', resolve); });
  socket.send(JSON.stringify({ type: 'hello' }));
  await until(({ type }) => type === 'welcome');
  socket.send(JSON.stringify({ type: 'sub', id: 's', ...subscription }));
  await until(({ type }) => type === 'subok');
  return { frames, until, close: () => { socket.terminate(); } };
}

function eventsIn(frames: readonly Frame[]): FeedEvent[] {
  return frames.flatMap(({ events = [] }) => events);
}

describe('the live feed of a system', () => {
  it('carries the story of a task that runs in a real process', async () => {
    const system = await openSystem(testOptions({ 'reports.mjs': {} }));
    const { url } = await openFeed(system);
    const feed = await watch(url, { topics: ['project:acme'] });
    const handle = await system.submit({ type: 'reports', project: 'acme' });
    await system.submit({ type: 'reports', project: 'other' });
    await handle.result();
    // What is stored and what is only told take their own ways.
    const story = ['task:create', 'task:start', 'task:progress', 'task:log', 'task:complete'];
    const types = (): readonly string[] => eventsIn(feed.frames).map(({ type }) => type);
    await feed.until(() => story.every((type) => types().includes(type)));
    expect(new Set(eventsIn(feed.frames).map(({ taskId }) => taskId))).toEqual(new Set([handle.id]));
  });

  it('replays from the log what a client missed, also over a restart of the host', async () => {
    const options = testOptions({ 'echo.mjs': {} });
    const first = await openSystem(options);
    const epoch = (await new Promise<{ epoch: string }>((resolve) => { first.events.once('task:create', resolve); void first.submit({ type: 'echo' }); })).epoch;
    await (await first.submit({ type: 'echo' })).result();
    await first.close();
    const second = await openSystem(options);
    const { url } = await openFeed(second);
    const feed = await watch(url, { topics: ['tasks'], since: { epoch, offset: 1 } });
    await (await second.submit({ type: 'echo' })).result();
    await feed.until(() => eventsIn(feed.frames).filter(({ type }) => type === 'task:complete').length === 3);
    // A slow task tells what it uses meanwhile, under the offset of the moment.
    const stored = eventsIn(feed.frames).filter(({ type }) => type !== 'task:usage');
    expect(stored.map(({ offset }) => offset)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('says goodbye when the system closes and leaves the app its server', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const { url } = await openFeed(system);
    const feed = await watch(url, { topics: ['tasks'] });
    await system.close();
    await feed.until(({ type }) => type === 'bye');
    await expect(fetch(url.replace('ws:', 'http:')).then((response) => response.text())).resolves.toBe('the app');
  });

  it('takes nothing with it where its path is taken: tasks and the first feed go on', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const server = createServer();
    onTestFinished(() => { server.close(); });
    system.attachWebSocket(server);
    expect(() => system.attachWebSocket(server)).toThrow(expect.objectContaining({ code: 'PATH_TAKEN', message: expect.stringContaining('another `path`') }));
    await expect((await system.submit({ type: 'echo', input: 1 })).result()).resolves.toBe(1);
  });

  it('is refused by a closed system', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    await system.close();
    expect(() => system.attachWebSocket(createServer())).toThrow(expect.objectContaining({ code: 'SYSTEM_CLOSED' }));
  });
});

describe('hooks of a system', () => {
  it('see each step of each kind of task, in order per task, with the task as it is stored', async () => {
    const seen: [string, string, string][] = [];
    const note = (name: string) => ({ task }: { readonly task: { readonly type: string; readonly state: string } }): void => { seen.push([task.type, name, task.state]); };
    const system = await openSystem(testOptions({ 'echo.mjs': {}, 'throwing.mjs': {}, 'never.mjs': { stopGraceMs: 0 } }, {
      hooks: { onTaskCreate: note('create'), onTaskStart: note('start'), onTaskComplete: note('complete'), onTaskFail: note('fail'), onTaskCancel: note('cancel') },
    }));
    await (await system.submit({ type: 'echo' })).result();
    await (await system.submit({ type: 'throwing' })).result().catch(() => undefined);
    const started = nextEvent(system, 'task:start');
    const endless = await system.submit({ type: 'never' });
    await started;
    await endless.cancel();
    await system.close();
    const namesOf = (type: string): string[] => seen.filter(([of]) => of === type).map(([, name]) => name);
    expect(namesOf('echo')).toEqual(['create', 'start', 'complete']);
    expect(namesOf('throwing')).toEqual(['create', 'start', 'fail']);
    expect(namesOf('never')).toEqual(['create', 'start', 'cancel']);
    expect(seen).toContainEqual(['echo', 'complete', 'completed']);
    expect(seen).toContainEqual(['throwing', 'fail', 'failed']);
  });

  it('that throw, and listeners that throw, stop neither the run nor each other', async () => {
    const system = await openSystem(testOptions({ 'echo.mjs': {} }));
    const completed: string[] = [];
    system.events.on('*', () => { throw new Error('bad listener'); });
    system.hooks.onTaskComplete(() => { throw new Error('bad hook'); });
    system.hooks.onTaskComplete(({ task }) => { completed.push(task.id); });
    const handle = await system.submit({ type: 'echo', input: 1 });
    await expect(handle.result()).resolves.toBe(1);
    await system.close();
    expect(completed).toEqual([handle.id]);
  });
});

describe('a store that cannot take an outcome', () => {
  /** A store whose disk is full for the first writes of an outcome. */
  async function openFull(root: string, refusals: number): Promise<TaskStore> {
    const store = await openSqliteStore({ directory: root, lockTimeoutMs: 0 });
    let left = refusals;
    return new Proxy(store, {
      get(target, name) {
        if (name === 'settle' && left > 0) {
          left--;
          return () => Promise.reject(new TaskSystemError('STORE_FULL', 'no space'));
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value;
      },
    });
  }

  it('gets it later: the outcome is held, not lost', async () => {
    const options = testOptions({ 'echo.mjs': {} });
    const system = await openSystem(options, { openStore: () => openFull(options.root, 2) });
    const events = recordEvents(system);
    const handle = await system.submit({ type: 'echo', input: 'kept' });
    await expect(handle.result()).resolves.toBe('kept');
    expect(events.filter(({ type }) => type === 'task:complete')).toHaveLength(1);
  });

  it('does not hold up close: the task counts as interrupted and runs again', async () => {
    const options = testOptions({ 'echo.mjs': {} });
    const first = await openSystem(options, { openStore: () => openFull(options.root, 1_000) });
    const started = nextEvent(first, 'task:start');
    const handle = await first.submit({ type: 'echo', input: 'again' });
    await started;
    await first.close({ graceMs: 0 });
    const second = await openSystem(options);
    await expect(second.handle(handle.id).result()).resolves.toBe('again');
    await expect(second.get(handle.id)).resolves.toMatchObject({ attempt: 2, interruptions: 1 });
  });
});
