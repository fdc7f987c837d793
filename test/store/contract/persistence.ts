import { describe, expect, it } from 'vitest';
import { claimed, endpoint, put, reportOf, take } from '../outboxSupport.ts';
import { allEvents, claim, createAll, end, ended, newTask, RETRY, start, warning, type OpenStore } from '../support.ts';

/** What an adapter with a memory longer than the process must remember. */
export function describePersistence(open: OpenStore): void {
  describe('a store that is opened again', () => {
    it('has every task as it was', async () => {
      const { store, reopen } = await open();
      await createAll(store, newTask('queued', { idempotencyKey: 'k', metadata: { x: [1] }, overrides: { timeoutMs: 3 } }), newTask('delayed', { runAt: 9_000 }));
      await start(store, 'running');
      await start(store, 'failed');
      await end(store, 'failed', { to: 'failed', error: { name: 'Error', message: 'no' }, progress: { percent: 3 } });
      await ended(store, 'completed', 2_000);
      const before = await store.list({ limit: 10 });
      expect(before.tasks).toHaveLength(5);
      const again = await reopen();
      await expect(again.list({ limit: 10 })).resolves.toEqual(before);
      await expect(again.counts()).resolves.toEqual([{ project: 'acme', ready: 1, delayed: 1, running: 1, waiting: 0 }]);
    });

    it('has the same log, and goes on with it', async () => {
      const { store, reopen } = await open();
      await start(store, 'a');
      await store.append('a', 1, [warning('x')], 1_500);
      const before = await allEvents(store);
      const again = await reopen();
      expect(again.epoch).toBe(store.epoch);
      expect(again.openingOffset).toBe(3);
      await expect(allEvents(again)).resolves.toEqual(before);
      const settled = await end(again, 'a');
      expect(settled?.events[0]?.offset).toBe(4);
    });

    it('never gives an offset twice, also when the whole log was pruned', async () => {
      const { store, reopen } = await open();
      await start(store, 'a');
      await store.prune({ before: 1_000_000, keep: 0, batch: 100 });
      const again = await reopen();
      expect(again.openingOffset).toBe(2);
      await expect(again.readEvents(1, 10)).resolves.toBeUndefined();
      expect((await again.create(newTask('b'))).events[0]?.offset).toBe(3);
    });

    it('knows its idempotency keys, its order and its delays', async () => {
      const { store, reopen } = await open();
      await createAll(store, newTask('b', { orderKey: 2, idempotencyKey: 'k' }), newTask('a', { orderKey: 1 }), newTask('c', { orderKey: 0, runAt: 3_000 }));
      const again = await reopen();
      await expect(again.create(newTask('x', { idempotencyKey: 'k' }))).resolves.toMatchObject({ existed: true, task: { id: 'b' } });
      await expect(claim(again)).resolves.toBe('a');
      await again.promoteDue(3_000);
      await expect(claim(again)).resolves.toBe('c');
    });

    it('lets nobody write under a fence that was given up before', async () => {
      const { store, reopen } = await open();
      await start(store, 'a');
      await end(store, 'a', { to: 'queued', event: RETRY });
      const again = await reopen();
      await claim(again);
      await expect(end(again, 'a', { fence: 1 })).resolves.toBeUndefined();
    });

    it('has the endpoints, what waits for them and when it is due', async () => {
      const { store, reopen } = await open();
      await put(store, endpoint('x', { order: 'task' }), endpoint('y'));
      await start(store, 'a');
      await reportOf(store, await claimed(store, 'y', { limit: 1 }), { outcome: 'retry', dueAt: 77_000 });
      const [endpoints, due] = [await store.outbox.endpoints(), await store.outbox.due()];
      const again = await reopen();
      await expect(again.outbox.endpoints()).resolves.toEqual(endpoints);
      await expect(again.outbox.due()).resolves.toEqual(due);
      await end(again, 'a');
      expect((await take(again, 'y', { time: 77_000 })).map(({ event, attempts }) => [event.type, attempts])).toEqual([['task:start', 0], ['task:complete', 0], ['task:create', 1]]);
      expect((await take(again, 'x')).map(({ event }) => event.type)).toEqual(['task:create']);
    });

    it('remembers what is paused', async () => {
      const { store, reopen } = await open();
      await store.setPaused('acme', true);
      await store.setPaused(undefined, true);
      expect(new Set(await (await reopen()).paused())).toEqual(new Set(['acme', undefined]));
    });
  });
}
