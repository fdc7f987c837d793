import { describe, expect, it } from 'vitest';
import { rejectionOf } from '../../support/thrown.ts';
import { allEvents, claim, claimAll, createAll, end, newTask, start, type OpenStore } from '../support.ts';

/** `create`. */
export function describeCreation(open: OpenStore): void {
  describe('create', () => {
    it('stores a queued task that was never started', async () => {
      const { store } = await open();
      const { existed, task } = await store.create(newTask('a'));
      expect(existed).toBe(false);
      expect(task).toEqual({ ...newTask('a'), state: 'queued', attempt: 0, interruptions: 0, fence: 0 });
    });

    it('returns what get returns later, with every field of the submission', async () => {
      const { store } = await open();
      await store.create(newTask('root'));
      const full = newTask('full', {
        parentId: 'root', rootId: 'root', retryOf: 'before', idempotencyKey: 'key', metadata: { user: 'ann', tags: ['x', null], deep: { n: 1.5 } },
        overrides: { timeoutMs: 5, retry: { maxAttempts: 3 } }, priority: -7, orderKey: -12.25, maxAttempts: 3, runAt: 9_000,
      });
      const { task } = await store.create(full);
      expect(task).toMatchObject(full);
      await expect(store.get('full')).resolves.toEqual(task);
    });

    it('stores the create event with it', async () => {
      const { store } = await open();
      await store.create(newTask('root'));
      const { events } = await store.create(newTask('a', { parentId: 'root', rootId: 'root', retryOf: 'before', priority: 2, runAt: 1_200 }));
      expect(events).toEqual([{
        epoch: store.epoch, offset: 2, type: 'task:create', time: 1_000, taskId: 'a', project: 'acme', taskType: 'echo', parentId: 'root',
        rootId: 'root', attempt: 0, data: { priority: 2, runAt: 1_200, retryOf: 'before' },
      }]);
      expect((await allEvents(store)).slice(1)).toEqual(events);
    });

    it('claims the task at once when told for whom', async () => {
      const { store } = await open();
      const { task, events } = await store.create(newTask('a'), 'host');
      expect(task).toMatchObject({ state: 'running', attempt: 1, fence: 1, owner: 'host', startedAt: 1_000 });
      expect(events.map(({ type, offset, attempt }) => [type, offset, attempt])).toEqual([['task:create', 1, 0], ['task:start', 2, 1]]);
      expect(events[1]?.data).toEqual({ queuedMs: 0 });
      await expect(store.get('a')).resolves.toEqual(task);
      await expect(claim(store)).resolves.toBeUndefined();
    });

    it('keeps text as it is: any characters, and a megabyte of it', async () => {
      const { store } = await open();
      const inputJson = JSON.stringify({ odd: 'é "quoted" \u2028 \u0000 🐝 \\', long: 'x'.repeat(1_048_576) });
      await store.create(newTask('a', { inputJson, project: 'Ünï cødé 🐝', metadata: { 'a"b': "'; DROP TABLE tasks; --" } }));
      const task = await store.get('a');
      expect(task?.inputJson === inputJson).toBe(true);
      expect(task).toMatchObject({ project: 'Ünï cødé 🐝', metadata: { 'a"b': "'; DROP TABLE tasks; --" } });
      await expect(claim(store, 'Ünï cødé 🐝')).resolves.toBe('a');
    });

    it('refuses an id that is taken, alone of its tick', async () => {
      const { store } = await open();
      const results = await Promise.allSettled([newTask('a'), newTask('a', { project: 'other' }), newTask('b')].map((task) => store.create(task)));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { code: 'STORE_FAILED' } });
      expect((await allEvents(store)).map(({ offset, taskId }) => [offset, taskId])).toEqual([[1, 'a'], [2, 'b']]);
    });
  });

  describeIdempotency(open);
  describeParents(open);
}

function describeIdempotency(open: OpenStore): void {
  describe('create with an idempotency key', () => {
    it('finds the task that has the key, and stores nothing', async () => {
      const { store } = await open();
      const { task } = await store.create(newTask('a', { idempotencyKey: 'key' }));
      const again = await store.create(newTask('b', { idempotencyKey: 'key', inputJson: '{"a":2}' }));
      expect(again).toEqual({ existed: true, task, events: [] });
      await expect(store.get('b')).resolves.toBeUndefined();
      await expect(allEvents(store)).resolves.toHaveLength(1);
    });

    it('makes one task of many in the same tick', async () => {
      const { store } = await open();
      const created = await createAll(store, ...['a', 'b', 'c', 'd'].map((id) => newTask(id, { idempotencyKey: 'key' })));
      expect(created.map(({ existed }) => existed)).toEqual([false, true, true, true]);
      expect(new Set(created.map(({ task }) => task.id))).toEqual(new Set(['a']));
    });

    it('finds it in the state that it has reached', async () => {
      const { store } = await open();
      await start(store, 'a', { idempotencyKey: 'key' });
      await end(store, 'a', { resultJson: '7' });
      await expect(store.create(newTask('b', { idempotencyKey: 'key' }))).resolves.toMatchObject({ existed: true, task: { id: 'a', state: 'completed', resultJson: '7' } });
    });

    it('does not claim a task that it only found', async () => {
      const { store } = await open();
      await store.create(newTask('a', { idempotencyKey: 'key' }));
      await expect(store.create(newTask('b', { idempotencyKey: 'key' }), 'host')).resolves.toMatchObject({ existed: true, task: { state: 'queued' } });
    });

    it('keeps the keys of projects apart', async () => {
      const { store } = await open();
      await store.create(newTask('a', { idempotencyKey: 'key' }));
      await expect(store.create(newTask('b', { idempotencyKey: 'key', project: 'other' }))).resolves.toMatchObject({ existed: false });
    });

    it('never takes tasks without a key for each other', async () => {
      const { store } = await open();
      const created = await createAll(store, newTask('a'), newTask('b'));
      expect(created.map(({ existed }) => existed)).toEqual([false, false]);
    });
  });
}

function describeParents(open: OpenStore): void {
  describe('create with a parent', () => {
    it('takes a parent that is queued, and one that runs', async () => {
      const { store } = await open();
      await store.create(newTask('queued'));
      await start(store, 'running');
      const children = await createAll(store, newTask('a', { parentId: 'queued', rootId: 'queued' }), newTask('b', { parentId: 'running', rootId: 'running' }));
      expect(children.map(({ task }) => [task.parentId, task.rootId])).toEqual([['queued', 'queued'], ['running', 'running']]);
    });

    it('takes a parent of the same tick', async () => {
      const { store } = await open();
      const [, child] = await createAll(store, newTask('parent'), newTask('child', { parentId: 'parent', rootId: 'parent' }));
      expect(child?.existed).toBe(false);
    });

    it('refuses a parent that does not exist, alone of its tick, and stores nothing of it', async () => {
      const { store } = await open();
      const results = await Promise.allSettled([newTask('a'), newTask('b', { parentId: 'nobody' }), newTask('c')].map((task) => store.create(task)));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { code: 'TASK_NOT_FOUND', details: { taskId: 'b', parentId: 'nobody' } } });
      await expect(store.get('b')).resolves.toBeUndefined();
      expect((await allEvents(store)).map(({ offset, taskId }) => [offset, taskId])).toEqual([[1, 'a'], [2, 'c']]);
      await expect(claimAll(store)).resolves.toEqual(['a', 'c']);
    });

    it.each(['completed', 'failed', 'cancelled'] as const)('refuses a parent that is %s', async (to) => {
      const { store } = await open();
      await start(store, 'parent');
      await end(store, 'parent', { to });
      const error = await rejectionOf(store.create(newTask('child', { parentId: 'parent' })));
      expect(error.code).toBe('PARENT_ENDED');
      expect(error.message).toContain(to);
    });

    it('still finds a child by its idempotency key after the parent has ended', async () => {
      const { store } = await open();
      await start(store, 'parent');
      const child = newTask('child', { parentId: 'parent', idempotencyKey: 'key' });
      await store.create(child);
      await end(store, 'parent');
      await expect(store.create({ ...child, id: 'again' })).resolves.toMatchObject({ existed: true, task: { id: 'child' } });
    });
  });
}
