import { describe, expect, it } from 'vitest';
import type { SnapshotFilter } from '../../../src/lib/task-system/types/Snapshots.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, createAll, end, ended, newTask, start, type OpenStore } from '../support.ts';

const NOTHING: SnapshotFilter = { everything: false, projects: [], taskIds: [], rootIds: [], limit: 100 };

async function ids(store: TaskStore, filter: Partial<SnapshotFilter>): Promise<readonly string[]> {
  return (await store.snapshot({ ...NOTHING, ...filter })).tasks.map(({ id }) => id);
}

/** A tree: `root` with `a` and `b`, and `a1` below `a`; and one task that is not of it. */
async function growTree(store: TaskStore): Promise<void> {
  await start(store, 'root');
  await start(store, 'a', { parentId: 'root', rootId: 'root' });
  await createAll(store, newTask('b', { parentId: 'root', rootId: 'root' }), newTask('a1', { parentId: 'a', rootId: 'root' }), newTask('other'));
}

/** `snapshot`. */
export function describeSnapshots(open: OpenStore): void {
  describe('snapshot', () => {
    it('is empty where nothing is asked for, and knows where the log stands all the same', async () => {
      const { store } = await open();
      await expect(store.snapshot({ ...NOTHING, everything: true })).resolves.toEqual({ tasks: [], offset: 0 });
      await createAll(store, newTask('a'), newTask('b'));
      await expect(store.snapshot(NOTHING)).resolves.toEqual({ tasks: [], offset: 2 });
    });

    it('has everything that has not ended, newest first', async () => {
      const { store } = await open();
      await start(store, 'running');
      await ended(store, 'ended', 2_000);
      await createAll(store, newTask('queued', { project: 'bolt' }), newTask('delayed', { runAt: 9_000 }));
      await expect(ids(store, { everything: true })).resolves.toEqual(['delayed', 'queued', 'running']);
      await expect(ids(store, { projects: ['bolt', 'none'] })).resolves.toEqual(['queued']);
    });

    it('has tasks by their name whatever their state, and none that is not there', async () => {
      const { store } = await open();
      await ended(store, 'ended', 2_000);
      await expect(ids(store, { taskIds: ['ended', 'gone', ''] })).resolves.toEqual(['ended']);
    });

    it('has whole trees, at every depth and in every state, and nothing beside them', async () => {
      const { store } = await open();
      await growTree(store);
      await end(store, 'a');
      await expect(ids(store, { rootIds: ['root'] })).resolves.toEqual(['a1', 'b', 'a', 'root']);
      await expect(ids(store, { rootIds: ['other'] })).resolves.toEqual(['other']);
      await expect(ids(store, { rootIds: ['a'] })).resolves.toEqual(['a']);
    });

    it('has each task once, however often it was asked for', async () => {
      const { store } = await open();
      await growTree(store);
      await expect(ids(store, { everything: true, projects: ['acme', 'acme'], taskIds: ['a', 'a'], rootIds: ['root'] })).resolves.toEqual(['other', 'a1', 'b', 'a', 'root']);
    });

    it('has the newest within its limit, and always what was asked for by name', async () => {
      const { store } = await open();
      await growTree(store);
      await expect(ids(store, { everything: true, limit: 2 })).resolves.toEqual(['other', 'a1']);
      await expect(ids(store, { everything: true, taskIds: ['root'], limit: 1 })).resolves.toEqual(['other', 'root']);
      await expect(ids(store, { taskIds: ['a', 'b', 'root'], limit: 1 })).resolves.toEqual(['b', 'a', 'root']);
    });

    it('has trees whole whatever its limit, also beside newer tasks', async () => {
      const { store } = await open();
      await growTree(store);
      await expect(ids(store, { rootIds: ['root'], limit: 1 })).resolves.toEqual(['a1', 'b', 'a', 'root']);
      await createAll(store, newTask('newer'));
      await expect(ids(store, { rootIds: ['root'], everything: true, limit: 1 })).resolves.toEqual(['newer', 'a1', 'b', 'a', 'root']);
    });

    it('leaves out what may be large', async () => {
      const { store } = await open();
      await start(store, 'a', { inputJson: JSON.stringify('x'.repeat(10_000)) });
      await end(store, 'a', { resultJson: JSON.stringify('y'.repeat(10_000)) });
      const { tasks: [task] } = await store.snapshot({ ...NOTHING, taskIds: ['a'] });
      expect(task).toMatchObject({ id: 'a', state: 'completed', inputJson: 'null' });
      expect(task?.resultJson).toBeUndefined();
    });

    it('is of one moment: among changes that were asked for in the same tick, it reflects exactly those up to its offset', async () => {
      const { store } = await open();
      const created = Array.from({ length: 12 }, (_, index) => newTask(`t-${String(index)}`));
      const snapshots = await Promise.all(created.flatMap((task) => {
        const done = store.create(task);
        return [store.snapshot({ ...NOTHING, everything: true }), done.then(() => store.snapshot({ ...NOTHING, everything: true }))];
      }));
      const events = await allEvents(store);
      for (const { tasks, offset } of snapshots) {
        expect(tasks.map(({ id }) => id).reverse()).toEqual(events.filter((event) => event.offset <= offset).map(({ taskId }) => taskId));
      }
    });
  });
}
