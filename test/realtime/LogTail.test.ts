import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { LogTail } from '../../src/lib/task-system/realtime/server/LogTail.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { offsets, settle } from './helpers.ts';
import { MemoryLog } from './serverHelpers.ts';

function tailOf(log: MemoryLog) {
  const told: TaskEvent[] = [];
  const losses: unknown[] = [];
  const tail = new LogTail(log.events, { onEvent: (event) => told.push(event), onLoss: (error) => losses.push(error) });
  return { tail, told, losses };
}

describe('LogTail', () => {
  it('tells events at once when they come in order, and never reads', () => {
    const log = new MemoryLog();
    const { tail, told } = tailOf(log);
    log.append();
    log.progress(10);
    log.append();
    expect(told.map(({ type, offset }) => `${type} ${String(offset)}`)).toEqual(['task:start 1', 'task:progress 1', 'task:start 2']);
    expect(tail.position).toBe(2);
    expect(log.reads).toEqual([]);
  });

  it('starts at the newest event', () => {
    const log = new MemoryLog();
    log.append();
    expect(tailOf(log).tail.position).toBe(1);
  });

  it('tells events in order of their offsets when they are emitted in another', async () => {
    const log = new MemoryLog();
    const { told } = tailOf(log);
    const [first, second] = [log.store(), log.store()];
    log.events.emit(second);
    log.events.emit(first);
    await settle();
    expect(offsets(told)).toEqual([1, 2]);
  });

  it('tells an event that was stored but never emitted', async () => {
    const log = new MemoryLog();
    const { told } = tailOf(log);
    log.store();
    log.append();
    await settle();
    expect(offsets(told)).toEqual([1, 2]);
  });

  it('tells an event that is emitted twice once', () => {
    const log = new MemoryLog();
    const { told } = tailOf(log);
    log.events.emit(log.append());
    expect(offsets(told)).toEqual([1]);
  });

  it('keeps what comes while it reads, in order', async () => {
    const log = new MemoryLog();
    const { told } = tailOf(log);
    log.store();
    log.append();
    log.progress(50);
    log.append();
    expect(told).toEqual([]);
    await settle();
    expect(told.map(({ type, offset }) => `${type} ${String(offset)}`)).toEqual(['task:start 1', 'task:start 2', 'task:progress 2', 'task:start 3']);
  });

  it('tells each stored event once and in order, in whatever order they are emitted', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ delay: fc.nat(5), rank: fc.nat(20) }), { maxLength: 40 }), async (plan) => {
      const log = new MemoryLog();
      const { told, losses } = tailOf(log);
      const stored = plan.map(() => log.store());
      const order = stored.map((event, index) => ({ event, ...plan[index] })).sort((a, b) => a.event.offset + (a.rank ?? 0) - b.event.offset - (b.rank ?? 0));
      for (const { event, delay = 0 } of order) {
        log.events.emit(event);
        for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
      }
      await settle(2);
      expect(offsets(told)).toEqual(offsets(stored));
      expect(losses).toEqual([]);
    }), { numRuns: 60 });
  });

  it('tells of a loss when missing events were pruned, and nothing after it', async () => {
    const log = new MemoryLog();
    const { told, losses } = tailOf(log);
    log.store();
    log.prunedTo = 1;
    log.append();
    await settle();
    log.append();
    expect(losses).toHaveLength(1);
    expect(told).toEqual([]);
    expect(log.events.listenerCount('*')).toBe(0);
  });

  it('tells of a loss when the log cannot be read', async () => {
    const log = new MemoryLog();
    const { losses } = tailOf(log);
    log.gate = Promise.reject(new Error('disk is gone'));
    log.store();
    log.append();
    await settle();
    expect(losses).toMatchObject([{ message: 'disk is gone' }]);
  });

  it('tells nothing after stop, also when it was reading', async () => {
    const log = new MemoryLog();
    const { tail, told, losses } = tailOf(log);
    log.store();
    log.append();
    tail.stop();
    log.append();
    await settle();
    expect([told, losses]).toEqual([[], []]);
  });
});

describe('LogTail.reach', () => {
  it('tells what is stored and was not emitted yet, and nothing beyond', async () => {
    const log = new MemoryLog();
    const { tail, told } = tailOf(log);
    const [first] = [log.store(), log.store(), log.store()];
    await tail.reach(2);
    expect(offsets(told)).toEqual([1, 2]);
    log.events.emit(first);
    expect(offsets(told)).toEqual([1, 2]);
  });

  it('has nothing to do where everything was told', async () => {
    const log = new MemoryLog();
    const { tail } = tailOf(log);
    log.append();
    await tail.reach(1);
    expect(log.reads).toEqual([]);
  });

  it('goes on from a reading that is under way', async () => {
    const log = new MemoryLog();
    const { tail, told } = tailOf(log);
    const gate = Promise.withResolvers<void>();
    log.gate = gate.promise;
    log.store();
    log.append();
    log.store();
    const reached = tail.reach(3);
    gate.resolve();
    await reached;
    expect(offsets(told)).toEqual([1, 2, 3]);
  });

  it('keeps in order what is emitted meanwhile', async () => {
    const log = new MemoryLog();
    const { tail, told } = tailOf(log);
    log.store();
    const reached = tail.reach(1);
    log.append();
    log.progress(50);
    await reached;
    expect(told.map(({ type, offset }) => `${type} ${String(offset)}`)).toEqual(['task:start 1', 'task:start 2', 'task:progress 2']);
  });

  it('resolves when the tail is stopped, and when events are gone', async () => {
    const log = new MemoryLog();
    const [stopped, losing] = [tailOf(log), tailOf(log)];
    log.store();
    log.prunedTo = 1;
    stopped.tail.stop();
    await Promise.all([stopped.tail.reach(1), losing.tail.reach(1)]);
    expect([stopped.losses.length, losing.losses.length]).toEqual([0, 1]);
  });
});
