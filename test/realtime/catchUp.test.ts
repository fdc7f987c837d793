import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import type { Batch } from '../../src/lib/task-system/realtime/server/Batch.ts';
import { catchUp, type CatchUpOutcome } from '../../src/lib/task-system/realtime/server/catchUp.ts';
import { FeedHub } from '../../src/lib/task-system/realtime/server/FeedHub.ts';
import { idleClock, offsets, RecordingLogger, settle } from './helpers.ts';
import { MemoryLog } from './serverHelpers.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';

/** A subscriber without a socket: what it was sent, replayed or live. */
function subscriber(log: MemoryLog, topics: readonly string[]) {
  const hub = new FeedHub(log.events, new RecordingLogger(), idleClock());
  const seen: TaskEvent[] = [];
  const outcomes: CatchUpOutcome[] = [];
  const aborter = new AbortController();
  let losses = 0;
  let wait = (): Promise<void> => Promise.resolve();
  const takeFrame = (text: string): void => {
    const frame: { readonly events: readonly TaskEvent[] } = JSON.parse(text);
    seen.push(...frame.events);
  };
  const receiver = { deliver: (batch: Batch) => { seen.push(...batch.events.map(({ event }) => event)); }, lose: () => { losses += 1; } };
  const start = (offset: number, epoch = log.events.epoch): Promise<void> => catchUp({
    hub, id: 'a', topics: new Set(topics), since: { epoch, offset }, signal: aborter.signal,
    sendPaced: async (text) => {
      takeFrame(text);
      await wait();
    },
    sendNow: takeFrame,
    onLoss: () => { losses += 1; },
  }, (outcome) => {
    outcomes.push(outcome);
    hub.setTopics(receiver, topics);
  });
  return { hub, seen, outcomes, aborter, start, losses: () => losses, slowDown: (slow: () => Promise<void>) => { wait = slow; } };
}

describe('catchUp', () => {
  it('joins replay and live feed without gap and without double, whatever happens meanwhile', async () => {
    const step = fc.constantFrom('append', 'store', 'emit', 'emit newest first', 'progress', 'turn', 'microtask', 'release read');
    await fc.assert(fc.asyncProperty(fc.nat(600), fc.nat(600), fc.nat(5), fc.array(step, { maxLength: 60 }), fc.boolean(), async (before, since, ahead, steps, isTask) => {
      const log = new MemoryLog();
      for (let event = 0; event < before; event += 1) log.append(event % 3 === 0 ? 'x' : 'y');
      const from = Math.min(since, before);
      const topic = isTask ? 'task:x' : 'tasks';
      const { seen, outcomes, start, hub } = subscriber(log, [topic]);
      const unemitted: TaskEvent[] = Array.from({ length: ahead }, () => log.store('x'));
      let gate = Promise.withResolvers<void>();
      log.gate = gate.promise;
      const done = start(from);
      const emitAll = (events: readonly TaskEvent[]): void => { for (const event of events) log.events.emit(event); };
      for (const action of steps) {
        if (action === 'append' && unemitted.length === 0) log.append('x');
        else if (action === 'append' || action === 'store') unemitted.push(log.store(action === 'store' ? 'y' : 'x'));
        else if (action === 'emit') emitAll(unemitted.splice(0));
        else if (action === 'emit newest first') emitAll(unemitted.splice(0).reverse());
        else if (action === 'progress') log.progress(5, 'x');
        else if (action === 'microtask') await Promise.resolve();
        else if (action === 'turn') await settle(1);
        else {
          gate.resolve();
          gate = Promise.withResolvers<void>();
          log.gate = gate.promise;
        }
      }
      gate.resolve();
      log.gate = Promise.resolve();
      emitAll(unemitted.splice(0));
      await done;
      log.append('x');
      await settle();
      const expected = log.stored.filter(({ offset, taskId }) => offset > from && (!isTask || taskId === 'x'));
      expect(offsets(seen.filter(({ type }) => type === 'task:start'))).toEqual(offsets(expected));
      expect(outcomes).toEqual(['recovered']);
      expect(hub.position).toBe(log.stored.length);
    }), { numRuns: 150 });
  });

  it('joins in the same turn in which the last event was sent', async () => {
    const log = new MemoryLog();
    log.append();
    const { seen, start, hub } = subscriber(log, ['tasks']);
    await start(0);
    log.append();
    hub.flush();
    expect(offsets(seen)).toEqual([1, 2]);
  });

  it('reads no faster than its frames are taken', async () => {
    const log = new MemoryLog();
    for (let event = 0; event < 1_000; event += 1) log.append('task-1', { taskType: 'x'.repeat(1_000) });
    const { start, slowDown } = subscriber(log, ['tasks']);
    const gate = Promise.withResolvers<void>();
    slowDown(() => gate.promise);
    const done = start(0);
    await settle();
    expect(log.reads).toHaveLength(1);
    gate.resolve();
    await done;
    expect(log.reads.length).toBeGreaterThanOrEqual(4);
  });

  it('waits for the client also in the last page, when that is large', async () => {
    const log = new MemoryLog();
    for (let event = 0; event < 40; event += 1) log.append('task-1', { taskType: 'x'.repeat(8_000) });
    const { start, slowDown, seen, outcomes } = subscriber(log, ['tasks']);
    const gate = Promise.withResolvers<void>();
    slowDown(() => gate.promise);
    const done = start(0);
    await settle();
    expect(seen.length).toBeLessThan(10);
    gate.resolve();
    await done;
    expect(outcomes).toEqual(['recovered']);
    expect(offsets(seen)).toEqual(offsets(log.stored));
  });

  it('leaves out what the log has and the live feed has not spread yet', async () => {
    const log = new MemoryLog();
    log.append();
    const unemitted = log.store();
    const { start, seen, hub } = subscriber(log, ['tasks']);
    await start(0);
    expect(offsets(seen)).toEqual([1]);
    log.events.emit(unemitted);
    hub.flush();
    expect(offsets(seen)).toEqual([1, 2]);
  });

  it('comes to an end while events keep coming', async () => {
    const log = new MemoryLog();
    for (let event = 0; event < 300; event += 1) log.append();
    const { start, seen, outcomes } = subscriber(log, ['tasks']);
    let left = 2_000;
    const produce = (): void => {
      if (left === 0) return;
      left -= 1;
      log.append();
      queueMicrotask(produce);
    };
    const done = start(0);
    produce();
    await done;
    await settle();
    expect(outcomes).toEqual(['recovered']);
    expect(offsets(seen)).toEqual(offsets(log.stored));
  });

  it('ends as pruned when the log is pruned while it is read', async () => {
    const log = new MemoryLog();
    for (let event = 0; event < 1_000; event += 1) log.append('task-1', { taskType: 'x'.repeat(1_000) });
    const { start, outcomes, slowDown } = subscriber(log, ['tasks']);
    slowDown(() => {
      log.prunedTo = 900;
      return Promise.resolve();
    });
    await start(0);
    expect(outcomes).toEqual(['pruned']);
  });

  it('does nothing more once it is aborted', async () => {
    const log = new MemoryLog();
    log.append();
    const { start, outcomes, seen, aborter, hub } = subscriber(log, ['tasks']);
    const done = start(0);
    aborter.abort();
    await done;
    expect([outcomes, seen]).toEqual([[], []]);
    expect(log.events.listenerCount('*')).toBe(0);
    expect(hub.position).toBe(1);
  });

  it('rejects when the log cannot be read, and stops listening', async () => {
    const log = new MemoryLog();
    log.append();
    log.gate = Promise.reject(new Error('disk is gone'));
    const { start } = subscriber(log, ['tasks']);
    await expect(start(0)).rejects.toThrow('disk is gone');
    expect(log.events.listenerCount('*')).toBe(0);
  });
});
