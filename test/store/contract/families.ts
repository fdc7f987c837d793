import { describe, expect, it } from 'vitest';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { claimAll, COMPLETE, createAll, end, eventTypes, FAILURE, newTask, RETRY, start, type OpenStore } from '../support.ts';

const FAILED = { to: 'failed', error: { name: 'Error', message: 'no luck', code: 'TASK_FAILED' }, event: FAILURE } as const;
const CANCELLED = { to: 'cancelled', error: { name: 'E', message: '', code: 'TASK_CANCELLED', details: { cause: 'parent' } }, event: { type: 'task:cancel', data: { reason: 'x', durationMs: 1 } } } as const;
const RULES = { all: { completion: 'all', onChildFailure: 'fail-fast' }, any: { completion: 'any', onChildFailure: 'fail-fast' } } as const;

/** A running root with children a, b and c, of which the first ones run. */
async function family(store: TaskStore, running: number, rest: Parameters<typeof newTask>[1] = {}): Promise<void> {
  await start(store, 'root', rest);
  await createAll(store, ...['a', 'b', 'c'].map((id, index) => newTask(id, { parentId: 'root', rootId: 'root', orderKey: index })));
  for (let index = 0; index < running; index++) await store.claimNext('acme', 'host', 1_500);
}

async function states(store: TaskStore, ...ids: string[]): Promise<(string | undefined)[]> {
  const found = await store.families.statesOf(ids);
  return ids.map((id) => found.get(id));
}

/** How the store ends tasks in trees. */
export function describeFamilies(open: OpenStore): void {
  describe('settle of a task with open children', () => {
    it('lets it wait, and the last child ends it in its own transaction', async () => {
      const { store } = await open();
      await family(store, 3);
      const waiting = await end(store, 'root', { resultJson: '"mine"' });
      expect([waiting?.task.state, waiting?.task.owner]).toEqual(['waiting', undefined]);
      await end(store, 'a');
      await end(store, 'b');
      await expect(states(store, 'root')).resolves.toEqual(['waiting']);
      const last = await store.settle({ taskId: 'c', fence: 1, to: 'completed', time: 3_000, event: COMPLETE });
      expect(last?.others).toMatchObject([{ from: 'waiting', task: { id: 'root', state: 'completed', resultJson: '"mine"', finishedAt: 3_000, progress: { percent: 100, done: 3, failed: 0, total: 3 } } }]);
      expect(last?.others[0]?.events).toMatchObject([{ type: 'task:complete', data: { result: 'mine', resultBytes: 6 } }]);
      await expect(eventTypes(store, 'root')).resolves.toEqual(['task:create', 'task:start', 'task:wait', 'task:complete']);
    });

    it('ends it at once when all children have ended before', async () => {
      const { store } = await open();
      await family(store, 3);
      for (const id of ['a', 'b', 'c']) await end(store, id);
      const ended = await end(store, 'root');
      expect(ended?.task.state).toBe('completed');
    });

    it('ends a whole line of waiting ancestors with the last task below', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'one', { parentId: 'root', rootId: 'root' });
      await start(store, 'two', { parentId: 'one', rootId: 'root' });
      await end(store, 'root');
      await end(store, 'one');
      const last = await store.settle({ taskId: 'two', fence: 1, to: 'completed', time: 3_000, event: COMPLETE });
      expect(last?.others.map(({ task }) => [task.id, task.state])).toEqual([['one', 'completed'], ['root', 'completed']]);
    });

    it('fails it with the first child that fails, cancels those that wait and names those that run', async () => {
      const { store } = await open();
      await family(store, 2);
      await end(store, 'root');
      const failed = await store.settle({ taskId: 'a', fence: 1, time: 3_000, ...FAILED });
      expect(failed?.others.map(({ task }) => [task.id, task.state])).toEqual([['root', 'waiting'], ['c', 'cancelled']]);
      expect(failed?.stops).toEqual([{ taskId: 'b', cause: 'siblings', reason: 'the rule of its parent cannot be met any more' }]);
      await expect(states(store, 'root')).resolves.toEqual(['waiting']);
      const stopped = await store.settle({ taskId: 'b', fence: 1, to: 'cancelled', time: 3_100, event: { type: 'task:cancel', data: { reason: 'x', durationMs: 1 } } });
      expect(stopped?.others).toMatchObject([{ task: { id: 'root', state: 'failed', error: { code: 'TASK_CHILD_FAILED', details: { childId: 'a', childCode: 'TASK_FAILED' }, cause: { message: 'no luck' } } } }]);
    });

    it('waits for the others before it fails, where the rules say so', async () => {
      const { store } = await open();
      await family(store, 3, { rules: { completion: 'all', onChildFailure: 'wait' } });
      await end(store, 'root');
      await end(store, 'a', FAILED);
      await expect(states(store, 'root', 'b', 'c')).resolves.toEqual(['waiting', 'running', 'running']);
      await end(store, 'b');
      await end(store, 'c');
      await expect(store.get('root')).resolves.toMatchObject({ state: 'failed', error: { code: 'TASK_CHILD_FAILED' } });
    });

    it('completes it whatever failed, where the rules ignore that', async () => {
      const { store } = await open();
      await family(store, 3, { rules: { completion: 'all', onChildFailure: 'ignore' } });
      await end(store, 'root');
      for (const id of ['a', 'b', 'c']) await end(store, id, FAILED);
      await expect(store.get('root')).resolves.toMatchObject({ state: 'completed', progress: { percent: 100, done: 0, failed: 3, total: 3 } });
    });

    it('completes it with the first of any, and cancels the rest', async () => {
      const { store } = await open();
      await family(store, 1, { rules: RULES.any });
      await end(store, 'root');
      const done = await store.settle({ taskId: 'a', fence: 1, to: 'completed', time: 3_000, event: COMPLETE });
      expect(done?.others.map(({ task }) => [task.id, task.state])).toEqual([['root', 'waiting'], ['b', 'cancelled'], ['c', 'cancelled'], ['root', 'completed']]);
      await expect(store.get('b')).resolves.toMatchObject({ error: { code: 'TASK_CANCELLED', details: { cause: 'siblings' } } });
    });

    it('completes it with a quorum, and fails it when that cannot be had any more', async () => {
      const { store } = await open();
      await family(store, 3, { rules: { completion: { quorum: 2 }, onChildFailure: 'fail-fast' } });
      await end(store, 'root');
      await end(store, 'a', FAILED);
      await expect(states(store, 'root')).resolves.toEqual(['waiting']);
      await end(store, 'b', FAILED);
      await expect(store.get('root')).resolves.toMatchObject({ state: 'waiting', isClosing: true });
      await end(store, 'c');
      await expect(store.get('root')).resolves.toMatchObject({ state: 'failed', error: { code: 'TASK_CHILD_FAILED' } });
    });

    it('does not count a failure with which the handler has dealt', async () => {
      const { store } = await open();
      await family(store, 3);
      await end(store, 'a', FAILED);
      await end(store, 'b');
      await end(store, 'c');
      await end(store, 'root', { excused: ['a'] });
      await expect(states(store, 'root')).resolves.toEqual(['completed']);
    });

    it('does not take a failure with which the handler has dealt for a success', async () => {
      const { store } = await open();
      await family(store, 3, { rules: RULES.any });
      await end(store, 'a', FAILED);
      await end(store, 'root', { excused: ['a'] });
      await expect(states(store, 'root', 'b', 'c')).resolves.toEqual(['waiting', 'running', 'running']);
      await end(store, 'b');
      await expect(states(store, 'root')).resolves.toEqual(['waiting']);
      await end(store, 'c');
      await expect(states(store, 'root')).resolves.toEqual(['completed']);
    });

    it('cancels the children of a task that fails by itself, and keeps its error', async () => {
      const { store } = await open();
      await family(store, 0);
      const failed = await end(store, 'root', FAILED);
      expect(failed?.task).toMatchObject({ state: 'failed', error: { message: 'no luck' } });
      await expect(store.get('a')).resolves.toMatchObject({ state: 'cancelled', error: { details: { cause: 'parent', reason: 'its parent failed' } } });
    });

    it('is cancelled, and has not failed, when its children were cancelled for an end above it just before it returned', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'middle', { parentId: 'root', rootId: 'root' });
      await createAll(store, newTask('leaf', { parentId: 'middle', rootId: 'root' }));
      await end(store, 'root', FAILED);
      await expect(states(store, 'leaf')).resolves.toEqual(['cancelled']);
      await end(store, 'middle');
      await expect(store.get('middle')).resolves.toMatchObject({ state: 'cancelled', error: { code: 'TASK_CANCELLED', details: { cause: 'parent' } } });
      await expect(states(store, 'root')).resolves.toEqual(['failed']);
    });

    it('is cancelled as well when the last of them is cancelled only after it returned', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'middle', { parentId: 'root', rootId: 'root' });
      await start(store, 'leaf', { parentId: 'middle', rootId: 'root' });
      await end(store, 'root', FAILED);
      await end(store, 'middle');
      await end(store, 'leaf', CANCELLED);
      await expect(store.get('middle')).resolves.toMatchObject({ state: 'cancelled', error: { code: 'TASK_CANCELLED', details: { cause: 'parent' } } });
      await expect(states(store, 'root')).resolves.toEqual(['failed']);
    });

    it('goes back to the queue for a retry, and leaves the children alone', async () => {
      const { store } = await open();
      await family(store, 1);
      await end(store, 'root', { to: 'queued', event: { type: 'task:retry', data: { cause: 'failed', delayMs: 0, error: { name: 'E', message: '' } } } });
      await expect(states(store, 'root', 'a', 'b')).resolves.toEqual(['queued', 'running', 'queued']);
    });
  });

  describe('settle of a task with a join', () => {
    it('queues it again with its last child, with what it returned', async () => {
      const { store } = await open();
      await family(store, 3);
      await end(store, 'root', { joins: true, resultJson: '"raw"' });
      for (const id of ['a', 'b', 'c']) await end(store, id);
      await expect(store.get('root')).resolves.toMatchObject({ state: 'queued', isJoining: true, joins: 1, resultJson: '"raw"' });
      const joining = await store.claimNext('acme', 'host', 4_000);
      expect(joining?.task).toMatchObject({ id: 'root', attempt: 2, isJoining: true });
      const joined = await store.settle({ taskId: 'root', fence: 2, to: 'completed', time: 5_000, resultJson: '"joined"', event: COMPLETE });
      expect(joined?.task).toMatchObject({ state: 'completed', resultJson: '"joined"' });
    });

    it('completes it without children as it is', async () => {
      const { store } = await open();
      await start(store, 'root');
      await expect(end(store, 'root', { joins: true, resultJson: '1' })).resolves.toMatchObject({ task: { state: 'completed', resultJson: '1' } });
    });

    it('does not join what failed by its children', async () => {
      const { store } = await open();
      await family(store, 3);
      await end(store, 'root', { joins: true });
      await end(store, 'a', FAILED);
      await end(store, 'b');
      await end(store, 'c');
      await expect(states(store, 'root')).resolves.toEqual(['failed']);
    });
  });

  describe('cancelQueued of a waiting task', () => {
    it('cancels everything below that has no process, and ends it at once if that is all', async () => {
      const { store } = await open();
      await family(store, 0);
      await end(store, 'root');
      const cancelled = await store.cancelQueued('root', 'enough', 3_000);
      expect(cancelled?.task.state).toBe('cancelled');
      expect(cancelled?.stops).toEqual([]);
      await expect(states(store, 'a', 'b', 'c')).resolves.toEqual(['cancelled', 'cancelled', 'cancelled']);
      await expect(store.get('root')).resolves.toMatchObject({ error: { details: { reason: 'enough' } } });
      await expect(store.get('a')).resolves.toMatchObject({ error: { details: { cause: 'parent', reason: 'its parent was cancelled: enough' } } });
    });

    it('names every process below, at any depth, and takes no new children meanwhile', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'one', { parentId: 'root', rootId: 'root' });
      await start(store, 'two', { parentId: 'one', rootId: 'root' });
      await end(store, 'root');
      const cancelled = await store.cancelQueued('root', 'enough', 3_000);
      expect(cancelled?.stops.map(({ taskId, cause }) => [taskId, cause])).toEqual([['one', 'parent'], ['two', 'parent']]);
      await expect(store.create(newTask('late', { parentId: 'two', rootId: 'root' }))).rejects.toMatchObject({ code: 'PARENT_ENDED' });
      await expect(store.cancelQueued('root', 'again', 3_001)).resolves.toBeUndefined();
    });

    it('does not let a child that is being stopped go back to the queue', async () => {
      const { store } = await open();
      await family(store, 1);
      await end(store, 'root');
      await store.cancelQueued('root', 'enough', 3_000);
      const retried = await end(store, 'a', { to: 'queued', event: { type: 'task:retry', data: { cause: 'failed', delayMs: 0, error: { name: 'E', message: '' } } } });
      expect(retried?.task).toMatchObject({ state: 'cancelled', error: { details: { cause: 'parent' } } });
      await expect(states(store, 'root')).resolves.toEqual(['cancelled']);
    });
  });

  describe('families.failWaiting', () => {
    it('fails a waiting task, and everything below is cancelled', async () => {
      const { store } = await open();
      await family(store, 0);
      await end(store, 'root');
      const failed = await store.families.failWaiting('root', { name: 'E', message: 'late', code: 'TASK_TIMEOUT' }, 3_000);
      expect(failed?.task).toMatchObject({ state: 'failed', error: { code: 'TASK_TIMEOUT' } });
      await expect(store.get('a')).resolves.toMatchObject({ error: { details: { reason: 'its parent is out of time' } } });
    });

    it('leaves a task alone that does not wait', async () => {
      const { store } = await open();
      await start(store, 'root');
      await expect(store.families.failWaiting('root', { name: 'E', message: '' }, 3_000)).resolves.toBeUndefined();
    });
  });

  describe('families.park', () => {
    it('makes a running task wait with its process, and unpark makes it run again', async () => {
      const { store } = await open();
      await start(store, 'root');
      await expect(store.families.park('root', 1, 2, 2_000)).resolves.toMatchObject({ task: { state: 'waiting', owner: 'host' }, events: [{ type: 'task:wait', data: { children: 2 } }] });
      await expect(store.families.unpark('root', 1, 2_100)).resolves.toMatchObject({ task: { state: 'running' }, events: [{ type: 'task:resume' }] });
    });

    it('needs the fence and the right state', async () => {
      const { store } = await open();
      await start(store, 'root');
      await expect(store.families.park('root', 7, 1, 2_000)).resolves.toBeUndefined();
      await expect(store.families.unpark('root', 1, 2_000)).resolves.toBeUndefined();
    });

    it('lets a parked task be settled, and its children not end it', async () => {
      const { store } = await open();
      await family(store, 3);
      await store.families.park('root', 1, 3, 2_000);
      for (const id of ['a', 'b', 'c']) await end(store, id);
      await expect(states(store, 'root')).resolves.toEqual(['waiting']);
      await expect(end(store, 'root')).resolves.toMatchObject({ task: { state: 'completed' } });
    });

    it('counts as interrupted when its host is gone', async () => {
      const { store } = await open();
      await start(store, 'root');
      await store.families.park('root', 1, 0, 2_000);
      await expect(store.recover({ owner: 'next', time: 3_000, maxInterruptions: 3, neverRepeat: [] })).resolves.toMatchObject([{ task: { id: 'root', state: 'queued', interruptions: 1 } }]);
    });
  });

  describe('recover in trees', () => {
    it('leaves a task alone that waits without a process', async () => {
      const { store } = await open();
      await family(store, 1);
      await end(store, 'root');
      const recovered = await store.recover({ owner: 'next', time: 3_000, maxInterruptions: 3, neverRepeat: [] });
      expect(recovered.map(({ task }) => [task.id, task.state])).toEqual([['a', 'queued']]);
      await expect(store.get('root')).resolves.toMatchObject({ state: 'waiting', interruptions: 0 });
    });

    it('cancels what was being stopped for its parent, and so ends that', async () => {
      const { store } = await open();
      await family(store, 1);
      await end(store, 'root');
      await store.cancelQueued('root', 'enough', 2_500);
      const recovered = await store.recover({ owner: 'next', time: 3_000, maxInterruptions: 3, neverRepeat: [] });
      expect(recovered.map(({ task }) => [task.id, task.state])).toEqual([['a', 'cancelled'], ['root', 'cancelled']]);
    });

    it('cancels the children of a parent that was interrupted too often, dead processes included', async () => {
      const { store } = await open();
      await family(store, 1);
      const recovered = await store.recover({ owner: 'next', time: 3_000, maxInterruptions: 0, neverRepeat: [] });
      expect(Object.fromEntries(recovered.map(({ task }) => [task.id, task.state]))).toEqual({ root: 'failed', a: 'cancelled', b: 'cancelled', c: 'cancelled' });
      await expect(store.get('root')).resolves.toMatchObject({ error: { code: 'TASK_INTERRUPTED' } });
    });
  });

  describe('create of a child that is there already', () => {
    it('makes a new one where a child without a name of its own has failed, which then no longer counts', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'first', { parentId: 'root', rootId: 'root', key: '#x.0' });
      await end(store, 'first', FAILED);
      await expect(store.create(newTask('second', { parentId: 'root', rootId: 'root', key: '#x.0' }), 'host')).resolves.toMatchObject({ existed: false });
      await end(store, 'second');
      await expect(end(store, 'root')).resolves.toMatchObject({ task: { state: 'completed' } });
    });

    it('counts the failed one neither as a failure nor as a success: with any, its parent goes on waiting for the new one', async () => {
      const { store } = await open();
      await start(store, 'root', { rules: RULES.any });
      await start(store, 'first', { parentId: 'root', rootId: 'root', key: '#x.0' });
      await end(store, 'first', FAILED);
      await start(store, 'second', { parentId: 'root', rootId: 'root', key: '#x.0' });
      await end(store, 'root');
      await expect(states(store, 'root', 'second')).resolves.toEqual(['waiting', 'running']);
      await end(store, 'second', FAILED);
      await expect(states(store, 'root')).resolves.toEqual(['failed']);
    });

    it('makes a new one where the old one was cancelled only because of its parent', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'mine', { parentId: 'root', rootId: 'root', key: 'k' });
      await end(store, 'mine', CANCELLED);
      await expect(store.create(newTask('again', { parentId: 'root', rootId: 'root', key: 'k' }))).resolves.toMatchObject({ existed: false, task: { id: 'again' } });
    });

    it('gives the failed one where the parent has named it', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'mine', { parentId: 'root', rootId: 'root', key: 'k' });
      await end(store, 'mine', FAILED);
      await expect(store.create(newTask('again', { parentId: 'root', rootId: 'root', key: 'k' }))).resolves.toMatchObject({ existed: true, task: { id: 'mine' } });
    });
  });

  describe('families.createGroup', () => {
    const bounds = { maxDepth: 1, maxChildren: 2, maxTasks: 3 };
    const group = newTask('group', { type: 'group' });
    const children = ['a', 'b', 'c'].map((id) => newTask(id, { parentId: 'group', rootId: 'group' }));

    it('stores the group and its children together; it completes with what became of them', async () => {
      const { store } = await open();
      const created = await store.families.createGroup(group, children);
      expect([created.existed, created.task.state, created.others.map(({ task }) => task.id)]).toEqual([false, 'waiting', ['a', 'b', 'c']]);
      expect(created.events.map(({ type }) => type)).toEqual(['task:create', 'task:wait']);
      for (const id of await claimAll(store)) await end(store, id);
      await expect(store.get('group')).resolves.toMatchObject({ state: 'completed', attempt: 0, resultJson: '{"total":3,"completed":3,"failed":0,"cancelled":0}' });
    });

    it.each([
      ['TREE_TOO_WIDE', { ...bounds, maxTasks: 9 }],
      ['TREE_TOO_LARGE', { ...bounds, maxChildren: 9 }],
      ['TREE_TOO_DEEP', { ...bounds, maxDepth: 0 }],
    ])('stores nothing of it when the bounds say %s', async (code, tight) => {
      const { store } = await open();
      await expect(store.families.createGroup(group, children, tight)).rejects.toMatchObject({ code });
      await expect(store.get('group')).resolves.toBeUndefined();
    });

    it('finds the group of the same idempotency key, and makes no second set of children', async () => {
      const { store } = await open();
      await store.families.createGroup({ ...group, idempotencyKey: 'k' }, children);
      const again = await store.families.createGroup({ ...group, id: 'other', idempotencyKey: 'k' }, [newTask('z', { parentId: 'other' })]);
      expect([again.existed, again.task.id]).toEqual([true, 'group']);
      await expect(store.get('z')).resolves.toBeUndefined();
    });
  });

  describe('notes of a task that waits for its children', () => {
    const told = { type: 'task:memory', data: { file: 'MEMORY.md', added: '+', removed: '', archived: 0 } } as const;

    it('are stored with the move to waiting, and stay when it ends', async () => {
      const { store } = await open();
      await family(store, 3);
      await expect(end(store, 'root', { notesJson: '["n"]' })).resolves.toMatchObject({ task: { state: 'waiting', notesJson: '["n"]' } });
      for (const id of ['a', 'b']) await end(store, id);
      const last = await store.settle({ taskId: 'c', fence: 1, to: 'completed', time: 3_000, event: COMPLETE });
      expect(last?.others).toMatchObject([{ task: { id: 'root', state: 'completed', notesJson: '["n"]' } }]);
    });

    it('are asked for once it has ended, and gone once they are written, with the event of that', async () => {
      const { store } = await open();
      await family(store, 3);
      await end(store, 'root', { notesJson: '["n"]' });
      await expect(store.families.unremembered(10)).resolves.toEqual([]);
      await expect(store.families.remembered('root', [told], 2_500)).resolves.toBeUndefined();
      for (const id of ['a', 'b', 'c']) await end(store, id);
      await expect(store.families.unremembered(10)).resolves.toMatchObject([{ id: 'root', notesJson: '["n"]' }]);
      await expect(store.families.remembered('root', [told], 4_000)).resolves.toMatchObject([{ type: 'task:memory', taskId: 'root', time: 4_000, data: told.data }]);
      await expect(store.families.unremembered(10)).resolves.toEqual([]);
      await expect(store.families.remembered('root', [told], 4_000)).resolves.toBeUndefined();
      await expect(eventTypes(store, 'root')).resolves.toEqual(['task:create', 'task:start', 'task:wait', 'task:complete', 'task:memory']);
    });

    it('are there for its join, and taken back by the join that has written them', async () => {
      const { store } = await open();
      await family(store, 3);
      await end(store, 'root', { notesJson: '["n"]', joins: true });
      for (const id of ['a', 'b', 'c']) await end(store, id);
      await expect(store.claimNext('acme', 'host', 5_000)).resolves.toMatchObject({ task: { id: 'root', isJoining: true, notesJson: '["n"]' } });
      await end(store, 'root', { fence: 2 });
      expect((await store.get('root'))?.notesJson).toBeUndefined();
      await expect(store.families.unremembered(10)).resolves.toEqual([]);
    });

    it('survive another try of the join', async () => {
      const { store } = await open();
      await family(store, 3);
      await end(store, 'root', { notesJson: '["n"]', joins: true });
      for (const id of ['a', 'b', 'c']) await end(store, id);
      await store.claimNext('acme', 'host', 5_000);
      await end(store, 'root', { fence: 2, to: 'queued', event: RETRY });
      await expect(store.get('root')).resolves.toMatchObject({ state: 'queued', notesJson: '["n"]' });
    });

    it('are asked for by how long ago the tasks ended, so many at a time, and left out of lists of trees', async () => {
      const { store } = await open();
      for (const id of ['late', 'early']) {
        await start(store, id);
        await start(store, `below ${id}`, { parentId: id, rootId: id });
        await end(store, id, { notesJson: '[]' });
        await end(store, `below ${id}`, { time: id === 'late' ? 9_000 : 8_000 });
      }
      expect((await store.families.unremembered(10)).map(({ id }) => id)).toEqual(['early', 'late']);
      await expect(store.families.unremembered(1)).resolves.toHaveLength(1);
      expect((await store.families.tree('late')).map(({ notesJson }) => notesJson)).toEqual([undefined, undefined]);
    });
  });

  describe('reads of trees', () => {
    it('gives the states of tasks that exist', async () => {
      const { store } = await open();
      await family(store, 1);
      await expect(store.families.statesOf(['a', 'b', 'ghost'])).resolves.toEqual(new Map([['a', 'running'], ['b', 'queued']]));
    });

    it('gives the states of the children of a task, and not of theirs, in the order of submission', async () => {
      const { store } = await open();
      await family(store, 1);
      await createAll(store, newTask('below', { parentId: 'a', rootId: 'root' }));
      await expect(store.families.childrenOf('root')).resolves.toEqual(new Map([['a', 'running'], ['b', 'queued'], ['c', 'queued']]));
      expect([...(await store.families.childrenOf('root')).keys()]).toEqual(['a', 'b', 'c']);
      await expect(store.families.childrenOf('ghost')).resolves.toEqual(new Map());
    });

    it('gives a whole tree without what may be large, in the order of submission', async () => {
      const { store } = await open();
      await family(store, 1);
      await end(store, 'a', { resultJson: '"large"' });
      const tree = await store.families.tree('root');
      expect(tree.map(({ id, inputJson, resultJson }) => [id, inputJson, resultJson])).toEqual([['root', 'null', undefined], ['a', 'null', undefined], ['b', 'null', undefined], ['c', 'null', undefined]]);
    });

    it('counts families by state, with their weights and how far they are', async () => {
      const { store } = await open();
      await start(store, 'root');
      await start(store, 'a', { parentId: 'root', rootId: 'root', weight: 3 });
      await start(store, 'b', { parentId: 'root', rootId: 'root' });
      await start(store, 'c', { parentId: 'root', rootId: 'root' });
      await end(store, 'a');
      await end(store, 'b', { ...FAILED, progress: { percent: 40 } });
      const { counts, active } = await store.families.numbers('root');
      expect(counts.toSorted((x, y) => x.state.localeCompare(y.state))).toEqual([
        { parentId: 'root', state: 'completed', count: 1, weight: 3, progress: 300 },
        { parentId: 'root', state: 'failed', count: 1, weight: 1, progress: 40 },
        { parentId: 'root', state: 'running', count: 1, weight: 1, progress: 0 },
      ]);
      expect(new Map(active.map(({ id, weight }) => [id, weight]))).toEqual(new Map([['c', 1], ['root', 1]]));
    });

    it('gives the queued tasks of each project, due ones first, in their order', async () => {
      const { store } = await open();
      await createAll(store, newTask('late', { runAt: 9_000, orderKey: 0 }), newTask('second', { orderKey: 2 }), newTask('first', { orderKey: 1 }), newTask('other', { project: 'other' }));
      expect((await store.families.queued(10)).map(({ id }) => id)).toEqual(['first', 'second', 'late', 'other']);
      expect((await store.families.queued(2)).map(({ id }) => id)).toEqual(['first', 'second']);
    });
  });
}
