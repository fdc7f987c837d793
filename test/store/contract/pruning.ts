import { describe, expect, it } from 'vitest';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { createAll, end, ended, newTask, start, type OpenStore } from '../support.ts';

/** Ids of the tasks that are left, oldest first. */
async function left(store: TaskStore): Promise<readonly string[]> {
  return (await store.list({ limit: 1_000 })).tasks.map(({ id }) => id).toReversed();
}

/** `prune`. */
export function describePruning(open: OpenStore): void {
  describe('prune', () => {
    it('removes nothing that is young enough while there are few enough', async () => {
      const { store } = await open();
      await ended(store, 'a', 2_000);
      await expect(store.prune({ before: 1_000, keep: 100, batch: 100 })).resolves.toEqual({ tasks: 0, events: 0 });
      await expect(left(store)).resolves.toEqual(['a']);
    });

    it('removes ended tasks by the time they ended, and events by theirs', async () => {
      const { store } = await open();
      await ended(store, 'a', 2_000, { createdAt: 100 });
      await ended(store, 'b', 3_000, { createdAt: 100 });
      await ended(store, 'c', 2_999, { createdAt: 100 });
      await expect(store.prune({ before: 3_000, keep: 100, batch: 100 })).resolves.toEqual({ tasks: 2, events: 5 });
      await expect(left(store)).resolves.toEqual(['b']);
    });

    it('keeps the newest by count', async () => {
      const { store } = await open();
      for (const [id, time] of [['a', 2_000], ['b', 4_000], ['c', 3_000], ['d', 3_000]] as const) await ended(store, id, time);
      await expect(store.prune({ before: 0, keep: 2, batch: 100 })).resolves.toEqual({ tasks: 2, events: 10 });
      await expect(left(store)).resolves.toEqual(['b', 'd']);
    });

    it.each([['by age', { before: 5_000, keep: 100 }], ['by count', { before: 0, keep: 1 }], ['by both', { before: 5_000, keep: 1 }]])('removes at most a batch at a time %s, the oldest first', async (_how, order) => {
      const { store } = await open();
      for (const [index, id] of ['c', 'a', 'e', 'b', 'd'].entries()) await ended(store, id, 2_000 + index);
      await expect(store.prune({ ...order, batch: 2 })).resolves.toEqual({ tasks: 2, events: 2 });
      await expect(left(store)).resolves.toEqual(['e', 'b', 'd']);
      await expect(store.prune({ ...order, batch: 2 })).resolves.toEqual({ tasks: 2, events: 2 });
      await expect(left(store)).resolves.toEqual(['d']);
    });

    it('never removes a task that has not ended, however old', async () => {
      const { store } = await open();
      await createAll(store, newTask('queued'), newTask('delayed', { runAt: 9_000 }));
      await start(store, 'running');
      await expect(store.prune({ before: 1_000_000, keep: 0, batch: 100 })).resolves.toMatchObject({ tasks: 0 });
      await expect(left(store)).resolves.toEqual(['queued', 'delayed', 'running']);
    });

    it('keeps an ended parent as long as a child of it goes on', async () => {
      const { store } = await open();
      await start(store, 'parent');
      await start(store, 'child', { parentId: 'parent', rootId: 'parent' });
      await end(store, 'parent', { time: 2_000 });
      const everything = { before: 1_000_000, keep: 0, batch: 100 };
      await expect(store.prune(everything)).resolves.toMatchObject({ tasks: 0 });
      await end(store, 'child', { time: 3_000 });
      await expect(store.prune(everything)).resolves.toMatchObject({ tasks: 2 });
      await expect(left(store)).resolves.toEqual([]);
    });

    it('is not stopped by a parent that must stay', async () => {
      const { store } = await open();
      await start(store, 'parent');
      await createAll(store, newTask('child', { parentId: 'parent' }));
      await end(store, 'parent', { time: 2_000 });
      await ended(store, 'later', 3_000);
      await expect(store.prune({ before: 5_000, keep: 100, batch: 1 })).resolves.toMatchObject({ tasks: 1 });
      await expect(left(store)).resolves.toEqual(['parent', 'child']);
    });

    it('removes events from the old end only, so that none is missing in between', async () => {
      const { store } = await open();
      await createAll(store, newTask('a', { createdAt: 9_000 }), newTask('b', { createdAt: 100 }));
      await expect(store.prune({ before: 5_000, keep: 100, batch: 100 })).resolves.toEqual({ tasks: 0, events: 0 });
      await expect(store.prune({ before: 0, keep: 1, batch: 100 })).resolves.toEqual({ tasks: 0, events: 1 });
      await expect(store.prune({ before: 5_000, keep: 100, batch: 100 })).resolves.toEqual({ tasks: 0, events: 1 });
    });

    it('frees an idempotency key with its task', async () => {
      const { store } = await open();
      await ended(store, 'a', 2_000, { idempotencyKey: 'key' });
      await store.prune({ before: 5_000, keep: 0, batch: 100 });
      await expect(store.create(newTask('b', { idempotencyKey: 'key' }))).resolves.toMatchObject({ existed: false });
    });
  });
}
