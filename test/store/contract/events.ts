import { describe, expect, it } from 'vitest';
import { allEvents, claim, createAll, end, ended, newTask, start, warning, type OpenStore } from '../support.ts';

const EVERYTHING = { before: 1_000_000, keep: 0, batch: 1_000 };

/** `readEvents`, `epoch` and `openingOffset`. */
export function describeEvents(open: OpenStore): void {
  describe('readEvents', () => {
    it('is empty for a new store, whose log starts at 0', async () => {
      const { store } = await open();
      expect(store.openingOffset).toBe(0);
      await expect(store.readEvents(0, 10)).resolves.toEqual([]);
    });

    it('has an epoch of its own in every store', async () => {
      const [first, second] = [await open(), await open()];
      expect(first.store.epoch).toMatch(/^[0-9a-f-]{36}$/);
      expect(first.store.epoch).not.toBe(second.store.epoch);
    });

    it('numbers events from 1 without a gap, in the order in which they happened', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'));
      await claim(store);
      await store.append('a', 1, [warning('x')], 1_600);
      await end(store, 'a');
      const events = await allEvents(store);
      expect(events.map(({ offset, type, taskId }) => [offset, type, taskId])).toEqual([
        [1, 'task:create', 'a'], [2, 'task:create', 'b'], [3, 'task:start', 'a'], [4, 'task:warning', 'a'], [5, 'task:complete', 'a'],
      ]);
    });

    it('returns what comes after an offset, at most as many as asked for', async () => {
      const { store } = await open();
      await createAll(store, ...['a', 'b', 'c', 'd'].map((id) => newTask(id)));
      const offsets = async (offset: number, limit: number): Promise<readonly number[] | undefined> => (await store.readEvents(offset, limit))?.map((event) => event.offset);
      await expect(offsets(0, 2)).resolves.toEqual([1, 2]);
      await expect(offsets(2, 100)).resolves.toEqual([3, 4]);
      await expect(offsets(4, 100)).resolves.toEqual([]);
    });

    it('narrows to one task, with the offsets of the whole log', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'), newTask('c'));
      await claim(store);
      await end(store, 'a');
      expect((await allEvents(store, 'a')).map(({ offset }) => offset)).toEqual([1, 4, 5]);
      expect((await store.readEvents(1, 1, 'a'))?.map(({ offset }) => offset)).toEqual([4]);
      await expect(store.readEvents(0, 10, 'nobody')).resolves.toEqual([]);
    });

    it('says nothing rather than part of it when events after the offset were pruned', async () => {
      const { store } = await open();
      await createAll(store, ...['a', 'b', 'c', 'd'].map((id) => newTask(id)));
      await store.prune({ before: 0, keep: 2, batch: 100 });
      await expect(store.readEvents(0, 10)).resolves.toBeUndefined();
      await expect(store.readEvents(1, 10)).resolves.toBeUndefined();
      expect((await store.readEvents(2, 10))?.map(({ offset }) => offset)).toEqual([3, 4]);
    });

    it('knows the offset from which everything was pruned', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'));
      await store.prune(EVERYTHING);
      await expect(store.readEvents(1, 10)).resolves.toBeUndefined();
      await expect(store.readEvents(2, 10)).resolves.toEqual([]);
    });

    it('goes on with the numbers after everything was pruned', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'));
      await store.prune(EVERYTHING);
      const { events } = await store.create(newTask('c'));
      expect(events[0]?.offset).toBe(3);
    });

    it('still reads the whole log of a task that is younger than what was pruned', async () => {
      const { store } = await open();
      await createAll(store, newTask('old'), newTask('young'), newTask('other'));
      await store.prune({ before: 0, keep: 2, batch: 100 });
      await expect(store.readEvents(0, 10, 'old')).resolves.toBeUndefined();
      expect((await store.readEvents(0, 10, 'young'))?.map(({ type }) => type)).toEqual(['task:create']);
    });

    it('does not pass the rest of a task off as its whole log', async () => {
      const { store } = await open();
      await start(store, 'a');
      await store.prune({ before: 0, keep: 1, batch: 100 });
      await expect(store.readEvents(0, 10, 'a')).resolves.toBeUndefined();
      expect((await store.readEvents(1, 10, 'a'))?.map(({ type }) => type)).toEqual(['task:start']);
    });

    it('keeps the events of a removed task until their own time', async () => {
      const { store } = await open();
      await ended(store, 'a', 2_000);
      await expect(store.prune({ before: 0, keep: 0, batch: 1 })).resolves.toEqual({ tasks: 1, events: 1 });
      await expect(store.get('a')).resolves.toBeUndefined();
      expect((await store.readEvents(1, 10))?.map(({ type }) => type)).toEqual(['task:start', 'task:complete']);
    });
  });
}
