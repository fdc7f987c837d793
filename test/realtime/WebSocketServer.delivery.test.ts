import { afterEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { taskOf } from '../hooks/helpers.ts';
import { controlOf } from './controlOf.ts';
import { offsets, settle, until } from './helpers.ts';
import { Feeds, MemoryLog, textOf } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

describe('live feed: delivery', () => {
  it('misses no event of a task that starts right after its subscription was acknowledged, 1,000 times', async () => {
    const { client, log } = await feeds.open();
    for (let round = 1; round <= 1_000; round += 1) {
      const peer = await client().hello();
      const taskId = `task-${String(round)}`;
      peer.socket.on('message', (data) => { if (textOf(data).includes('"subok"')) log.append(taskId); });
      await peer.subscribe('a', [`task:${taskId}`]);
      expect((await peer.nextOf('ev')).events).toMatchObject([{ taskId, offset: round }]);
      peer.socket.terminate();
    }
  });

  it('gives all or nothing of a task that starts while its subscription is under way, 1,000 times', async () => {
    const { client, log } = await feeds.open();
    for (let round = 0; round < 1_000; round += 1) {
      const peer = await client().hello();
      const before = log.events.offset;
      peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since: { epoch: 'epoch-1', offset: before } });
      for (let event = 0; event < 5; event += 1) {
        log.append();
        await settle(round % 3);
      }
      // A ping may overtake a subscription that is still being caught up.
      await peer.nextOf('subok');
      await peer.sync();
      expect(offsets(peer.events)).toEqual([1, 2, 3, 4, 5].map((index) => before + index));
      peer.socket.terminate();
    }
  });

  it('joins replay and live feed on a real connection without gap or double, wherever the client starts', async () => {
    const log = new MemoryLog();
    const { client } = await feeds.open({}, { log });
    await fc.assert(fc.asyncProperty(fc.nat(20), fc.nat(40), fc.array(fc.nat(3), { maxLength: 10 }), async (before, missed, turns) => {
      for (let event = 0; event < before; event += 1) log.append();
      const since = Math.max(0, log.events.offset - missed);
      const peer = await client().hello();
      peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since: { epoch: 'epoch-1', offset: since } });
      for (const count of turns) {
        log.append();
        await settle(count);
      }
      await peer.nextOf('subok');
      await peer.sync();
      peer.socket.terminate();
      expect(offsets(peer.events)).toEqual(log.stored.slice(since).map(({ offset }) => offset));
    }), { numRuns: 60 });
  });

  it('delivers events in the order of the log also when they are emitted in another', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    const [first, second, third] = [log.store(), log.store(), log.store()];
    for (const event of [third, first, second]) log.events.emit(event);
    await settle();
    await peer.sync();
    expect(offsets(peer.events)).toEqual([1, 2, 3]);
  });

  it('cuts clients off when live events are lost for good, so that they learn it from the log', async () => {
    const { client, log } = await feeds.open();
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks']);
    log.store();
    log.prunedTo = 1;
    log.append();
    expect((await peer.closed).code).toBe(1006);
    const again = await client().hello();
    again.send({ type: 'sub', id: 'a', topics: ['tasks'], since: { epoch: 'epoch-1', offset: 0 } });
    expect(await again.next()).toMatchObject({ type: 'reset', reason: 'pruned' });
  });

  it('delivers to the quick clients while one stalls, cuts that one off, and lets it resume without loss', async () => {
    const { client, log, attachment } = await feeds.open();
    const [quick, stalled] = [await client().hello(), await client().hello()];
    await quick.subscribe('a', ['tasks']);
    await stalled.subscribe('a', ['tasks']);
    stalled.socket.pause();
    while (attachment.clients === 2) {
      const { offset } = log.append('task-1', { taskType: 'x'.repeat(100_000) });
      // Quick is who has everything, however slow this machine.
      await until(() => quick.events.at(-1)?.offset === offset);
    }
    await quick.sync();
    expect(offsets(quick.events)).toEqual(offsets(log.stored));
    stalled.socket.resume();
    await stalled.closed;
    const resumed = await client().hello();
    const seen = stalled.events.at(-1)?.offset ?? 0;
    await resumed.subscribe('a', ['tasks'], { since: { epoch: 'epoch-1', offset: seen } });
    expect([...offsets(stalled.events), ...offsets(resumed.events)]).toEqual(offsets(log.stored));
  });

  it('replays more than a client could be sent at once', async () => {
    const log = new MemoryLog();
    for (let event = 0; event < 500; event += 1) log.append('task-1', { taskType: 'x'.repeat(10_000) });
    const { client } = await feeds.open({}, { log });
    const peer = await client().hello();
    await peer.subscribe('a', ['tasks'], { since: { epoch: 'epoch-1', offset: 0 } });
    expect(offsets(peer.events)).toEqual(offsets(log.stored));
  });

  it('sends a snapshot of a huge tree in parts: a client that stops reading meanwhile is not cut off for it, and has all of it in the end', async () => {
    const tasks = Array.from({ length: 2_000 }, (_, index) => taskOf(String(index), { metadata: { padding: 'x'.repeat(8_000) } }));
    const { client, log, attachment } = await feeds.open({}, { deps: { control: controlOf({ snapshot: () => Promise.resolve({ tasks, offset: 0 }) }) } });
    const peer = await client().hello();
    await peer.subscribe('live', ['tasks']);
    peer.send({ type: 'sub', id: 'a', topics: ['tree:0'], snapshot: true });
    peer.socket.pause();
    for (let event = 0; event < 20; event += 1) {
      log.append();
      await settle();
    }
    expect(attachment.clients).toBe(1);
    peer.socket.resume();
    await peer.nextOf('subok');
    expect(peer.frames.flatMap((frame) => (frame.type === 'snap' ? frame.tasks.map(({ id }) => id) : []))).toEqual(tasks.map(({ id }) => id));
    expect(offsets(peer.events)).toEqual(offsets(log.stored));
  });

  it('forgets a client that leaves in the middle of a replay', async () => {
    const log = new MemoryLog();
    for (let event = 0; event < 500; event += 1) log.append('task-1', { taskType: 'x'.repeat(10_000) });
    const { client, attachment } = await feeds.open({}, { log });
    const peer = await client().hello();
    peer.send({ type: 'sub', id: 'a', topics: ['tasks'], since: { epoch: 'epoch-1', offset: 0 } });
    await peer.nextOf('ev');
    peer.socket.terminate();
    await until(() => attachment.clients === 0 && log.events.listenerCount('*') === 0);
  });
});
