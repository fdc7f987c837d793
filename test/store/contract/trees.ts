import { describe, expect, it } from 'vitest';
import { claim, createAll, end, ended, newTask, start, type OpenStore } from '../support.ts';

const BOUNDS = { maxDepth: 2, maxChildren: 3, maxTasks: 5 };

/** Children in `create`: keys and bounds. */
export function describeTrees(open: OpenStore): void {
  describe('create with a key under a parent', () => {
    it('gives the first child again, in the same tick and later, also after it has ended', async () => {
      const { store } = await open();
      await start(store, 'parent');
      const child = newTask('child', { parentId: 'parent', rootId: 'parent', key: 'part 1' });
      const [first, second] = await createAll(store, child, { ...child, id: 'again' });
      expect([first?.existed, second?.existed, second?.task.id, second?.events]).toEqual([false, true, 'child', []]);
      await claim(store);
      await end(store, 'child', { resultJson: '42' });
      await expect(store.create({ ...child, id: 'later' })).resolves.toMatchObject({ existed: true, task: { id: 'child', key: 'part 1', resultJson: '42' } });
    });

    it('takes the same key under another parent, and children without a key', async () => {
      const { store } = await open();
      await createAll(store, newTask('p'), newTask('q'));
      const made = await createAll(store, newTask('a', { parentId: 'p', key: 'k' }), newTask('b', { parentId: 'q', key: 'k' }), newTask('c', { parentId: 'p' }), newTask('d', { parentId: 'p' }));
      expect(made.map(({ existed }) => existed)).toEqual([false, false, false, false]);
    });

    it('finds a child after its parent has ended, and refuses a new one', async () => {
      const { store } = await open();
      await start(store, 'parent');
      await store.create(newTask('child', { parentId: 'parent', key: 'k' }));
      await claim(store);
      await end(store, 'child');
      await end(store, 'parent');
      await expect(store.create(newTask('x', { parentId: 'parent', key: 'k' }))).resolves.toMatchObject({ existed: true, task: { id: 'child' } });
      await expect(store.create(newTask('y', { parentId: 'parent', key: 'other' }))).rejects.toMatchObject({ code: 'PARENT_ENDED', details: { parentId: 'parent', state: 'completed' } });
    });
  });

  describe('create with bounds', () => {
    it('refuses a level too many, and takes the last one allowed', async () => {
      const { store } = await open();
      await store.create(newTask('root'));
      await store.create(newTask('one', { parentId: 'root', rootId: 'root' }), undefined, BOUNDS);
      await store.create(newTask('two', { parentId: 'one', rootId: 'root' }), undefined, BOUNDS);
      await expect(store.create(newTask('three', { parentId: 'two', rootId: 'root' }), undefined, BOUNDS)).rejects.toMatchObject({ code: 'TREE_TOO_DEEP', details: { taskId: 'three', maxDepth: 2 } });
      await expect(store.get('three')).resolves.toBeUndefined();
    });

    it('refuses a child too many, ended ones counted, also when all come in one tick', async () => {
      const { store } = await open();
      await store.create(newTask('root'));
      await ended(store, 'c0', 2_000, { parentId: 'root', rootId: 'root' });
      const made = await Promise.allSettled(['c1', 'c2', 'c3', 'c4'].map((id) => store.create(newTask(id, { parentId: 'root', rootId: 'root' }), undefined, BOUNDS)));
      expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
      expect(made[2]).toMatchObject({ reason: { code: 'TREE_TOO_WIDE', details: { parentId: 'root', maxChildren: 3 } } });
    });

    it('refuses a task too many in the whole tree, the root counted; other trees are not meant', async () => {
      const { store } = await open();
      const below = (id: string, parentId: string): Promise<unknown> => store.create(newTask(id, { parentId, rootId: 'root' }), undefined, BOUNDS);
      await store.create(newTask('root'));
      for (const [id, parentId] of [['a', 'root'], ['b', 'root'], ['c', 'a'], ['d', 'b']] as const) await below(id, parentId);
      await expect(below('e', 'a')).rejects.toMatchObject({ code: 'TREE_TOO_LARGE', details: { rootId: 'root', maxTasks: 5 } });
      await store.create(newTask('elsewhere'));
      await expect(store.create(newTask('f', { parentId: 'elsewhere', rootId: 'elsewhere' }), undefined, BOUNDS)).resolves.toMatchObject({ existed: false });
    });

    it('finds a child by its key where there is no room for another one', async () => {
      const { store } = await open();
      await store.create(newTask('root'));
      const one = { maxDepth: 1, maxChildren: 1, maxTasks: 2 };
      await store.create(newTask('a', { parentId: 'root', rootId: 'root', key: 'k' }), undefined, one);
      await expect(store.create(newTask('b', { parentId: 'root', rootId: 'root', key: 'k' }), undefined, one)).resolves.toMatchObject({ existed: true, task: { id: 'a' } });
    });
  });

  describe('prune', () => {
    it('keeps an ended child as long as its root goes on', async () => {
      const { store } = await open();
      await start(store, 'root');
      await ended(store, 'child', 2_000, { parentId: 'root', rootId: 'root', key: 'k' });
      const order = { before: 9_000, keep: 0, batch: 100 };
      await expect(store.prune(order)).resolves.toMatchObject({ tasks: 0 });
      await end(store, 'root', { time: 3_000 });
      await store.prune(order);
      await store.prune(order);
      await expect(store.get('child')).resolves.toBeUndefined();
    });
  });
}
