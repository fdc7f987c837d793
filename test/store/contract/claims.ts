import { describe, expect, it } from 'vitest';
import { allEvents, claim, claimAll, createAll, end, newTask, RETRY, start, type OpenStore } from '../support.ts';

/** `claimNext` and `promoteDue`. */
export function describeClaims(open: OpenStore): void {
  describe('claimNext', () => {
    it('has nothing to give for a project without tasks', async () => {
      const { store } = await open();
      await store.create(newTask('a', { project: 'other' }));
      await expect(store.claimNext('acme', 'host', 1_500)).resolves.toBeUndefined();
      await expect(allEvents(store)).resolves.toHaveLength(1);
    });

    it('makes the task run under its owner, and counts attempt and fence', async () => {
      const { store } = await open();
      const { task } = await store.create(newTask('a'));
      const claimed = await store.claimNext('acme', 'host', 1_500);
      expect(claimed?.task).toEqual({ ...task, state: 'running', attempt: 1, fence: 1, owner: 'host', startedAt: 1_500 });
      await expect(store.get('a')).resolves.toEqual(claimed?.task);
    });

    it('stores the start event with it', async () => {
      const { store } = await open();
      await store.create(newTask('a'));
      const claimed = await store.claimNext('acme', 'host', 1_500);
      expect(claimed?.events).toEqual([{
        epoch: store.epoch, offset: 2, type: 'task:start', time: 1_500, taskId: 'a', project: 'acme', taskType: 'echo', rootId: 'a', attempt: 1,
        data: { queuedMs: 500 },
      }]);
      expect((await allEvents(store)).slice(1)).toEqual(claimed?.events);
    });

    it('goes by the order key, smallest first', async () => {
      const { store } = await open();
      await createAll(store, ...[3, -1, 2.5, 10, 2].map((orderKey) => newTask(`k${String(orderKey)}`, { orderKey })));
      await expect(claimAll(store)).resolves.toEqual(['k-1', 'k2', 'k2.5', 'k3', 'k10']);
    });

    it('goes by the order of submission among equal keys, whatever the ids', async () => {
      const { store } = await open();
      await createAll(store, ...['m', 'z', 'a', 'k'].map((id) => newTask(id)));
      await expect(claimAll(store)).resolves.toEqual(['m', 'z', 'a', 'k']);
    });

    it('gives each task once, however many ask in one tick', async () => {
      const { store } = await open();
      await createAll(store, ...Array.from({ length: 10 }, (_, index) => newTask(`t${String(index)}`)));
      const claims = await Promise.all(Array.from({ length: 15 }, () => claim(store)));
      expect(claims).toEqual([...Array.from({ length: 10 }, (_, index) => `t${String(index)}`), ...Array.from({ length: 5 }, () => undefined)]);
    });

    it('puts a task that is tried again back in its place, with the next attempt and fence', async () => {
      const { store } = await open();
      await createAll(store, newTask('a', { orderKey: 1 }), newTask('b', { orderKey: 2 }));
      await claim(store);
      await end(store, 'a', { to: 'queued', event: RETRY });
      const again = await store.claimNext('acme', 'other', 2_500);
      expect(again?.task).toMatchObject({ id: 'a', attempt: 2, fence: 2, owner: 'other', startedAt: 2_500 });
      expect(again?.events[0]?.attempt).toBe(2);
    });

    it('forgets why the attempt before failed', async () => {
      const { store } = await open();
      await start(store, 'a');
      await end(store, 'a', { to: 'queued', error: { name: 'Error', message: 'no' }, event: RETRY });
      expect(await store.get('a')).toMatchObject({ error: { message: 'no' } });
      expect((await store.claimNext('acme', 'host', 3_000))?.task).not.toHaveProperty('error');
    });

    it.each([
      ['from its submission', {}, 4_000, 3_000],
      ['from the time it was due', { runAt: 3_500 }, 4_000, 500],
      ['as nothing when the clock went back', {}, 900, 0],
    ])('counts the time in the queue %s', async (_what, rest, time, queuedMs) => {
      const { store } = await open();
      await store.create(newTask('a', rest));
      await store.promoteDue(time);
      expect((await store.claimNext('acme', 'host', time))?.events[0]?.data).toEqual({ queuedMs });
    });
  });

  describePromotion(open);
}

function describePromotion(open: OpenStore): void {
  describe('promoteDue', () => {
    it('has nothing to do without delayed tasks', async () => {
      const { store } = await open();
      await store.create(newTask('a'));
      await expect(store.promoteDue(9_000)).resolves.toEqual({ ready: [] });
    });

    it('keeps a delayed task back until its time has come', async () => {
      const { store } = await open();
      await store.create(newTask('a', { runAt: 2_000 }));
      await expect(claim(store)).resolves.toBeUndefined();
      await expect(store.promoteDue(1_999)).resolves.toEqual({ ready: [], nextDue: 2_000 });
      await expect(claim(store)).resolves.toBeUndefined();
      await expect(store.promoteDue(2_000)).resolves.toEqual({ ready: [{ project: 'acme', count: 1 }] });
      await expect(claim(store)).resolves.toBe('a');
    });

    it('does not delay a task whose time is past already', async () => {
      const { store } = await open();
      await createAll(store, newTask('past', { runAt: 500 }), newTask('now', { runAt: 1_000 }));
      await expect(claimAll(store)).resolves.toEqual(['past', 'now']);
    });

    it('counts per project what became ready, once, and tells when the next one is due', async () => {
      const { store } = await open();
      await createAll(store, newTask('a', { runAt: 2_000 }), newTask('b', { runAt: 2_001 }), newTask('c', { runAt: 2_002, project: 'other' }), newTask('d', { runAt: 5_000 }));
      const { ready, nextDue } = await store.promoteDue(3_000);
      expect(ready.toSorted((x, y) => x.project.localeCompare(y.project))).toEqual([{ project: 'acme', count: 2 }, { project: 'other', count: 1 }]);
      expect(nextDue).toBe(5_000);
      await expect(store.promoteDue(3_000)).resolves.toEqual({ ready: [], nextDue: 5_000 });
    });

    it('puts a promoted task where its order key says', async () => {
      const { store } = await open();
      await createAll(store, newTask('late', { orderKey: 2 }), newTask('early', { orderKey: 1, runAt: 2_000 }));
      await store.promoteDue(2_000);
      await expect(claimAll(store)).resolves.toEqual(['early', 'late']);
    });

    it('delays a task that is tried again later', async () => {
      const { store } = await open();
      await start(store, 'a');
      const settled = await end(store, 'a', { to: 'queued', time: 2_000, runAt: 2_100, event: RETRY });
      expect(settled?.task).toMatchObject({ state: 'queued', runAt: 2_100 });
      await expect(claim(store)).resolves.toBeUndefined();
      await expect(store.promoteDue(2_100)).resolves.toEqual({ ready: [{ project: 'acme', count: 1 }] });
      await expect(claim(store)).resolves.toBe('a');
    });

    it('comes to an end with very many that fall due at once, when it is called until nothing is due', async () => {
      const { store } = await open();
      const amount = 10_050;
      await createAll(store, ...Array.from({ length: amount }, (_, index) => newTask(`t${String(index)}`, { runAt: 2_000 })));
      let promoted = 0;
      for (let next = 2_000; next <= 2_000;) {
        const { ready, nextDue } = await store.promoteDue(2_000);
        expect(ready).toHaveLength(1);
        promoted += ready[0]?.count ?? 0;
        next = nextDue ?? Infinity;
      }
      expect(promoted).toBe(amount);
    });
  });
}
