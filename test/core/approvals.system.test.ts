import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client.ts';
import type { TaskSystem, TaskSystemDeps } from '../../src/lib/task-system/index.ts';
import type { FeedAction } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import { openSqliteStore } from '../../src/lib/task-system/store/SqliteStore.ts';
import type { JsonValue } from '../../src/lib/task-system/types/Json.ts';
import type { TaskSystemOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import type { PolicyOptions } from '../../src/lib/task-system/types/Policy.ts';
import { systemClock, type Clock } from '../../src/lib/task-system/types/Ports.ts';
import { rejectionOf } from '../support/thrown.ts';
import { nextEvent, openSystem, recordEvents, temporaryDirectory, testOptions } from './support.ts';
import { until } from './until.ts';

const ASK: PolicyOptions = { ask: ['pay'] };
const TIMEOUT_MS = 123_456;

/** A system whose tasks pay by a tool of the host, which keeps every payment in a file. */
async function openPaying({ policy = ASK, root = temporaryDirectory(), ...rest }: Partial<TaskSystemOptions> & { readonly policy?: PolicyOptions } = {}, type: Partial<TaskTypeOptions> = {}, deps: Partial<TaskSystemDeps> = {}) {
  const pay = { execute: (input: JsonValue) => { appendFileSync(join(root, 'paid.log'), `${JSON.stringify(input)}\n`); return 'paid'; } };
  const system = await openSystem({ ...testOptions({ 'pays.mjs': { policy, stopGraceMs: 0, ...type }, 'echo.mjs': {} }), root, sandbox: { level: 'process' }, tools: { pay }, ...rest }, deps);
  return { system, root, events: recordEvents(system) };
}

function paidIn(root: string): readonly string[] {
  const file = join(root, 'paid.log');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

function pays(system: TaskSystem, ...payments: readonly JsonValue[]) {
  return system.submit({ type: 'pays', input: { payments } });
}

/** The next call that waits, once its slot is free. */
async function waiting(system: TaskSystem): Promise<string> {
  const [{ data }] = await Promise.all([nextEvent(system, 'task:approval'), nextEvent(system, 'task:wait')]);
  return data.approvalId;
}

/** The clock of the machine, on which a time of this length is over when the test says so. */
function clockThatRunsOut(lengthMs: number): { readonly clock: Clock; readonly runOut: () => void } {
  const pending = new Set<() => void>();
  const setTimer: Clock['setTimer'] = (delayMs, callback) => {
    if (delayMs !== lengthMs) return systemClock.setTimer(delayMs, callback);
    pending.add(callback);
    return { cancel: () => { pending.delete(callback); } };
  };
  return { clock: { now: () => systemClock.now(), setTimer }, runOut: () => { for (const callback of pending) callback(); } };
}

/** Runs a host until it has printed a line, then kills it. */
async function killHostAt(root: string, line: string, policy: PolicyOptions, ...mode: readonly string[]): Promise<void> {
  const host = spawn(process.execPath, [new URL('./hosts/asking.mjs', import.meta.url).pathname, root, JSON.stringify(policy), ...mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { host.kill('SIGKILL'); });
  const over = new Promise((resolve) => { host.once('exit', resolve); });
  for await (const printed of createInterface({ input: host.stdout })) if (printed === line) host.kill('SIGKILL');
  await over;
}

describe('a call that somebody has to allow', () => {
  it('waits without a slot, and is made once it is allowed', async () => {
    const { system, root, events } = await openPaying({ queue: { maxConcurrent: 1 } });
    const handle = await pays(system, { to: 'bob' });
    const id = await waiting(system);
    expect(await system.get(handle.id)).toMatchObject({ state: 'waiting' });
    expect((await system.queue.snapshot()).tasks).toEqual([{ id: handle.id, type: 'pays', project: 'default', waitsFor: 'approval' }]);
    expect(await (await system.submit({ type: 'echo', input: 'meanwhile' })).result()).toBe('meanwhile');
    expect(paidIn(root)).toEqual([]);
    expect(await system.approvals()).toMatchObject([{ id, taskId: handle.id, tool: 'pay', input: { to: 'bob' }, rule: 'tasks.pays.policy.ask[0]', state: 'open' }]);
    expect(await system.approve(id, { by: 'anna', reason: 'as agreed' })).toMatchObject({ state: 'allowed', answer: { by: 'anna', reason: 'as agreed', remember: 'once' } });
    expect(await handle.result()).toEqual(['paid']);
    expect(paidIn(root)).toEqual(['{"to":"bob"}']);
    const own = events.filter(({ taskId, type }) => taskId === handle.id && !['task:log', 'task:usage', 'task:context'].includes(type));
    expect(own.map(({ type }) => type)).toEqual([
      'task:create', 'task:start', 'task:approval', 'task:wait', 'task:approval:end', 'task:resume', 'task:tool:start', 'task:tool:end', 'task:complete',
    ]);
    expect(own.find(({ type }) => type === 'task:tool:start')?.data).toMatchObject({ approvalId: id });
    expect(await system.approvals()).toEqual([]);
  });

  it('rejects in the task when it is denied, and the task goes on', async () => {
    const { system, root, events } = await openPaying();
    const handle = await pays(system, { to: 'bob' });
    await waiting(system);
    await system.deny(handle.id, { by: 'anna', reason: 'not today' });
    expect(await handle.result()).toEqual([{ code: 'APPROVAL_DENIED', message: expect.stringContaining('denied by anna: not today') }]);
    expect(paidIn(root)).toEqual([]);
    expect(events.find(({ type }) => type === 'task:tool:end')?.data).toMatchObject({ tool: 'pay', outcome: 'denied', rule: 'tasks.pays.policy.ask[0]' });
  });

  it('is denied when nobody answers in time', async () => {
    const { system, root } = await openPaying({ policy: { ...ASK, approvalTimeoutMs: 1 } });
    expect(await (await pays(system, { to: 'bob' })).result()).toMatchObject([{ code: 'APPROVAL_EXPIRED' }]);
    expect(paidIn(root)).toEqual([]);
  });

  it('is answered by a hook, which sees the task', async () => {
    const seen: string[] = [];
    const { system, events } = await openPaying({ hooks: { onTaskApproval: ({ task, approval }) => {
      seen.push(`${task.type} ${approval.tool}`);
      return JSON.stringify(approval.input).includes('bob') ? 'allow' : { decision: 'deny', by: 'rule 7' };
    } } });
    expect(await (await pays(system, { to: 'bob' }, { to: 'eve' })).result()).toEqual(['paid', expect.objectContaining({ code: 'APPROVAL_DENIED' })]);
    expect(seen).toEqual(['pays pay', 'pays pay']);
    expect(events.map(({ type }) => type)).not.toContain('task:wait');
  });

  it('is not asked for again in the task when the answer was for the task, and is in another one', async () => {
    const { system, events } = await openPaying();
    const first = await pays(system, { to: 'bob' }, { to: 'eve' });
    await system.approve(await waiting(system), { remember: 'task' });
    expect(await first.result()).toEqual(['paid', 'paid']);
    expect(events.filter(({ type }) => type === 'task:approval')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'task:tool:start').map(({ data }) => 'approvalId' in data && data.approvalId)).toEqual([`${first.id}.1`, `${first.id}.1`]);
    const second = await pays(system, { to: 'bob' });
    await system.deny(await waiting(system));
    expect(await second.result()).toMatchObject([{ code: 'APPROVAL_DENIED' }]);
  });

  it('has its own answer beside others that wait', async () => {
    const { system, root } = await openPaying({ queue: { maxConcurrent: 1 } });
    const handle = await system.submit({ type: 'pays', input: { payments: [{ to: 'bob' }, { to: 'eve' }], atOnce: true } });
    await Promise.all([nextEvent(system, 'task:wait'), nextEvent(system, 'task:approval', ({ data }) => data.approvalId.endsWith('.2'))]);
    const parkedAgain = nextEvent(system, 'task:wait');
    const [eve, bob] = await system.approvals({ taskId: handle.id });
    await system.approve(bob?.id ?? '');
    await parkedAgain;
    expect(await (await system.submit({ type: 'echo', input: 1 })).result()).toBe(1);
    await system.deny(eve?.id ?? '');
    expect(await handle.result()).toEqual(['paid', expect.objectContaining({ code: 'APPROVAL_DENIED' })]);
    expect(paidIn(root)).toHaveLength(1);
  });

  it.each([
    ['is cancelled', (system: TaskSystem, id: string) => { system.cancel(id, 'enough').catch(() => undefined); }],
    ['runs out of time', (_system: TaskSystem, _id: string, runOut: () => void) => { runOut(); }],
  ])('does not wait any more when its task %s', async (_name, stop) => {
    const { clock, runOut } = clockThatRunsOut(TIMEOUT_MS);
    const { system, root, events } = await openPaying({}, { timeoutMs: TIMEOUT_MS }, { clock });
    const handle = await pays(system, { to: 'bob' });
    const id = await waiting(system);
    const over = handle.result().catch(() => undefined);
    stop(system, handle.id, runOut);
    await over;
    expect(await system.approvals({ state: 'closed' })).toMatchObject([{ id }]);
    expect(events.filter(({ type: name }) => name === 'task:approval:end').map(({ data }) => data)).toEqual([{ approvalId: id, tool: 'pay', outcome: 'closed' }]);
    expect((await rejectionOf(system.approve(id))).code).toBe('APPROVAL_CLOSED');
    expect(paidIn(root)).toEqual([]);
  });

  it('is refused when no more tasks may wait', async () => {
    const { system } = await openPaying({ queue: { maxWaiting: 0 } });
    expect(await (await pays(system, { to: 'bob' })).result()).toMatchObject([{ code: 'WAITING_FULL' }]);
  });

  it('is explained', async () => {
    const { system } = await openPaying();
    expect(system.explainPolicy('pays', 'pay', { to: 'bob' })).toEqual({ decision: 'ask', rule: 'tasks.pays.policy.ask[0]', reason: 'asked for by the rule pay', scope: 'tasks.pays.policy: pay', limits: {} });
  });

  it('is asked for in a child whose parent asks, although its own type allows it', async () => {
    const module = new URL('./handlers/pays.mjs', import.meta.url);
    const family = await openSystem({
      ...testOptions({}), sandbox: { level: 'process' }, tools: { pay: { execute: () => 'paid' } },
      tasks: { careful: { module, policy: ASK }, careless: { module, policy: { allow: ['pay'] } } },
    });
    const parent = await family.submit({ type: 'careful', input: { payments: [{ to: 'bob' }], child: 'careless' } });
    const { data, taskType } = await nextEvent(family, 'task:approval');
    expect([taskType, data.rule]).toEqual(['careless', 'tasks.careful.policy.ask[0]']);
    await family.approve(data.approvalId);
    expect(await parent.result()).toEqual(['paid']);
  });
});

describe('a call that waits when its host is killed', () => {
  it('is found again by the next host under the same id, and is made exactly once', async () => {
    const root = temporaryDirectory();
    await killHostAt(root, 'task:wait', ASK);
    expect(paidIn(root)).toEqual([]);
    const { system, events } = await openPaying({ root });
    const [open] = await system.approvals();
    expect(open).toMatchObject({ attempt: 1, state: 'open', tool: 'pay' });
    await until(() => events.some(({ type }) => type === 'task:wait'));
    await system.approve(open?.id ?? '', { by: 'anna' });
    expect(await system.handle(open?.taskId ?? '').result()).toEqual(['paid']);
    expect(paidIn(root)).toEqual(['{"to":"bob"}']);
    expect(events.filter(({ type }) => type === 'task:approval')).toEqual([]);
  });

  it('may be answered before its task runs again', async () => {
    const root = temporaryDirectory();
    await killHostAt(root, 'task:wait', ASK);
    const store = await openSqliteStore({ directory: root, lockTimeoutMs: 10_000 });
    await store.setPaused(undefined, true);
    await store.close();
    const { system, events } = await openPaying({ root });
    const [open] = await system.approvals();
    const taskId = open?.taskId ?? '';
    expect(await system.get(taskId)).toMatchObject({ state: 'queued' });
    await system.approve(taskId);
    expect(paidIn(root)).toEqual([]);
    await system.queue.resume();
    expect(await system.handle(taskId).result()).toEqual(['paid']);
    expect(paidIn(root)).toHaveLength(1);
    expect(events.map(({ type }) => type)).not.toContain('task:wait');
  });

  it('may be denied by the next host', async () => {
    const root = temporaryDirectory();
    await killHostAt(root, 'task:approval', ASK);
    const { system } = await openPaying({ root });
    const [open] = await system.approvals();
    await system.deny(open?.id ?? '', { by: 'anna' });
    expect(await system.handle(open?.taskId ?? '').result()).toMatchObject([{ code: 'APPROVAL_DENIED' }]);
    expect([await system.approvals({ state: 'denied' }), await system.approvals()]).toEqual([[expect.objectContaining({ id: open?.id })], []]);
  });

  it('is made exactly once when the host died between the answer and the call', async () => {
    const root = temporaryDirectory();
    await killHostAt(root, 'never', ASK, 'answers');
    expect(paidIn(root)).toEqual([]);
    const { system, events } = await openPaying({ root });
    const { tasks: [task] } = await system.list();
    expect(await system.handle(task?.id ?? '').result()).toEqual(['paid']);
    expect(paidIn(root)).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'task:approval')).toEqual([]);
    expect(await system.approvals({ state: 'allowed' })).toMatchObject([{ id: `${String(task?.id)}.1`, attempt: 1, answer: { by: 'anna' } }]);
  });

  it('is asked for again, and not made by itself, when the host died in the middle of the call', async () => {
    const root = temporaryDirectory();
    await killHostAt(root, 'never', ASK, 'pays');
    expect(paidIn(root)).toHaveLength(1);
    const { system, events } = await openPaying({ root });
    await until(() => events.some(({ type }) => type === 'task:wait'));
    const [open] = await system.approvals();
    expect(open).toMatchObject({ id: `${String(open?.taskId)}.2`, attempt: 2 });
    expect(paidIn(root)).toHaveLength(1);
    await system.deny(open?.id ?? '', { by: 'anna', reason: 'it is paid' });
    expect(await system.handle(open?.taskId ?? '').result()).toMatchObject([{ code: 'APPROVAL_DENIED' }]);
    expect(paidIn(root)).toHaveLength(1);
  });

  it('is allowed by a client of the live feed, which finds the request of the host that is gone', async () => {
    const root = temporaryDirectory();
    await killHostAt(root, 'task:wait', ASK);
    const { system, events } = await openPaying({ root });
    const server = createServer();
    onTestFinished(() => { server.close(); });
    const users: Readonly<Record<string, readonly FeedAction[]>> = { anna: ['subscribe', 'approvals', 'approve'], bob: ['subscribe', 'approvals'] };
    system.attachWebSocket<string>(server, {
      authenticate: (_request, { token = '' }) => (token in users ? { identity: token } : false), authorize: (identity, action) => users[identity]?.includes(action) === true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `ws://127.0.0.1:${String(typeof address === 'object' && address !== null ? address.port : 0)}/tasks`;
    const [anna, bob] = ['anna', 'bob'].map((token) => connect(url, { token }));
    onTestFinished(() => { anna?.close(); bob?.close(); });
    const [open] = await bob?.approvals() ?? [];
    expect(open).toMatchObject({ tool: 'pay', input: { to: 'bob' }, state: 'open' });
    await expect(bob?.approve(open?.id ?? '')).rejects.toMatchObject({ code: 'FEED_FORBIDDEN' });
    await anna?.approve(open?.id ?? '', { reason: 'as agreed' });
    await anna?.approve(open?.id ?? '');
    await expect(anna?.deny(open?.id ?? '')).rejects.toMatchObject({ code: 'FEED_FORBIDDEN' });
    expect(await system.handle(open?.taskId ?? '').result()).toEqual(['paid']);
    expect(paidIn(root)).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'task:approval:end').map(({ data }) => data)).toEqual([
      { approvalId: open?.id, tool: 'pay', outcome: 'allowed', by: 'anna', reason: 'as agreed', remember: 'once' },
    ]);
  });
});
