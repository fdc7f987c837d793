import { describe, expect, it } from 'vitest';
import type { Approval } from '../../../src/lib/task-system/types/Approvals.ts';
import type { ApprovalRequest, ApprovalVerdict } from '../../../src/lib/task-system/types/ApprovalStore.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, claim, createAll, end, ended, eventTypes, FAILURE, newTask, RETRY, start, type OpenStore } from '../support.ts';

function request(rest: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    taskId: 'a', fence: 1, tool: 'pay', input: { to: 'bob' }, fingerprint: 'same', scope: 'rule', rule: 'p.ask[0]', reason: 'asked for', deadline: 9_000, time: 1_100, ...rest,
  };
}

function verdict(state: ApprovalVerdict['state'], rest: Partial<ApprovalVerdict> = {}): ApprovalVerdict {
  return { state, by: 'anna', remember: 'once', ...rest };
}

/** Asks; a test that gets nothing fails. */
async function ask(store: TaskStore, rest: Partial<ApprovalRequest> = {}): Promise<Approval> {
  const asked = await store.approvals.ask(request(rest));
  if (asked === undefined) throw new Error('the fence is stale');
  return asked.approval;
}

async function answered(store: TaskStore, state: ApprovalVerdict['state'], rest: Partial<ApprovalVerdict> = {}): Promise<Approval> {
  const { id } = await ask(store);
  await store.approvals.decide(id, verdict(state, rest), 1_200);
  return ask(store, { fingerprint: 'unrelated', scope: 'unrelated' }).then(() => ask(store));
}

/** Runs the task once more, as after a crash of its host. */
async function again(store: TaskStore): Promise<void> {
  await store.recover({ owner: 'next', time: 1_300, maxInterruptions: 9, neverRepeat: [] });
  await store.claimNext('acme', 'next', 1_400);
}

/** `approvals`: what waits. */
export function describeApprovals(open: OpenStore): void {
  describe('approvals.ask', () => {
    it('stores what waits, with its event, in one transaction', async () => {
      const { store } = await open();
      await start(store, 'a');
      const asked = await store.approvals.ask(request());
      expect(asked?.approval).toEqual({
        id: 'a.1', taskId: 'a', project: 'acme', taskType: 'echo', attempt: 1, tool: 'pay', input: { to: 'bob' }, rule: 'p.ask[0]', reason: 'asked for', state: 'open', createdAt: 1_100,
        deadline: 9_000,
      });
      expect(asked?.events).toEqual((await allEvents(store)).slice(-1));
      expect(asked?.events[0]).toMatchObject({
        type: 'task:approval', taskId: 'a', attempt: 1, time: 1_100, data: { approvalId: 'a.1', tool: 'pay', input: { to: 'bob' }, rule: 'p.ask[0]', reason: 'asked for', deadline: 9_000 },
      });
    });

    it('numbers them within their task', async () => {
      const { store } = await open();
      await start(store, 'a');
      await start(store, 'b');
      const ids = [await ask(store), await ask(store, { fingerprint: 'x' }), await ask(store, { taskId: 'b' })].map(({ id }) => id);
      expect(ids).toEqual(['a.1', 'a.2', 'b.1']);
    });

    it('finds what is open already, without telling it again', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      expect(await store.approvals.ask(request({ time: 1_500, deadline: 20_000 }))).toMatchObject({ approval: { id: 'a.1', deadline: 9_000 }, events: [] });
      expect(await eventTypes(store, 'a')).toEqual(['task:create', 'task:start', 'task:approval']);
    });

    it.each([['other arguments', { fingerprint: 'other' }], ['another tool', { tool: 'shout' }], ['another task', { taskId: 'b' }]])('does not take %s for the same', async (_name, rest) => {
      const { store } = await open();
      await start(store, 'a');
      await start(store, 'b');
      await answered(store, 'allowed', { remember: 'once' });
      expect(await ask(store, { scope: 'other', ...rest })).toMatchObject({ state: 'open' });
    });

    it('refuses a stale fence, and a task that does not run', async () => {
      const { store } = await open();
      await start(store, 'a');
      await createAll(store, newTask('b'));
      await ended(store, 'c', 2_000);
      for (const rest of [{ fence: 2 }, { taskId: 'b' }, { taskId: 'c' }, { taskId: 'none' }]) expect(await store.approvals.ask(request(rest))).toBeUndefined();
      expect(await store.approvals.list({ state: 'open', limit: 9 })).toEqual([]);
    });

    it('is possible for a task that is parked', async () => {
      const { store } = await open();
      await start(store, 'a');
      await store.families.park('a', 1, 0, 1_050);
      expect(await ask(store)).toMatchObject({ state: 'open' });
    });
  });

  describe('approvals.decide', () => {
    it('stores the answer with its event', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      const decided = await store.approvals.decide('a.1', verdict('denied', { reason: 'too much' }), 1_200);
      expect(decided?.approval).toMatchObject({ state: 'denied', endedAt: 1_200, answer: { by: 'anna', reason: 'too much', remember: 'once' } });
      expect(decided?.events).toMatchObject([{ type: 'task:approval:end', taskId: 'a', data: { approvalId: 'a.1', tool: 'pay', outcome: 'denied', by: 'anna', reason: 'too much', remember: 'once' } }]);
      expect(await store.approvals.get('a.1')).toEqual(decided?.approval);
    });

    it('lets the first of several answers count', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      const all = await Promise.all([verdict('denied'), verdict('allowed'), verdict('denied')].map((one) => store.approvals.decide('a.1', one, 1_200)));
      expect(all.map((one) => one?.approval.state)).toEqual(['denied', undefined, undefined]);
      expect((await eventTypes(store, 'a')).filter((type) => type === 'task:approval:end')).toHaveLength(1);
    });

    it('comes too late at the deadline', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      expect(await store.approvals.decide('a.1', verdict('allowed'), 9_000)).toBeUndefined();
      expect(await store.approvals.get('a.1')).toMatchObject({ state: 'open' });
    });

    it('knows none that is not there', async () => {
      const { store } = await open();
      expect(await store.approvals.decide('a.1', verdict('allowed'), 1)).toBeUndefined();
      expect(await store.approvals.get('a.1')).toBeUndefined();
    });

    it('is possible while the task waits for its next attempt', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await end(store, 'a', { to: 'queued', event: RETRY });
      expect((await store.approvals.decide('a.1', verdict('allowed'), 1_500))?.events).toMatchObject([{ attempt: 1 }]);
      await claim(store, 'acme', 2_500);
      expect(await ask(store, { fence: 2 })).toMatchObject({ id: 'a.1', state: 'allowed' });
    });
  });

  describe('approvals.take', () => {
    it('gives an answer that counts once to one call', async () => {
      const { store } = await open();
      await start(store, 'a');
      const { id } = await answered(store, 'allowed');
      expect(await Promise.all([1, 2, 3].map(() => store.approvals.take(id, 1)))).toEqual([true, false, false]);
      expect(await ask(store)).toMatchObject({ id: 'a.3', state: 'open' });
    });

    it('gives one for the task to all calls of its scope, and of the same arguments', async () => {
      const { store } = await open();
      await start(store, 'a');
      const { id } = await answered(store, 'allowed', { remember: 'task' });
      expect([await store.approvals.take(id, 1), await store.approvals.take(id, 1)]).toEqual([true, true]);
      expect(await ask(store, { fingerprint: 'other' })).toMatchObject({ id, state: 'allowed' });
      expect(await ask(store, { scope: 'changed' })).toMatchObject({ id, state: 'allowed' });
      expect(await ask(store, { fingerprint: 'other', tool: 'shout' })).toMatchObject({ state: 'open' });
      expect(await ask(store, { fingerprint: 'other', scope: 'other' })).toMatchObject({ state: 'open' });
    });

    it('covers only the same arguments where there is no scope', async () => {
      const { store } = await open();
      await start(store, 'a');
      const { approval } = await store.approvals.ask((({ scope: _scope, ...rest }) => rest)(request())) ?? {};
      await store.approvals.decide(approval?.id ?? '', verdict('allowed', { remember: 'task' }), 1_200);
      expect(await ask(store)).toMatchObject({ state: 'allowed' });
      expect(await ask(store, { fingerprint: 'other' })).toMatchObject({ state: 'open' });
    });

    it('lets a no outweigh a yes, both for the task', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await ask(store, { fingerprint: 'other' });
      await store.approvals.decide('a.1', verdict('denied', { remember: 'task' }), 1_200);
      await store.approvals.decide('a.2', verdict('allowed', { remember: 'task' }), 1_201);
      expect(await ask(store, { fingerprint: 'third' })).toMatchObject({ id: 'a.1', state: 'denied' });
    });

    it('gives nothing to an attempt that has lost its task', async () => {
      const { store } = await open();
      await start(store, 'a');
      const { id } = await answered(store, 'allowed');
      await again(store);
      expect([await store.approvals.take(id, 1), await store.approvals.take(id, 2)]).toEqual([false, true]);
    });

    it('knows none that is not there, or is open', async () => {
      const { store } = await open();
      expect(await store.approvals.take('a.1', 1)).toBe(false);
    });
  });

  describe('approvals of another attempt', () => {
    it('are found while they are open', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await again(store);
      expect(await ask(store, { fence: 2 })).toMatchObject({ id: 'a.1', attempt: 1, state: 'open' });
    });

    it('are found when nobody was given the answer', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await store.approvals.decide('a.1', verdict('allowed'), 1_200);
      await again(store);
      expect(await ask(store, { fence: 2 })).toMatchObject({ id: 'a.1', state: 'allowed' });
    });

    it('are asked for again when the call was begun, for it may have been done', async () => {
      const { store } = await open();
      await start(store, 'a');
      const { id } = await answered(store, 'allowed');
      await store.approvals.take(id, 1);
      await again(store);
      expect(await ask(store, { fence: 2 })).toMatchObject({ id: 'a.3', attempt: 2, state: 'open' });
    });

    it('are not asked for again when they were denied; in the same attempt they are', async () => {
      const { store } = await open();
      await start(store, 'a');
      const { id } = await answered(store, 'denied');
      await store.approvals.take(id, 1);
      expect(await ask(store)).toMatchObject({ id: 'a.3', state: 'open' });
      await store.approvals.decide('a.3', verdict('closed'), 1_250);
      await again(store);
      expect(await ask(store, { fence: 2 })).toMatchObject({ id, state: 'denied' });
      expect([await store.approvals.take(id, 2), await store.approvals.take(id, 2)]).toEqual([true, false]);
    });

    it('are asked for again when nobody answered', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await store.approvals.expire(9_000);
      await again(store);
      expect(await ask(store, { fence: 2 })).toMatchObject({ id: 'a.2', state: 'open' });
    });
  });

  describe('approvals.expire', () => {
    it('ends what is due, oldest deadline first, and tells of the next', async () => {
      const { store } = await open();
      await start(store, 'a');
      for (const [index, deadline] of [5_000, 3_000, 4_000].entries()) await ask(store, { fingerprint: String(index), deadline });
      expect(await store.approvals.expire(2_999)).toEqual({ ended: [], nextDue: 3_000 });
      const { ended: gone, nextDue } = await store.approvals.expire(4_000);
      expect(gone.map(({ approval }) => [approval.id, approval.state, approval.endedAt]).toSorted((x, y) => (String(x[0]) < String(y[0]) ? -1 : 1))).toEqual([['a.2', 'expired', 4_000], ['a.3', 'expired', 4_000]]);
      expect(gone.flatMap(({ approval, events }) => events.map(({ data }) => 'approvalId' in data && data.approvalId === approval.id))).toEqual([true, true]);
      expect(nextDue).toBe(5_000);
      expect(await store.approvals.expire(5_000)).toMatchObject({ ended: [{ events: [{ type: 'task:approval:end', data: { approvalId: 'a.1', outcome: 'expired' } }] }] });
    });
  });

  describe('approvals of a task that ends', () => {
    it.each([
      ['completes', (store: TaskStore) => end(store, 'a'), 'task:complete'],
      ['fails', (store: TaskStore) => end(store, 'a', { to: 'failed', event: FAILURE }), 'task:error'],
      ['is cancelled while it is queued', async (store: TaskStore) => { await end(store, 'a', { to: 'queued', event: RETRY }); return store.cancelQueued('a', 'no', 2_100); }, 'task:cancel'],
      ['is interrupted too often', (store: TaskStore) => store.recover({ owner: 'next', time: 2_000, maxInterruptions: 0, neverRepeat: [] }), 'task:error'],
    ])('are closed, and told before its end, when it %s', async (_name, finish, last) => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await ask(store, { fingerprint: 'other' });
      await finish(store);
      expect((await eventTypes(store, 'a')).slice(-3)).toEqual(['task:approval:end', 'task:approval:end', last]);
      expect(await store.approvals.list({ state: 'closed', limit: 9 })).toMatchObject([{ id: 'a.2' }, { id: 'a.1' }]);
      expect(await store.approvals.decide('a.1', verdict('allowed'), 2_200)).toBeUndefined();
    });

    it('are told to whoever emits, in their order', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      expect((await end(store, 'a'))?.events.map(({ type }) => type)).toEqual(['task:approval:end', 'task:complete']);
    });

    it('stay open when it is to be tried again', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await end(store, 'a', { to: 'queued', event: RETRY });
      expect(await store.approvals.get('a.1')).toMatchObject({ state: 'open' });
    });

    it('are none of other tasks', async () => {
      const { store } = await open();
      await start(store, 'a');
      await start(store, 'b');
      await ask(store, { taskId: 'b' });
      await end(store, 'a');
      expect(await store.approvals.get('b.1')).toMatchObject({ state: 'open' });
    });

    it('go with it when it is pruned', async () => {
      const { store } = await open();
      await start(store, 'a');
      await ask(store);
      await end(store, 'a');
      await store.prune({ before: 5_000, keep: 0, batch: 100 });
      expect(await store.approvals.get('a.1')).toBeUndefined();
    });
  });

  describe('approvals.list', () => {
    it('gives the newest first, by state, task and project, up to a limit', async () => {
      const { store } = await open();
      await start(store, 'a');
      await start(store, 'b', { project: 'bolt' });
      await ask(store);
      await ask(store, { fingerprint: 'x' });
      await ask(store, { taskId: 'b' });
      await store.approvals.decide('a.2', verdict('allowed'), 1_200);
      const list = async (filter: Partial<Parameters<TaskStore['approvals']['list']>[0]>) => (await store.approvals.list({ state: 'open', limit: 9, ...filter })).map(({ id }) => id);
      expect(await list({})).toEqual(['b.1', 'a.1']);
      expect(await list({ limit: 1 })).toEqual(['b.1']);
      expect(await list({ taskId: 'a' })).toEqual(['a.1']);
      expect(await list({ project: 'bolt' })).toEqual(['b.1']);
      expect(await list({ project: 'bolt', taskId: 'a' })).toEqual([]);
      expect(await list({ state: 'allowed' })).toEqual(['a.2']);
      expect(await list({ state: 'allowed', project: 'bolt' })).toEqual([]);
    });
  });
}
