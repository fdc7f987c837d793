import { describe, expect, it } from 'vitest';
import { EventWriter } from '../../src/lib/task-system/core/EventWriter.ts';
import type { EventDraft } from '../../src/lib/task-system/types/Events.ts';

function draft(index: number): EventDraft {
  return { type: 'task:warning', data: { code: String(index), message: '' } };
}

/** A store whose writes end when the test says so. */
function slowStore() {
  const writes: { readonly codes: readonly string[]; readonly done: PromiseWithResolvers<boolean> }[] = [];
  const record = (events: readonly EventDraft[]): Promise<boolean> => {
    const done = Promise.withResolvers<boolean>();
    writes.push({ codes: events.map(({ data }) => ('code' in data ? data.code : '')), done });
    return done.promise;
  };
  return { writes, record };
}

const settle = (): Promise<void> => new Promise(setImmediate);

describe('EventWriter', () => {
  it('writes what comes in one turn at once, and gathers what comes meanwhile', async () => {
    const { writes, record } = slowStore();
    const writer = new EventWriter(record, 100, () => undefined);
    writer.push(draft(1), draft(2));
    writer.push(draft(3));
    await settle();
    writer.push(draft(4));
    writer.push(draft(5));
    await settle();
    expect(writes.map(({ codes }) => codes)).toEqual([['1', '2', '3']]);
    writes[0]?.done.resolve(true);
    await settle();
    expect(writes.map(({ codes }) => codes)).toEqual([['1', '2', '3'], ['4', '5']]);
  });

  it('has no room while too much is unwritten', async () => {
    const { writes, record } = slowStore();
    const writer = new EventWriter(record, 2, () => undefined);
    writer.push(draft(1));
    await settle();
    writer.push(draft(2), draft(3));
    let hasRoom = false;
    void writer.room().then(() => { hasRoom = true; });
    await settle();
    expect(hasRoom).toBe(false);
    writes[0]?.done.resolve(true);
    await settle();
    writes[1]?.done.resolve(true);
    await settle();
    expect(hasRoom).toBe(true);
  });

  it('hands over everything at once when it is flushed, also while a write is under way', async () => {
    const { writes, record } = slowStore();
    const writer = new EventWriter(record, 2, () => undefined);
    writer.push(draft(1));
    await settle();
    writer.push(draft(2), draft(3));
    const room = writer.room();
    writer.flush();
    await room;
    expect(writes.map(({ codes }) => codes)).toEqual([['1'], ['2', '3']]);
  });

  it('goes on after a write that failed, and says so', async () => {
    const lost: unknown[] = [];
    let calls = 0;
    const writer = new EventWriter(() => (calls++ === 0 ? Promise.reject(new Error('full')) : Promise.resolve(true)), 2, (error) => { lost.push(error); });
    writer.push(draft(1));
    await settle();
    writer.push(draft(2));
    await settle();
    expect(calls).toBe(2);
    expect(lost).toEqual([new Error('full')]);
  });
});
