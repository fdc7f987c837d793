import { describe, expect, it, onTestFinished } from 'vitest';
import { Approvals, fingerprintOf } from '../../src/lib/task-system/core/Approvals.ts';
import type { AskedCall } from '../../src/lib/task-system/core/ToolBroker.ts';
import { openMemoryStore } from '../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { HookVerdict } from '../../src/lib/task-system/types/Hooks.ts';
import type { Caller } from '../../src/lib/task-system/types/HostCalls.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import { end, newTask, RETRY } from '../store/support.ts';
import { rejectionOf } from '../support/thrown.ts';
import { makeLogger } from './makers.ts';
import { until } from './until.ts';

interface Setup {
  readonly hook?: () => Promise<HookVerdict | undefined>;
  readonly giveSlot?: Caller['giveSlot'];
}

const ANSWER = { by: 'anna', remember: 'once' } as const;

async function setUp({ hook = () => Promise.resolve(undefined), giveSlot }: Setup = {}) {
  const [store, clock, events, log, logger] = [await openMemoryStore(), new FakeClock(), [] as TaskEvent[], [] as string[], makeLogger()];
  onTestFinished(() => store.close());
  const { task } = await store.create(newTask('a', { type: 'research' }), 'host');
  const approvals = new Approvals({ store, emit: (event) => { events.push(event); log.push(event.type); }, askHooks: hook, clock, logger });
  onTestFinished(() => { approvals.close(); });
  const stop = new AbortController();
  const give: Caller['giveSlot'] = () => { log.push('give'); return Promise.resolve({ takeBack: () => { log.push('take'); return Promise.resolve(); } }); };
  const caller: Caller = { task, workspace: '/w', signal: stop.signal, record: () => Promise.resolve(true), giveSlot: giveSlot ?? give };
  const ask = (input: JsonValue = {}, rest: Partial<AskedCall> = {}) => approvals.ask(caller, {
    tool: 'pay', input, shown: input, timeoutMs: 1_000, decision: { decision: 'ask', rule: 'p.ask[0]', reason: 'asked for by the rule pay', scope: 'p: pay', limits: {} }, ...rest,
  });
  const isWaiting = (count = 1) => until(() => log.filter((line) => line === 'give').length >= count);
  return { store, clock, events, log, logger, approvals, stop, ask, isWaiting };
}

describe('Approvals.ask', () => {
  it('tells of the request, gives the slot away, and has it again before the call may be made', async () => {
    const { approvals, ask, log, isWaiting } = await setUp();
    const asked = ask();
    await isWaiting();
    await approvals.answer('a.1', { ...ANSWER, state: 'allowed' });
    expect(await asked).toMatchObject({ approvalId: 'a.1' });
    expect(log).toEqual(['task:approval', 'give', 'task:approval:end', 'take']);
  });

  it('rejects with who said no, and why', async () => {
    const { approvals, ask, isWaiting } = await setUp();
    const asked = rejectionOf(ask());
    await isWaiting();
    await approvals.answer('a.1', { ...ANSWER, state: 'denied', reason: 'ask bob first' });
    expect(await asked).toMatchObject({ code: 'APPROVAL_DENIED', message: expect.stringContaining('pay: denied by anna: ask bob first'), details: { approvalId: 'a.1', by: 'anna', reason: 'ask bob first' } });
  });

  it('is denied at the deadline, and not before', async () => {
    const { clock, ask, events, isWaiting } = await setUp();
    const asked = rejectionOf(ask());
    await isWaiting();
    clock.advance(999);
    expect(events).toHaveLength(1);
    clock.advance(1);
    expect((await asked).code).toBe('APPROVAL_EXPIRED');
    expect(events.at(-1)?.data).toMatchObject({ outcome: 'expired' });
  });

  it('waits for one answer when the same call is made twice, and gives it to one of them', async () => {
    const { approvals, ask, events, isWaiting } = await setUp();
    const [first, second] = [ask({ to: 'bob' }), ask({ to: 'bob' })];
    await isWaiting(2);
    expect(events.map(({ type }) => type)).toEqual(['task:approval']);
    await approvals.answer('a.1', { ...ANSWER, state: 'allowed' });
    await until(() => events.length === 3);
    expect(events.at(-1)).toMatchObject({ type: 'task:approval', data: { approvalId: 'a.2' } });
    await approvals.answer('a.2', { ...ANSWER, state: 'allowed' });
    expect((await Promise.all([first, second])).map(({ approvalId }) => approvalId).toSorted()).toEqual(['a.1', 'a.2']);
  });

  it('asks no more for what was allowed for the task', async () => {
    const { approvals, ask, log, isWaiting } = await setUp();
    const asked = ask();
    await isWaiting();
    await approvals.answer('a.1', { ...ANSWER, state: 'allowed', remember: 'task' });
    await asked;
    expect(await ask({ to: 'bob' })).toMatchObject({ approvalId: 'a.1' });
    expect(log.filter((line) => line === 'task:approval')).toHaveLength(1);
  });

  it('denies at once what was denied for the task', async () => {
    const { approvals, ask, isWaiting } = await setUp();
    const asked = rejectionOf(ask());
    await isWaiting();
    await approvals.answer('a.1', { ...ANSWER, state: 'denied', remember: 'task' });
    await asked;
    expect((await rejectionOf(ask({ to: 'bob' }))).code).toBe('APPROVAL_DENIED');
  });

  it('leaves the request open when the attempt is stopped', async () => {
    const { approvals, ask, stop, isWaiting } = await setUp();
    const asked = rejectionOf(ask());
    await isWaiting();
    stop.abort();
    expect((await asked).code).toBe('TOOL_ABORTED');
    expect(await approvals.list({ state: 'open', limit: 9 })).toMatchObject([{ id: 'a.1' }]);
  });

  it('refuses an attempt that has lost its task', async () => {
    const { store, ask } = await setUp();
    await end(store, 'a', { to: 'queued', event: RETRY });
    expect((await rejectionOf(ask())).code).toBe('TOOL_ABORTED');
  });

  it('closes the request, and says so, when no more tasks may wait', async () => {
    const { ask, events } = await setUp({ giveSlot: () => Promise.reject(new TaskSystemError('WAITING_FULL', '0 tasks wait already')) });
    expect((await rejectionOf(ask())).code).toBe('WAITING_FULL');
    expect(events.at(-1)).toMatchObject({ type: 'task:approval:end', data: { outcome: 'closed', by: 'the host' } });
  });

  it('bounds how many calls of an attempt wait', async () => {
    const { ask, stop, isWaiting } = await setUp();
    const waiting = Array.from({ length: 64 }, (_, index) => rejectionOf(ask({ index })));
    await isWaiting(64);
    expect((await rejectionOf(ask({ index: 64 }))).code).toBe('TOOL_BUSY');
    stop.abort();
    await Promise.all(waiting);
  });

  it('bounds them also where they ask all at once, and takes more when some have their answers', async () => {
    const { approvals, ask, stop, isWaiting } = await setUp();
    const asked = Array.from({ length: 70 }, (_, index) => ask({ index }).then(() => 'allowed', (error: unknown) => (TaskSystemError.isInstance(error) ? error.code : error)));
    expect(await Promise.all(asked.slice(64))).toEqual(Array.from({ length: 6 }, () => 'TOOL_BUSY'));
    await isWaiting(64);
    expect(await approvals.list({ state: 'open', limit: 99 })).toHaveLength(64);
    await approvals.answer('a.1', { ...ANSWER, state: 'allowed' });
    expect(await Promise.any(asked.slice(0, 64))).toBe('allowed');
    const next = rejectionOf(ask({ index: 70 }));
    await until(async () => (await approvals.list({ state: 'open', limit: 99 })).length === 64);
    stop.abort();
    expect((await next).code).toBe('TOOL_ABORTED');
  });

  it('sees an answer that came before it could listen', async () => {
    const { approvals, store, ask } = await setUp();
    const original = store.approvals.get.bind(store.approvals);
    Object.assign(store.approvals, { get: async (id: string) => {
      await store.approvals.decide(id, { ...ANSWER, state: 'allowed' }, 1_001_000 - 1);
      return original(id);
    } });
    expect(await ask()).toMatchObject({ approvalId: 'a.1' });
    expect(await approvals.list({ state: 'allowed', limit: 9 })).toHaveLength(1);
  });
});

describe('Approvals and hooks', () => {
  it.each([['allow', 'task:approval:end'], ['deny', 'task:approval:end']] as const)('a hook may %s, and the slot stays where it is', async (decision, last) => {
    const { ask, log, events } = await setUp({ hook: () => Promise.resolve({ decision, by: 'the night shift', reason: 'rule 7' }) });
    const came = await ask().then(({ approvalId }) => approvalId, (error: unknown) => error);
    expect(log).toEqual(decision === 'allow' ? ['task:approval', last] : ['task:approval', last]);
    expect(events.at(-1)?.data).toMatchObject({ by: 'the night shift', reason: 'rule 7', outcome: decision === 'allow' ? 'allowed' : 'denied' });
    if (decision === 'allow') expect(came).toBe('a.1');
    else expect(came).toMatchObject({ code: 'APPROVAL_DENIED' });
  });

  it('somebody may be quicker than a hook', async () => {
    const late = Promise.withResolvers<HookVerdict | undefined>();
    const { approvals, ask, events } = await setUp({ hook: () => late.promise });
    const asked = ask();
    await until(() => events.length === 1);
    await approvals.answer('a.1', { ...ANSWER, state: 'allowed' });
    expect(await asked).toMatchObject({ approvalId: 'a.1' });
    late.resolve({ decision: 'deny' });
    await until(() => events.length === 2);
    expect(events.at(-1)?.data).toMatchObject({ outcome: 'allowed', by: 'anna' });
  });
});

describe('Approvals.answer', () => {
  it('takes the id of a task that asks for one thing', async () => {
    const { approvals, ask, isWaiting } = await setUp();
    const asked = ask();
    await isWaiting();
    expect(await approvals.answer('a', { ...ANSWER, state: 'allowed' })).toMatchObject({ id: 'a.1', state: 'allowed' });
    await asked;
  });

  it('refuses the id of a task that asks for several', async () => {
    const { approvals, ask, stop, isWaiting } = await setUp();
    const asked = [rejectionOf(ask({ n: 1 })), rejectionOf(ask({ n: 2 }))];
    await isWaiting(2);
    expect((await rejectionOf(approvals.answer('a', { ...ANSWER, state: 'allowed' }))).code).toBe('APPROVAL_AMBIGUOUS');
    stop.abort();
    await Promise.all(asked);
  });

  it.each(['a', 'a.1', 'none', 'none.7', ''])('knows no approval %j', async (id) => {
    const { approvals } = await setUp();
    expect((await rejectionOf(approvals.answer(id, { ...ANSWER, state: 'denied' }))).code).toBe('APPROVAL_NOT_FOUND');
  });

  it('takes the same answer twice, and no other one', async () => {
    const { approvals, ask, events, isWaiting } = await setUp();
    const asked = ask();
    await isWaiting();
    await approvals.answer('a.1', { ...ANSWER, state: 'allowed' });
    await asked;
    expect(await approvals.answer('a.1', { ...ANSWER, by: 'bob', state: 'allowed' })).toMatchObject({ answer: { by: 'anna' } });
    expect(await rejectionOf(approvals.answer('a.1', { ...ANSWER, by: 'bob', state: 'denied' }))).toMatchObject({ code: 'APPROVAL_CLOSED', details: { state: 'allowed', by: 'anna' } });
    expect(events.filter(({ type }) => type === 'task:approval:end')).toHaveLength(1);
  });

  it('says that it is too late, also when nobody has noticed yet', async () => {
    const { approvals, store, clock, ask, isWaiting } = await setUp();
    const asked = rejectionOf(ask());
    await isWaiting();
    approvals.close();
    const other = new Approvals({ store, emit: () => undefined, askHooks: () => Promise.resolve(undefined), clock, logger: makeLogger() });
    clock.advance(1_000);
    expect((await rejectionOf(other.answer('a.1', { ...ANSWER, state: 'allowed' }))).code).toBe('APPROVAL_EXPIRED');
    expect((await rejectionOf(approvals.answer('a.1', { ...ANSWER, state: 'denied' }))).code).toBe('APPROVAL_EXPIRED');
    other.close();
    void asked;
  });
});

describe('Approvals.answer after the deadline', () => {
  it('says that it is too late also where the store cannot end it now', async () => {
    const { approvals, store, clock, ask, stop, isWaiting } = await setUp();
    const asked = rejectionOf(ask());
    await isWaiting();
    approvals.close();
    Object.assign(store.approvals, { expire: () => Promise.reject(new Error('disk')) });
    clock.advance(1_000);
    expect((await rejectionOf(approvals.answer('a.1', { ...ANSWER, state: 'allowed' }))).code).toBe('APPROVAL_EXPIRED');
    stop.abort();
    await asked;
  });
});

describe('Approvals.open', () => {
  it('ends what ran out while there was no host, and later what runs out then', async () => {
    const { approvals, store, clock, events, ask, stop, isWaiting } = await setUp();
    const asked = [rejectionOf(ask({ n: 1 })), rejectionOf(ask({ n: 2 }, { timeoutMs: 5_000 }))];
    await isWaiting(2);
    stop.abort();
    await Promise.all(asked);
    approvals.close();
    clock.advance(2_000);
    const next = new Approvals({ store, emit: (event) => { events.push(event); }, askHooks: () => Promise.resolve(undefined), clock, logger: makeLogger() });
    await next.open();
    expect(events.at(-1)).toMatchObject({ type: 'task:approval:end', data: { approvalId: 'a.1', outcome: 'expired' } });
    clock.advance(3_000);
    await until(() => events.at(-1)?.type === 'task:approval:end' && events.length === 4);
    expect(events.at(-1)?.data).toMatchObject({ approvalId: 'a.2' });
    next.close();
  });

  it('tries again when the store fails', async () => {
    const { approvals, store, clock, logger } = await setUp();
    const original = store.approvals.expire.bind(store.approvals);
    let calls = 0;
    Object.assign(store.approvals, { expire: (time: number) => (++calls === 1 ? Promise.reject(new Error('disk')) : original(time)) });
    await approvals.open();
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
    clock.advance(5_000);
    expect(calls).toBe(2);
  });
});

describe('fingerprintOf', () => {
  it('is the same for the same arguments in another order', () => {
    expect(fingerprintOf({ a: 1, b: { c: [1, null], d: 'x' } })).toBe(fingerprintOf({ b: { d: 'x', c: [1, null] }, a: 1 }));
  });

  it.each<[JsonValue, JsonValue]>([[{ a: 1 }, { a: '1' }], [['a', 'b'], ['b', 'a']], [{ a: null }, {}], [[['a'], 'b'], [['a', 'b']]], ['', null], [{ 'a":1,"b': 1 }, { a: 1, b: 1 }]])('is another one for %j and %j', (left, right) => {
    expect(fingerprintOf(left)).not.toBe(fingerprintOf(right));
  });
});
