import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/lib/task-system/realtime/server/Batch.ts';
import { FeedHub, type FeedReceiver } from '../../src/lib/task-system/realtime/server/FeedHub.ts';
import { idleClock, RecordingLogger, settle } from './helpers.ts';
import { MemoryLog } from './serverHelpers.ts';

class Receiver implements FeedReceiver {
  readonly batches: Batch[] = [];
  losses = 0;

  deliver(batch: Batch): void {
    this.batches.push(batch);
  }

  lose(): void {
    this.losses += 1;
  }

  get offsets(): readonly number[] {
    return this.batches.flatMap(({ events }) => events.map(({ event }) => event.offset));
  }
}

function setup() {
  const log = new MemoryLog();
  const logger = new RecordingLogger();
  return { log, logger, hub: new FeedHub(log.events, logger, idleClock()) };
}

describe('FeedHub', () => {
  it('gives receivers with the same topics the same bytes, in whatever order they name them', async () => {
    const { log, hub } = setup();
    const [first, second] = [new Receiver(), new Receiver()];
    hub.setTopics(first, ['task:a', 'task:b']);
    hub.setTopics(second, ['task:b', 'task:a', 'task:b']);
    log.append('a');
    log.append('b');
    await settle();
    expect(first.batches).toHaveLength(1);
    expect(second.batches[0]?.message).toBe(first.batches[0]?.message);
  });

  it('encodes an event once for groups with different topics', async () => {
    const { log, hub } = setup();
    const [first, second] = [new Receiver(), new Receiver()];
    hub.setTopics(first, ['task:a']);
    hub.setTopics(second, ['tasks']);
    log.append('a');
    await settle();
    expect(second.batches[0]?.events[0]).toBe(first.batches[0]?.events[0]);
  });

  it('gives a flush to everybody else, once, though some are cut off while it is handed out, and nothing to who was cut off before its turn', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.option(fc.nat(19), { nil: undefined }), { minLength: 20, maxLength: 20 }), async (cuts) => {
      const { log, hub } = setup();
      const gone = new Set<number>();
      const served: number[] = [];
      const receivers = cuts.map((cut, index): FeedReceiver => ({
        deliver: () => {
          expect(gone).not.toContain(index);
          served.push(index);
          if (cut === undefined) return;
          gone.add(cut);
          const other = receivers[cut];
          if (other !== undefined) hub.setTopics(other, []);
        },
        lose: () => undefined,
      }));
      for (const receiver of receivers) hub.setTopics(receiver, ['tasks']);
      log.append();
      await settle(1);
      expect(new Set(served).size).toBe(served.length);
      expect(new Set([...served, ...gone])).toEqual(new Set(receivers.keys()));
    }), { numRuns: 50 });
  });

  it('waits for the end of the turn before it hands out events', async () => {
    const { log, hub } = setup();
    const receiver = new Receiver();
    hub.setTopics(receiver, ['tasks']);
    log.append();
    expect(receiver.batches).toEqual([]);
    log.append();
    await settle();
    expect(receiver.batches.map(({ events }) => events.length)).toEqual([2]);
  });

  it('hands out what waits before a receiver joins, leaves or changes its topics', () => {
    const { log, hub } = setup();
    const [early, late] = [new Receiver(), new Receiver()];
    hub.setTopics(early, ['tasks']);
    log.append();
    hub.setTopics(late, ['tasks']);
    log.append();
    hub.setTopics(early, []);
    log.append();
    hub.setTopics(late, ['task:other']);
    log.append();
    hub.flush();
    expect(early.offsets).toEqual([1, 2]);
    expect(late.offsets).toEqual([2, 3]);
  });

  it('tells followers of every event at once', () => {
    const { log, hub } = setup();
    const seen: number[] = [];
    const unfollow = hub.follow({ take: ({ event }) => { seen.push(event.offset); }, lose: () => {} });
    log.append();
    unfollow();
    log.append();
    expect(seen).toEqual([1]);
  });

  it('listens to the source only while somebody listens to it', () => {
    const { log, hub } = setup();
    const receiver = new Receiver();
    const unfollow = hub.follow({ take: () => {}, lose: () => {} });
    hub.setTopics(receiver, ['tasks']);
    unfollow();
    expect(log.events.listenerCount('*')).toBe(1);
    hub.setTopics(receiver, []);
    expect(log.events.listenerCount('*')).toBe(0);
  });

  it('knows the newest offset with and without listeners', () => {
    const { log, hub } = setup();
    log.append();
    expect(hub.position).toBe(1);
    hub.setTopics(new Receiver(), ['tasks']);
    log.append();
    expect([hub.position, hub.newestOffset]).toEqual([2, 2]);
  });

  it('tells everybody when live events are lost, logs it, and starts again with who comes next', async () => {
    const { log, hub, logger } = setup();
    const receiver = new Receiver();
    let followerLosses = 0;
    hub.setTopics(receiver, ['tasks']);
    const unfollow = hub.follow({ take: () => {}, lose: () => { followerLosses += 1; } });
    log.store();
    log.prunedTo = 1;
    log.append();
    await settle();
    expect([receiver.losses, followerLosses]).toEqual([1, 1]);
    expect(logger.messages('error')).toHaveLength(1);
    unfollow();
    const next = new Receiver();
    hub.setTopics(next, ['tasks']);
    log.append();
    hub.flush();
    expect(next.offsets).toEqual([3]);
  });

  it('keeps topics with the same text but different borders apart', () => {
    const { log, hub } = setup();
    const [joined, apart] = [new Receiver(), new Receiver()];
    hub.setTopics(joined, ['task:a\ntask:b']);
    hub.setTopics(apart, ['task:a', 'task:b']);
    log.append('a');
    hub.flush();
    expect([joined.offsets, apart.offsets]).toEqual([[], [1]]);
  });
});
