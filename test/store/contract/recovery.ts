import { describe, expect, it } from 'vitest';
import type { RecoverOrder } from '../../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, claim, claimAll, createAll, end, ended, newTask, RETRY, start, type OpenStore } from '../support.ts';

const ORDER: RecoverOrder = { owner: 'new', time: 5_000, maxInterruptions: 3, neverRepeat: [] };

/** `recover`. */
export function describeRecovery(open: OpenStore): void {
  describe('recover', () => {
    it('has nothing to do when nothing ran', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b', { runAt: 9_000 }));
      await ended(store, 'c', 2_000);
      await expect(store.recover(ORDER)).resolves.toEqual([]);
    });

    it('queues again what ran under an owner that is gone, without blame', async () => {
      const { store } = await open();
      await start(store, 'a', {}, 'old');
      const [recovered, ...others] = await store.recover(ORDER);
      expect(others).toEqual([]);
      expect(recovered?.task).toMatchObject({ id: 'a', state: 'queued', attempt: 1, interruptions: 1, runAt: 5_000, error: { code: 'TASK_INTERRUPTED' } });
      expect(recovered?.task).not.toHaveProperty('owner');
      await expect(store.get('a')).resolves.toEqual(recovered?.task);
      expect(recovered?.events).toMatchObject([{ type: 'task:retry', attempt: 1, time: 5_000, data: { cause: 'interrupted', delayMs: 0, error: { code: 'TASK_INTERRUPTED' } } }]);
      expect((await allEvents(store)).slice(2)).toEqual(recovered?.events);
    });

    it('makes it ready at once, in its old place, and counts the wait from then', async () => {
      const { store } = await open();
      await start(store, 'a', { orderKey: 1 }, 'old');
      await createAll(store, newTask('b', { orderKey: 2 }));
      await store.recover(ORDER);
      const again = await store.claimNext('acme', 'new', 5_030);
      expect(again?.task).toMatchObject({ id: 'a', attempt: 2, fence: 2, owner: 'new' });
      expect(again?.events[0]?.data).toEqual({ queuedMs: 30 });
    });

    it('leaves the tasks of the asking host alone', async () => {
      const { store } = await open();
      await start(store, 'mine', {}, 'new');
      await start(store, 'orphan', {}, 'old');
      const recovered = await store.recover(ORDER);
      expect(recovered.map(({ task }) => task.id)).toEqual(['orphan']);
      await expect(store.get('mine')).resolves.toMatchObject({ state: 'running', owner: 'new' });
    });

    it('refuses what the lost owner still writes', async () => {
      const { store } = await open();
      await start(store, 'a', {}, 'old');
      await store.recover(ORDER);
      await expect(end(store, 'a', { fence: 1 })).resolves.toBeUndefined();
      await expect(store.append('a', 1, [], 6_000)).resolves.toBeUndefined();
    });

    it('fails a task that was interrupted too often', async () => {
      const { store } = await open();
      await store.create(newTask('a'));
      for (const expected of ['queued', 'queued', 'failed']) {
        await claim(store);
        const [recovered] = await store.recover({ ...ORDER, maxInterruptions: 2 });
        expect(recovered?.task.state).toBe(expected);
      }
      await expect(store.get('a')).resolves.toMatchObject({
        state: 'failed', interruptions: 3, finishedAt: 5_000, error: { code: 'TASK_INTERRUPTED', details: { taskId: 'a', interruptions: 3 } },
      });
      expect((await allEvents(store)).at(-1)).toMatchObject({ type: 'task:error', data: { durationMs: 3_500, error: { code: 'TASK_INTERRUPTED' } } });
      await expect(claimAll(store)).resolves.toEqual([]);
    });

    it('fails at once what must never run twice', async () => {
      const { store } = await open();
      await start(store, 'pay', { type: 'payment' }, 'old');
      await start(store, 'echo', {}, 'old');
      const recovered = await store.recover({ ...ORDER, neverRepeat: ['payment'] });
      expect(recovered.map(({ task }) => [task.id, task.state])).toEqual([['pay', 'failed'], ['echo', 'queued']]);
      expect(recovered[0]?.task.error?.message).toContain('never run twice');
    });

    it('counts interruptions that a host settled itself', async () => {
      const { store } = await open();
      await start(store, 'a');
      await end(store, 'a', { to: 'queued', interrupted: true, event: RETRY });
      await claim(store);
      const [recovered] = await store.recover({ ...ORDER, maxInterruptions: 1 });
      expect(recovered?.task).toMatchObject({ state: 'failed', interruptions: 2 });
    });
  });
}
