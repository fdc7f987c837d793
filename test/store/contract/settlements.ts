import { describe, expect, it } from 'vitest';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { allEvents, claim, COMPLETE, createAll, end, ended, eventTypes, FAILURE, newTask, RETRY, start, warning, type OpenStore } from '../support.ts';

/** `settle`, `cancelQueued` and `append`. */
export function describeSettlements(open: OpenStore): void {
  describe('settle', () => {
    it.each([
      ['completed', { resultJson: '{"ok":true}' }, COMPLETE],
      ['failed', { error: { name: 'Error', message: 'no', code: 'TASK_FAILED', cause: { name: 'TypeError', message: 'deep' } } }, FAILURE],
      ['cancelled', { error: { name: 'Error', message: 'stop' } }, { type: 'task:cancel', data: { reason: 'enough', durationMs: 3 } }],
    ] as const)('ends a task as %s, with what is left of it', async (to, rest, event) => {
      const { store } = await open();
      const { task } = await start(store, 'a');
      const settled = await end(store, 'a', { to, event, time: 2_000, progress: { percent: 80, message: 'almost', data: [1] }, ...rest });
      const { owner: _owner, ...unowned } = task;
      expect(settled?.task).toEqual({ ...unowned, state: to, finishedAt: 2_000, progress: { percent: 80, message: 'almost', data: [1] }, ...rest });
      await expect(store.get('a')).resolves.toEqual(settled?.task);
    });

    it('stores its event with it', async () => {
      const { store } = await open();
      await start(store, 'a');
      const settled = await end(store, 'a', { time: 2_000 });
      expect(settled?.events).toEqual([{
        epoch: store.epoch, offset: 3, type: 'task:complete', time: 2_000, taskId: 'a', project: 'acme', taskType: 'echo', rootId: 'a', attempt: 1,
        data: COMPLETE.data,
      }]);
      expect((await allEvents(store)).slice(2)).toEqual(settled?.events);
    });

    it('refuses a fence that is not that of the claim, and writes nothing', async () => {
      const { store } = await open();
      const { task } = await start(store, 'a');
      for (const fence of [0, 2]) await expect(end(store, 'a', { fence })).resolves.toBeUndefined();
      await expect(store.get('a')).resolves.toEqual(task);
      await expect(eventTypes(store, 'a')).resolves.toEqual(['task:create', 'task:start']);
    });

    it('refuses a runner that lost the task to a later claim', async () => {
      const { store } = await open();
      await start(store, 'a');
      await end(store, 'a', { to: 'queued', event: RETRY });
      await claim(store);
      await expect(end(store, 'a', { fence: 1 })).resolves.toBeUndefined();
      await expect(end(store, 'a', { fence: 2 })).resolves.toMatchObject({ task: { state: 'completed', attempt: 2 } });
    });

    it('lets the first of two outcomes stand', async () => {
      const { store } = await open();
      await start(store, 'a');
      const [first, second] = await Promise.all([end(store, 'a'), end(store, 'a', { to: 'failed', event: FAILURE })]);
      expect(first?.task.state).toBe('completed');
      expect(second).toBeUndefined();
      await expect(eventTypes(store, 'a')).resolves.toEqual(['task:create', 'task:start', 'task:complete']);
    });

    it('refuses a task that waits, and one that does not exist', async () => {
      const { store } = await open();
      await store.create(newTask('a'));
      await expect(end(store, 'a', { fence: 0 })).resolves.toBeUndefined();
      await expect(end(store, 'nobody')).resolves.toBeUndefined();
    });

    it('queues a task again, counts an interruption only when told, and keeps what it does not name', async () => {
      const { store } = await open();
      await start(store, 'a');
      const error = { name: 'Error', message: 'no' };
      const first = await end(store, 'a', { to: 'queued', progress: { percent: 5 }, error, event: RETRY });
      expect(first?.task).toMatchObject({ state: 'queued', attempt: 1, interruptions: 0, progress: { percent: 5 }, error, startedAt: 1_000 });
      expect(first?.task).not.toHaveProperty('owner');
      expect(first?.task).not.toHaveProperty('finishedAt');
      await claim(store);
      const second = await end(store, 'a', { fence: 2, to: 'queued', interrupted: true, event: RETRY });
      expect(second?.task).toMatchObject({ attempt: 2, interruptions: 1, progress: { percent: 5 } });
    });
  });

  describeCancellation(open);
  describeAppending(open);
}

function describeCancellation(open: OpenStore): void {
  describe('cancelQueued', () => {
    it('ends a task that waits, with the reason', async () => {
      const { store } = await open();
      await store.create(newTask('a'));
      const cancelled = await store.cancelQueued('a', 'not needed', 3_000);
      expect(cancelled?.task).toMatchObject({ state: 'cancelled', finishedAt: 3_000, error: { code: 'TASK_CANCELLED', details: { reason: 'not needed', taskId: 'a' } } });
      expect(cancelled?.task.error).not.toHaveProperty('stack');
      expect(cancelled?.events).toMatchObject([{ type: 'task:cancel', offset: 2, attempt: 0, data: { reason: 'not needed', durationMs: 0 } }]);
      await expect(store.get('a')).resolves.toEqual(cancelled?.task);
      await expect(claim(store)).resolves.toBeUndefined();
    });

    it('ends a delayed task, which does not come back when its time comes', async () => {
      const { store } = await open();
      await store.create(newTask('a', { runAt: 2_000 }));
      await expect(store.cancelQueued('a', 'x', 1_500)).resolves.toMatchObject({ task: { state: 'cancelled' } });
      await expect(store.promoteDue(2_000)).resolves.toEqual({ ready: [] });
      await expect(claim(store)).resolves.toBeUndefined();
    });

    it('leaves a task alone that runs, that has ended, or that does not exist', async () => {
      const { store } = await open();
      await start(store, 'running');
      await ended(store, 'ended', 2_000);
      for (const id of ['running', 'ended', 'nobody']) await expect(store.cancelQueued(id, 'x', 3_000)).resolves.toBeUndefined();
      await expect(store.get('running')).resolves.toMatchObject({ state: 'running' });
      await expect(eventTypes(store, 'ended')).resolves.toEqual(['task:create', 'task:start', 'task:complete']);
    });

    it('decides between a cancel and a claim of the same tick by their order', async () => {
      const { store } = await open();
      await createAll(store, newTask('a', { orderKey: 1 }), newTask('b', { orderKey: 2 }));
      const [cancelled, claimed, tooLate] = await Promise.all([store.cancelQueued('a', 'x', 1_500), claim(store), store.cancelQueued('b', 'x', 1_500)]);
      expect([cancelled?.task.id, claimed, tooLate]).toEqual(['a', 'b', undefined]);
    });
  });
}

function describeAppending(open: OpenStore): void {
  describe('append', () => {
    it('stores events of a running task in order, with its attempt', async () => {
      const { store } = await open();
      await start(store, 'a');
      const events = await store.append('a', 1, [warning('one'), { type: 'task:tool:start', data: { callId: 'c', tool: 'fs.read', input: { path: 'x' } } }], 1_700);
      expect(events).toEqual([
        { epoch: store.epoch, offset: 3, type: 'task:warning', time: 1_700, taskId: 'a', project: 'acme', taskType: 'echo', rootId: 'a', attempt: 1, data: { code: 'TEST', message: 'one' } },
        expect.objectContaining({ offset: 4, type: 'task:tool:start', data: { callId: 'c', tool: 'fs.read', input: { path: 'x' } } }),
      ]);
      expect((await allEvents(store)).slice(2)).toEqual(events);
    });

    it('stores nothing when there is nothing to store', async () => {
      const { store } = await open();
      await start(store, 'a');
      await expect(store.append('a', 1, [], 1_700)).resolves.toEqual([]);
    });

    it('refuses a stale fence and a task that does not run', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ended(store, 'ended', 2_000);
      await store.create(newTask('queued'));
      for (const [id, fence] of [['a', 2], ['ended', 1], ['queued', 0], ['nobody', 1]] as const) {
        await expect(store.append(id, fence, [warning('x')], 1_700)).resolves.toBeUndefined();
      }
      await expect(allEvents(store)).resolves.toHaveLength(6);
    });
  });

  describe('operations of one tick', () => {
    it('see each other in the order in which they were asked for', async () => {
      const { store } = await open();
      const [, before, claimed, after] = await Promise.all([store.create(newTask('a')), store.get('a'), claim(store), store.get('a')]);
      expect([before?.state, claimed, after?.state]).toEqual(['queued', 'a', 'running']);
    });

    it('keep their order when there are more of them than fit in one batch', async () => {
      const { store } = await open();
      const ids = Array.from({ length: 2_300 }, (_, index) => `t${String(index)}`);
      const created = await createAll(store, ...ids.map((id) => newTask(id)));
      expect(created.map(({ events }) => events[0]?.offset)).toEqual(ids.map((_, index) => index + 1));
      await expect(Promise.all(ids.map(() => claim(store)))).resolves.toEqual(ids);
      await expect(claim(store)).resolves.toBeUndefined();
    });

    it('fail each for itself, whatever goes wrong around them', async () => {
      const { store } = await open();
      await store.create(newTask('old'));
      const results = await Promise.allSettled([
        store.create(newTask('a')), store.create(newTask('old')), claim(store), store.create(newTask('b', { parentId: 'ghost' })), end(store, 'old', { fence: 9 }),
        store.create(newTask('c', { parentId: 'a' })), store.list({ limit: 1, cursor: 'bad' }), store.append('old', 1, [warning('x')], 1_500), store.create(newTask('c')),
        end(store, 'old'), store.create(newTask('d', { parentId: 'old' })), claim(store),
      ]);
      expect(results.map((result) => (result.status === 'fulfilled' ? 'ok' : rejectedCode(result.reason)))).toEqual([
        'ok', 'STORE_FAILED', 'ok', 'TASK_NOT_FOUND', 'ok', 'ok', 'CURSOR_INVALID', 'ok', 'STORE_FAILED', 'ok', 'PARENT_ENDED', 'ok',
      ]);
      const events = await allEvents(store);
      expect(events.map(({ offset, type, taskId }) => `${String(offset)} ${type} ${taskId}`)).toEqual([
        '1 task:create old', '2 task:create a', '3 task:start old', '4 task:create c', '5 task:warning old', '6 task:complete old', '7 task:start a',
      ]);
    });

    it('name the parent that is missing', async () => {
      const { store } = await open();
      const error = await rejectionOf(store.create(newTask('a', { parentId: 'ghost' })));
      expect(error.message).toContain('"ghost"');
    });
  });
}

function rejectedCode(reason: unknown): string {
  return TaskSystemError.isInstance(reason) ? reason.code : String(reason);
}
