import { afterEach, describe, expect, it } from 'vitest';
import { taskOf } from '../hooks/helpers.ts';
import { summaryOf } from '../../src/lib/task-system/realtime/server/Commands.ts';
import { controlOf } from './controlOf.ts';
import { offsets, settle, until } from './helpers.ts';
import { Feeds, MemoryLog } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

const beginning = { epoch: 'epoch-1', offset: 0 };

/** A log with as many events as asked for. */
function logOf(count: number, taskId = 'task-1'): MemoryLog {
  const log = new MemoryLog();
  for (let event = 0; event < count; event += 1) log.append(taskId);
  return log;
}

describe('live feed: sub', () => {
  it('sends events from now on, and says where now is', async () => {
    const { client, log } = await feeds.open({}, { log: logOf(3) });
    const peer = await client().hello();
    expect(await peer.subscribe('a', ['tasks'])).toEqual({ type: 'subok', id: 'a', epoch: 'epoch-1', offset: 3, recovered: false });
    log.append();
    expect(await peer.next()).toEqual({ type: 'ev', events: [log.stored[3]] });
  });

  it('sends events of several tasks in order, stored or not', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    log.append('x');
    log.progress(10, 'x');
    log.append('y');
    log.complete('x');
    await peer.sync();
    expect(peer.events.map(({ type, taskId }) => `${type} ${taskId}`)).toEqual(['task:start x', 'task:progress x', 'task:start y', 'task:complete x']);
  });

  it('sends the events of one turn as one message', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    for (let event = 0; event < 50; event += 1) log.append();
    await peer.sync();
    expect(peer.frames.filter(({ type }) => type === 'ev')).toHaveLength(1);
    expect(peer.events).toHaveLength(50);
  });

  const topics = [
    ['task:x', ['x1']], ['tree:root', ['x1', 'y2']], ['project:acme', ['x1', 'z3']], ['project:globex', ['y2']], ['tasks', ['x1', 'y2', 'z3']], ['task:none', []],
  ] as const;

  it.each(topics)('gives the topic %s its events and no others', async (topic, expected) => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', [topic]);
    log.append('x', { rootId: 'root', project: 'acme', attempt: 1 });
    log.append('y', { rootId: 'root', project: 'globex', attempt: 2 });
    log.append('z', { rootId: 'z', project: 'acme', attempt: 3 });
    await peer.sync();
    expect(peer.events.map(({ taskId, attempt }) => `${taskId}${String(attempt)}`)).toEqual(expected);
  });

  it('sends an event once to a client that has it in two topics or two subscriptions', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks', 'task:task-1', 'tasks']);
    await peer.subscribe('b', ['project:acme']);
    log.append();
    await peer.sync();
    expect(offsets(peer.events)).toEqual([1]);
  });

  it('gives every client its own topics', async () => {
    const { client, log } = await feeds.open();
    const [x, y, all] = [await client().hello(), await client().hello(), await client().hello()];
    await x.subscribe('a', ['task:x']);
    await y.subscribe('a', ['task:y']);
    await all.subscribe('a', ['tasks']);
    log.append('x');
    log.append('y');
    await Promise.all([x.sync(), y.sync(), all.sync()]);
    expect([x, y, all].map(({ events }) => offsets(events))).toEqual([[1], [2], [1, 2]]);
  });

  it('refuses an id that is in use and keeps the first subscription', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['task:task-1']);
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'] });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'duplicate', ref: 'a' });
    log.append('task-2');
    log.append('task-1');
    await peer.sync();
    expect(offsets(peer.events)).toEqual([2]);
  });

  it.each(['queue:x', 'task', 'task:', 'TASKS', ''])('refuses the topic "%s" and stays connected', async (topic) => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['tasks', topic] });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'topic', ref: 'a' });
    await peer.subscribe('a', ['tasks']);
  });

  it('refuses more than 64 topics', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: Array.from({ length: 65 }, (_, index) => `task:${String(index)}`) });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'limit', ref: 'a' });
  });

  it('refuses more than 64 subscriptions', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    for (let index = 0; index < 64; index += 1) await peer.subscribe(String(index), ['tasks']);
    peer.send({ type: 'sub', id: 'one more', topics: ['tasks'] });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'limit', ref: 'one more' });
  });
});

describe('live feed: unsub', () => {
  it('ends the events of the subscription', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['task:x']);
    await peer.subscribe('b', ['task:y']);
    peer.send({ type: 'unsub', id: 'a' });
    await peer.sync();
    log.append('x');
    log.append('y');
    await peer.sync();
    expect(offsets(peer.events)).toEqual([2]);
  });

  it('lets the id be used again', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    peer.send({ type: 'unsub', id: 'a' });
    expect(await peer.subscribe('a', ['tasks'])).toMatchObject({ id: 'a' });
  });

  it('ignores an unknown id', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.send({ type: 'unsub', id: 'never' });
    await peer.sync();
  });

  it('ends a subscription that is still being caught up', async () => {
    const log = logOf(1);
    const gate = Promise.withResolvers<void>();
    log.gate = gate.promise;
    const { client } = await feeds.open({}, { log });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since: beginning });
    peer.send({ type: 'unsub', id: 'a' });
    await peer.sync();
    gate.resolve();
    await peer.sync();
    expect(peer.frames.map(({ type }) => type)).toEqual(['welcome', 'pong', 'pong']);
  });

  it('stops listening to the system when nobody is subscribed any more', async () => {
    const { client, log } = await feeds.open();
    expect(log.events.listenerCount('*')).toBe(0);
    const peer = await client().hello();
    expect(log.events.listenerCount('*')).toBe(0);
    await peer.subscribe('a', ['tasks']);
    expect(log.events.listenerCount('*')).toBe(1);
    peer.send({ type: 'unsub', id: 'a' });
    await peer.sync();
    expect(log.events.listenerCount('*')).toBe(0);
  });
});

describe('live feed: since', () => {
  it('sends what was missed, then says that it is live', async () => {
    const { client } = await feeds.open({}, { log: logOf(5) });
    const peer = await client().hello();
    const subok = await peer.subscribe('a', ['tasks'], { since: { epoch: 'epoch-1', offset: 2 } });
    expect(peer.frames.find(({ type }) => type === 'ev')).toMatchObject({ sub: 'a' });
    expect(offsets(peer.events)).toEqual([3, 4, 5]);
    expect(subok).toMatchObject({ offset: 5, recovered: true });
  });

  it('sends nothing when nothing was missed', async () => {
    const { client } = await feeds.open({}, { log: logOf(5) });
    const peer = await client().hello();
    expect(await peer.subscribe('a', ['tasks'], { since: { epoch: 'epoch-1', offset: 5 } })).toMatchObject({ offset: 5, recovered: true });
    expect(peer.events).toEqual([]);
  });

  it('takes an empty epoch for whatever log there is', async () => {
    const { client } = await feeds.open({}, { log: logOf(2) });
    const peer = await client().hello();
    expect(await peer.subscribe('a', ['tasks'], { since: { epoch: '', offset: 0 } })).toMatchObject({ recovered: true });
    expect(offsets(peer.events)).toEqual([1, 2]);
  });

  it('replays only the events of the topics', async () => {
    const log = new MemoryLog();
    for (const taskId of ['x', 'y', 'x', 'y']) log.append(taskId);
    const { client } = await feeds.open({}, { log });
    const peer = await client().hello();
    await peer.subscribe('a', ['task:y'], { since: beginning });
    expect(offsets(peer.events)).toEqual([2, 4]);
  });

  it('reads a long log in pages', async () => {
    const log = logOf(1_000);
    const { client } = await feeds.open({}, { log });
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks'], { since: beginning });
    expect(offsets(peer.events)).toEqual(log.stored.map(({ offset }) => offset));
    expect(log.reads.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...log.reads.map(({ limit }) => limit))).toBeLessThanOrEqual(256);
  });

  it('sends large events in several messages', async () => {
    const log = new MemoryLog();
    for (let event = 0; event < 40; event += 1) log.append('task-1', { taskType: 'x'.repeat(8_000) });
    const { client } = await feeds.open({}, { log });
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks'], { since: beginning });
    expect(peer.events).toHaveLength(40);
    expect(peer.frames.filter(({ type }) => type === 'ev').length).toBeGreaterThanOrEqual(4);
  });

  const resets = [['epoch', { epoch: 'another log', offset: 1 }], ['ahead', { epoch: 'epoch-1', offset: 99 }], ['pruned', { epoch: 'epoch-1', offset: 1 }]] as const;

  it.each(resets)('resets with the reason "%s" instead of giving a part, and goes on live', async (reason, since) => {
    const log = logOf(5);
    log.prunedTo = 2;
    const { client } = await feeds.open({}, { log });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since });
    expect(await peer.next()).toEqual({ type: 'reset', id: 'a', reason });
    expect(await peer.next()).toEqual({ type: 'subok', id: 'a', epoch: 'epoch-1', offset: 5, recovered: false });
    log.append();
    expect(offsets((await peer.nextOf('ev')).events)).toEqual([6]);
  });

  it('tells a subscription that the log cannot be read, and stays connected', async () => {
    const log = logOf(1);
    log.gate = Promise.reject(new Error('disk is gone'));
    log.gate.catch(() => undefined);
    const { client, logger } = await feeds.open({}, { log });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since: beginning });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'failed', ref: 'a' });
    expect(logger.messages('error')).toHaveLength(1);
    log.gate = Promise.resolve();
    await peer.subscribe('a', ['tasks'], { since: beginning });
  });

  it('keeps the live events of one subscription flowing while another is caught up', async () => {
    const log = logOf(2);
    const gate = Promise.withResolvers<void>();
    const { client } = await feeds.open({}, { log });
    const peer = await client().hello();
    await peer.subscribe('live', ['tasks']);
    log.gate = gate.promise;
    peer.send({ type: 'sub', id: 'late', topics: ['tasks'], since: beginning });
    await peer.sync();
    log.append();
    expect(await peer.next()).toEqual({ type: 'ev', events: [log.stored[2]] });
    gate.resolve();
    const subok = await peer.nextOf('subok');
    const replayed = peer.frames.flatMap((frame) => (frame.type === 'ev' && frame.sub === 'late' ? frame.events : []));
    expect(offsets(replayed)).toEqual([1, 2, 3]);
    expect(subok).toMatchObject({ id: 'late', offset: 3 });
  });
});

describe('live feed: snapshot', () => {
  /** Knows every task but `gone`, and where a log stands. */
  function controlFor(log: MemoryLog, before: () => Promise<void> = () => Promise.resolve()) {
    return controlOf({
      snapshot: async ({ taskIds }) => {
        await before();
        return { tasks: taskIds.filter((id) => id !== 'gone').map((id) => taskOf(id)), offset: log.stored.length };
      },
    });
  }

  it('sends the tasks of the task topics before the events', async () => {
    const log = logOf(1);
    const { client } = await feeds.open({}, { log, deps: { control: controlFor(log) } });
    const peer = await client().hello();
    await peer.subscribe('a', ['task:task-1', 'task:gone', 'project:acme'], { since: beginning, snapshot: true });
    expect(peer.frames.slice(1).map(({ type }) => type)).toEqual(['snap', 'ev', 'subok']);
    expect(peer.frames[1]).toEqual({ type: 'snap', id: 'a', offset: 1, tasks: [summaryOf(taskOf('task-1'))] });
  });

  it('misses nothing that happens after the tasks were read and before they have arrived, also without since', async () => {
    const gate = Promise.withResolvers<void>();
    const log = logOf(3);
    const slow = controlOf({ snapshot: async () => { await gate.promise; return { tasks: [], offset: 3 }; } });
    const { client } = await feeds.open({}, { log, deps: { control: slow } });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['task:task-1'], snapshot: true });
    await peer.sync();
    log.append();
    gate.resolve();
    expect(await peer.nextOf('subok')).toMatchObject({ offset: 4, recovered: false });
    expect(offsets(peer.events)).toEqual([4]);
  });

  it('says that it is live after everything that happened before, for other subscriptions too', async () => {
    const log = logOf(1);
    const busy = controlOf({ snapshot: () => { log.append(); return Promise.resolve({ tasks: [], offset: 1 }); } });
    const { client } = await feeds.open({}, { log, deps: { control: busy } });
    const peer = await client().hello();
    await peer.subscribe('live', ['tasks']);
    await peer.subscribe('late', ['task:task-1'], { snapshot: true });
    expect(peer.frames.slice(2).map((frame) => (frame.type === 'ev' ? `ev ${frame.sub ?? 'all'}` : frame.type))).toEqual(['snap', 'ev late', 'ev all', 'subok']);
    await peer.sync();
    expect(peer.frames).toHaveLength(7);
  });

  it('does not send again what the tasks reflect already, though it was not emitted yet', async () => {
    const log = logOf(1);
    const late: ReturnType<MemoryLog['store']>[] = [];
    const { client } = await feeds.open({}, { log, deps: { control: controlFor(log, () => { late.push(log.store(), log.store()); return Promise.resolve(); }) } });
    const [peer, other] = [await client().hello(), await client().hello()];
    await other.subscribe('live', ['tasks']);
    expect(await peer.subscribe('a', ['task:task-1'], { snapshot: true })).toMatchObject({ offset: 3, recovered: false });
    for (const event of late) log.events.emit(event);
    log.append();
    await Promise.all([peer.sync(), other.sync()]);
    expect(offsets(peer.events)).toEqual([4]);
    expect(offsets(other.events)).toEqual([2, 3, 4]);
  });

  it('brings the past that was asked for as well, and says up to where the tasks reflect it', async () => {
    const log = logOf(3);
    const { client } = await feeds.open({}, { log, deps: { control: controlFor(log) } });
    const peer = await client().hello();
    await peer.subscribe('a', ['task:task-1'], { since: { epoch: 'epoch-1', offset: 1 }, snapshot: true });
    expect(peer.frames[1]).toMatchObject({ type: 'snap', offset: 3 });
    expect(offsets(peer.events)).toEqual([2, 3]);
  });

  it('goes on after a reset where the tasks end', async () => {
    const log = logOf(3);
    log.prunedTo = 2;
    const { client } = await feeds.open({}, { log, deps: { control: controlFor(log) } });
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks'], { since: { epoch: 'epoch-1', offset: 1 }, snapshot: true });
    log.append();
    await peer.sync();
    expect(peer.frames.slice(1).map(({ type }) => type)).toEqual(['snap', 'reset', 'subok', 'ev', 'pong']);
    expect(offsets(peer.events)).toEqual([4]);
  });

  it('ends quietly when the connection goes while the tasks are read', async () => {
    const gate = Promise.withResolvers<void>();
    const log = logOf(1);
    const { client, logger, attachment } = await feeds.open({}, { log, deps: { control: controlFor(log, () => gate.promise) } });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'], snapshot: true });
    await peer.sync();
    peer.socket.terminate();
    await until(() => attachment.clients === 0);
    gate.resolve();
    await settle();
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is refused by a server that gives none', async () => {
    const { client } = await feeds.open();
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['task:x'], snapshot: true });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'unsupported', ref: 'a' });
  });

  it('tells a subscription that the tasks cannot be read', async () => {
    const { client } = await feeds.open({}, { deps: { control: controlOf({ snapshot: () => Promise.reject(new Error('locked')) }) } });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['task:x'], snapshot: true });
    expect(await peer.next()).toMatchObject({ type: 'err', code: 'failed', ref: 'a' });
  });
});
