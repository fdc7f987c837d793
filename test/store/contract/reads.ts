import { describe, expect, it } from 'vitest';
import type { TaskFilter, TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { claim, createAll, end, ended, newTask, RETRY, start, type OpenStore } from '../support.ts';

/** Ids of all pages of a filter, read `limit` at a time. */
async function pages(store: TaskStore, filter: TaskFilter): Promise<readonly (readonly string[])[]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) });
    found.push(page.tasks.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** `get`, `list`, `counts`, `setPaused` and `paused`. */
export function describeReads(open: OpenStore): void {
  describe('get', () => {
    it('finds nothing under an unknown id', async () => {
      const { store } = await open();
      await store.create(newTask('a'));
      for (const id of ['b', 'A', 'a ', '']) await expect(store.get(id)).resolves.toBeUndefined();
    });
  });

  describeLists(open);
  describeCursors(open);
  describeCounts(open);

  describe('setPaused', () => {
    it('remembers projects and everything, each by itself', async () => {
      const { store } = await open();
      await expect(store.paused()).resolves.toEqual([]);
      for (const project of ['acme', undefined, 'acme', 'everything']) await store.setPaused(project, true);
      expect(new Set(await store.paused())).toEqual(new Set([undefined, 'acme', 'everything']));
      await expect(store.paused()).resolves.toHaveLength(3);
      await store.setPaused(undefined, false);
      expect(new Set(await store.paused())).toEqual(new Set(['acme', 'everything']));
      await store.setPaused('acme', false);
      await store.setPaused('never-paused', false);
      await expect(store.paused()).resolves.toEqual(['everything']);
    });

    it('does not keep a claim from going through: whether to claim is for the queue to decide', async () => {
      const { store } = await open();
      await store.create(newTask('a'));
      await store.setPaused('acme', true);
      await expect(claim(store)).resolves.toBe('a');
    });
  });
}

function describeLists(open: OpenStore): void {
  describe('list', () => {
    it('returns the newest first', async () => {
      const { store } = await open();
      await createAll(store, newTask('z', { orderKey: 3 }), newTask('a', { orderKey: 1 }), newTask('m', { orderKey: 2 }));
      await expect(pages(store, { limit: 10 })).resolves.toEqual([['m', 'a', 'z']]);
    });

    it('returns whole records', async () => {
      const { store } = await open();
      await ended(store, 'a', 2_000, { metadata: { x: 1 } });
      const page = await store.list({ limit: 10 });
      expect(page).toEqual({ tasks: [await store.get('a')] });
    });

    it('narrows by project, state and parent, alone and together', async () => {
      const { store } = await open();
      await start(store, 'p');
      await createAll(store, newTask('q1'), newTask('q2', { project: 'other' }), newTask('c1', { parentId: 'p' }), newTask('c2', { parentId: 'p', project: 'other' }), newTask('d', { runAt: 9_000 }));
      await ended(store, 'e', 2_000, { parentId: 'p', project: 'other' });
      const ids = async (filter: Omit<TaskFilter, 'limit'>): Promise<readonly string[]> => (await pages(store, { ...filter, limit: 100 })).flat();
      await expect(ids({ project: 'acme' })).resolves.toEqual(['d', 'c1', 'q1', 'p']);
      await expect(ids({ state: 'queued' })).resolves.toEqual(['d', 'c2', 'c1', 'q2', 'q1']);
      await expect(ids({ parentId: 'p' })).resolves.toEqual(['e', 'c2', 'c1']);
      await expect(ids({ project: 'other', state: 'queued' })).resolves.toEqual(['c2', 'q2']);
      await expect(ids({ project: 'other', parentId: 'p' })).resolves.toEqual(['e', 'c2']);
      await expect(ids({ project: 'other', parentId: 'p', state: 'completed' })).resolves.toEqual(['e']);
      await expect(ids({ project: 'nobody' })).resolves.toEqual([]);
      await expect(ids({ state: 'failed' })).resolves.toEqual([]);
    });

    it('mixes the states of a project by age', async () => {
      const { store } = await open();
      await createAll(store, newTask('a', { orderKey: 9 }), newTask('b', { orderKey: 1 }), newTask('c', { orderKey: 8 }));
      await ended(store, 'd', 2_000);
      await claim(store);
      await createAll(store, newTask('e', { orderKey: 10 }));
      await store.cancelQueued('c', 'x', 2_000);
      await expect(pages(store, { project: 'acme', limit: 2 })).resolves.toEqual([['e', 'd'], ['c', 'b'], ['a']]);
    });

    it.each([0, 1_001, 1.5, -1, NaN])('refuses the limit %s', async (limit) => {
      const { store } = await open();
      expect((await rejectionOf(store.list({ limit }))).code).toBe('OPTIONS_INVALID');
    });
  });
}

function describeCursors(open: OpenStore): void {
  describe('list with a cursor', () => {
    it.each([{}, { project: 'acme' }, { state: 'queued' as const }, { parentId: 'p' }])('walks through everything once with the filter %j', async (filter) => {
      const { store } = await open();
      await start(store, 'p', { project: 'parents' });
      const ids = Array.from({ length: 7 }, (_, index) => `t${String(index)}`);
      await createAll(store, ...ids.map((id) => newTask(id, { parentId: 'p' })));
      const found = await pages(store, { ...filter, limit: 3 });
      expect(found.flat().filter((id) => id !== 'p')).toEqual(ids.toReversed());
      expect(found[0]).toHaveLength(3);
    });

    it('has no next page when the last one is full', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'));
      await expect(store.list({ limit: 2 })).resolves.not.toHaveProperty('nextCursor');
      await expect(store.list({ limit: 1 })).resolves.toHaveProperty('nextCursor');
    });

    it('neither repeats nor skips a task when others are added in between', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'), newTask('c'));
      const first = await store.list({ limit: 2 });
      await createAll(store, newTask('d'));
      const second = await store.list({ limit: 2, cursor: first.nextCursor ?? '' });
      expect([...first.tasks, ...second.tasks].map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    });

    it.each(['', 'x', 'dGFzazo', 'MTI', '%%%', 'dGFzazox!', "' OR 1=1 --", '🐝'])('refuses the cursor %j', async (cursor) => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'));
      expect((await rejectionOf(store.list({ limit: 1, cursor }))).code).toBe('CURSOR_INVALID');
    });
  });
}

function describeCounts(open: OpenStore): void {
  describe('counts', () => {
    it('is empty without tasks, and when all of them have ended', async () => {
      const { store } = await open();
      await expect(store.counts()).resolves.toEqual([]);
      await ended(store, 'a', 2_000);
      await expect(store.counts()).resolves.toEqual([]);
    });

    it('counts each project by what its tasks do', async () => {
      const { store } = await open();
      await createAll(store, newTask('a'), newTask('b'), newTask('c', { runAt: 9_000 }), newTask('d', { project: 'other' }));
      await start(store, 'e');
      await ended(store, 'f', 2_000);
      const counts = await store.counts();
      expect(counts.toSorted((x, y) => x.project.localeCompare(y.project))).toEqual([
        { project: 'acme', ready: 2, delayed: 1, running: 1, waiting: 0 },
        { project: 'other', ready: 1, delayed: 0, running: 0, waiting: 0 },
      ]);
    });

    it('follows a task from delayed to its end', async () => {
      const { store } = await open();
      const seen: string[] = [];
      const look = async (): Promise<void> => {
        const [counts] = await store.counts();
        seen.push(counts === undefined ? '-' : `${String(counts.ready)}${String(counts.delayed)}${String(counts.running)}`);
      };
      await store.create(newTask('a', { runAt: 2_000 }));
      await look();
      await store.promoteDue(2_000);
      await look();
      await claim(store);
      await look();
      await end(store, 'a', { to: 'queued', time: 2_000, runAt: 3_000, event: RETRY });
      await look();
      await store.promoteDue(3_000);
      await claim(store);
      await end(store, 'a', { fence: 2 });
      await look();
      expect(seen).toEqual(['010', '100', '001', '010', '-']);
    });
  });
}
