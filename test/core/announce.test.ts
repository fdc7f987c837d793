import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announce } from '../../src/lib/task-system/core/announce.ts';
import { TaskEvents } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { Committed } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeLogger, makeRecord } from './makers.ts';

function setUp() {
  const events = new TaskEvents({ epoch: 'epoch-1', offset: 0, clock: new FakeClock(), logger: makeLogger(), readSince: () => Promise.resolve([]) });
  const seen: TaskEvent[] = [];
  events.on('*', (event) => { seen.push(event); });
  return { events, seen };
}

const started = (offset: number): TaskEvent => ({
  epoch: 'epoch-1', offset, time: 1, taskId: 'task-1', project: 'acme', taskType: 'research', rootId: 'task-1', attempt: 1, type: 'task:start', data: { queuedMs: 0 },
});
const ended = (offset: number): TaskEvent => ({ ...started(offset), type: 'task:complete', data: { durationMs: 1, resultBytes: 2 } });
const change = (events: readonly TaskEvent[], rest: Parameters<typeof makeRecord>[0] = {}): Committed => ({ task: makeRecord(rest), events });

describe('announce', () => {
  it('says nothing of a change without events', () => {
    const { events, seen } = setUp();
    announce(events, [change([])]);
    expect(seen).toEqual([]);
  });

  it('emits the events of several changes in the order in which they were stored', () => {
    const { events, seen } = setUp();
    announce(events, [change([started(2), ended(5)]), change([started(1), ended(4)]), change([started(3)])]);
    expect(seen.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps the order whatever the changes are', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { maxLength: 20 }), fc.nat(20), (offsets, cut) => {
      const { events, seen } = setUp();
      announce(events, [change(offsets.slice(0, cut).map(started)), change(offsets.slice(cut).map(started))]);
      expect(seen.map(({ offset }) => offset)).toEqual(offsets.toSorted((a, b) => a - b));
    }));
  });

  it('tells how far the children of a task came, just before its end', () => {
    const { events, seen } = setUp();
    const progress = { percent: 100, done: 2, failed: 0, total: 2 };
    announce(events, [change([started(1), ended(2)], { progress })]);
    expect(seen.map(({ type }) => type)).toEqual(['task:start', 'task:progress', 'task:complete']);
    expect(seen[1]).toMatchObject({ taskId: 'task-1', data: progress });
  });

  it('tells nothing more of a task that has no children', () => {
    const { events, seen } = setUp();
    announce(events, [change([ended(1)], { progress: { percent: 70 } })]);
    expect(seen.map(({ type }) => type)).toEqual(['task:complete']);
  });
});
