import { afterEach, describe, expect, it } from 'vitest';
import { connect, FeedError } from '../../src/client.ts';
import { summaryOf } from '../../src/lib/task-system/realtime/server/Commands.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { rejectionOf } from '../support/thrown.ts';
import { taskOf } from '../hooks/helpers.ts';
import { fakeClient, reaches } from './clientHelpers.ts';
import { controlOf, projectsControl } from './controlOf.ts';
import { cancelEvent, completeEvent, errorEvent, settle, startEvent } from './helpers.ts';
import { Feeds } from './serverHelpers.ts';

const feeds = new Feeds();
afterEach(() => feeds.close());

/** A client on a real feed that allows everything. */
async function open(control = projectsControl()) {
  const feed = await feeds.open({ authorize: () => true }, { deps: { control } });
  const client = connect(feed.url);
  feeds.defer(() => { client.close(); });
  return { ...feed, client };
}

describe('FeedClient commands', () => {
  it('are carried out by the server', async () => {
    const calls: string[] = [];
    const { client } = await open(projectsControl(calls));
    expect((await client.submit({ type: 'research', project: 'acme' })).id).toBe('new-task');
    expect(await client.cancel('a-1', 'enough')).toBe(true);
    expect((await client.retry('a-1')).id).toBe('new-task');
    expect(await client.get('b-1')).toMatchObject({ id: 'b-1', project: 'bolt' });
    expect(await client.get('none')).toBeUndefined();
    expect((await client.list({ project: 'acme' })).tasks.map(({ id }) => id)).toEqual(['a-1', 'a-2']);
    expect(calls).toEqual(['submit acme', 'cancel a-1', 'retry a-1']);
  });

  it('answer what is asked for', async () => {
    const calls: string[] = [];
    const { client } = await open(projectsControl(calls));
    await client.approve('a-1.1', { remember: 'task' });
    await client.deny('a-1.2', { reason: 'no' });
    expect((await client.approvals({ project: 'bolt' })).map(({ id }) => id)).toEqual(['b-1.1']);
    expect(await client.approvals()).toHaveLength(2);
    expect(calls).toEqual(['approve a-1.1 by a client of the live feed', 'deny a-1.2 by a client of the live feed']);
  });

  it('say why an answer came too late, and end with the client', async () => {
    const { client } = await open(controlOf({ approve: () => Promise.reject(new TaskSystemError('APPROVAL_EXPIRED', 'too late')) }));
    expect(await client.approve('a-1.1').catch((error: unknown) => error)).toMatchObject({ code: 'APPROVAL_EXPIRED' });
    client.close();
    for (const command of [client.approve('a-1.1'), client.deny('a-1.1'), client.approvals()]) await expect(command).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it('leave inputs and results out of lists', async () => {
    const { client } = await open(controlOf({ list: () => Promise.resolve({ tasks: [taskOf('a', { input: 'secret', result: 'large' })], nextCursor: 'next' }) }));
    const page = await client.list();
    expect(page.nextCursor).toBe('next');
    expect(Object.keys(page.tasks[0] ?? {})).not.toContain('input');
    expect(Object.keys(page.tasks[0] ?? {})).not.toContain('result');
  });

  it('reject with FEED_FORBIDDEN when authorize says no', async () => {
    const { url } = await feeds.open({ authorize: () => false }, { deps: { control: projectsControl() } });
    const client = connect(url);
    feeds.defer(() => { client.close(); });
    for (const command of [client.submit({ type: 'x' }), client.cancel('a-1'), client.retry('a-1'), client.get('a-1'), client.list()]) {
      expect(await rejectionOf(command)).toMatchObject({ code: 'FEED_FORBIDDEN', retryable: false });
    }
    await expect(client.subscribe('tasks').next()).rejects.toMatchObject({ code: 'FEED_FORBIDDEN' });
  });

  it('reject with the error of the system, without its stack', async () => {
    const { client } = await open(controlOf({ cancel: (taskId) => Promise.reject(new TaskSystemError('TASK_NOT_FOUND', `Id: ${taskId}`, { taskId })) }));
    const error = await rejectionOf(client.cancel('none'));
    expect(error).toMatchObject({ code: 'TASK_NOT_FOUND', details: { taskId: 'none' } });
    expect(error.stack).not.toContain('client.commands.test.ts:4');
  });

  it('reject with FEED_REFUSED when the server fails, and tell no more than that', async () => {
    const { client, logger } = await open(controlOf({ get: () => Promise.reject(new Error('secret path')) }));
    const error = await rejectionOf(client.get('x'));
    expect(error).toMatchObject({ code: 'FEED_REFUSED', retryable: true, details: { reason: 'failed' } });
    expect(error.message).not.toContain('secret');
    expect(logger.messages('error').length).toBeGreaterThan(0);
  });

  it('are 16 at a time at most', async () => {
    const gate = Promise.withResolvers<boolean>();
    const { client } = await open(controlOf({ cancel: () => gate.promise }));
    await reaches(client, 'live');
    const answers = Array.from({ length: 17 }, (_, index) => client.cancel(`task-${String(index)}`).catch((error: unknown) => error));
    expect(await answers[16]).toMatchObject({ code: 'FEED_REFUSED', details: { reason: 'limit' } });
    gate.resolve(true);
    expect(await Promise.all(answers.slice(0, 16))).toEqual(Array.from({ length: 16 }, () => true));
  });

  it('wait for a connection', () => {
    const { client, socket } = fakeClient();
    void client.get('a-1').catch(() => undefined);
    expect(socket().sentOf('get')).toEqual([]);
    socket().welcome();
    expect(socket().sentOf('get')).toMatchObject([{ taskId: 'a-1' }]);
  });

  it('are sent again after a loss, a submission with the same key', async () => {
    const { client, socket, clock } = fakeClient();
    const submitted = client.submit({ type: 'research' });
    socket().welcome();
    const [first] = socket().sentOf('submit');
    socket().fire('close', { code: 1006 });
    clock.advance(20_000);
    socket().welcome();
    const [second] = socket().sentOf('submit');
    expect(second?.options.idempotencyKey).toMatch(/^[0-9a-f]{32}$/);
    expect(second?.options).toEqual(first?.options);
    socket().receive({ type: 'done', ref: second?.id ?? '', command: 'submit', value: { taskId: 't' } });
    expect((await submitted).id).toBe('t');
  });

  it('keep the key that the app gave', () => {
    const { client, socket } = fakeClient();
    socket().welcome();
    void client.submit({ type: 'research', idempotencyKey: 'mine' }).catch(() => undefined);
    expect(socket().sentOf('submit')).toMatchObject([{ options: { idempotencyKey: 'mine' } }]);
  });

  it('except for a retry, which rejects with FEED_DISCONNECTED, unless it was not sent yet', async () => {
    const { client, socket, clock } = fakeClient();
    socket().welcome();
    const lost = client.retry('a-1');
    socket().fire('close', { code: 1006 });
    expect(await rejectionOf(lost)).toMatchObject({ code: 'FEED_DISCONNECTED', details: { taskId: 'a-1' } });
    const waiting = client.retry('a-2');
    clock.advance(20_000);
    socket().welcome();
    const [frame] = socket().sentOf('retry');
    expect(frame?.taskId).toBe('a-2');
    socket().receive({ type: 'done', ref: frame?.id ?? '', command: 'retry', value: { taskId: 't' } });
    expect((await waiting).id).toBe('t');
  });

  it('reject with CLIENT_CLOSED when the client is closed', async () => {
    const { client } = fakeClient();
    const waiting = client.get('a-1');
    client.close();
    expect(await rejectionOf(waiting)).toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(await rejectionOf(client.get('a-1'))).toMatchObject({ code: 'CLIENT_CLOSED' });
  });
});

describe('FeedClient.task', () => {
  it('gives the result of a task that ends while it is waited for', async () => {
    const { client, log } = await open(controlOf({ get: (id) => Promise.resolve(taskOf(id)) }));
    const result = client.task('task-1').result();
    await reaches(client, 'live');
    log.append();
    log.complete();
    expect(await result).toBeNull();
  });

  it('gives the result of a task that is over, from its log alone', async () => {
    const asked: string[] = [];
    const { client, log } = await open(controlOf({ get: (id) => { asked.push(id); return Promise.resolve(undefined); } }));
    log.append();
    log.complete();
    expect(await client.task('task-1').result()).toBeNull();
    expect(log.reads.every(({ taskId }) => taskId === 'task-1')).toBe(true);
    // Once by the question whether the client may watch, never by the client.
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it('reads a result that is too large for the event', async () => {
    const { client, socket } = fakeClient();
    socket().welcome();
    const result = client.task('task-1').result();
    socket().receive({ type: 'ev', sub: '1', events: [{ ...completeEvent(2), data: { durationMs: 1, resultBytes: 9_000 } }] });
    await settle();
    const [get] = socket().sentOf('get');
    socket().receive({ type: 'done', ref: get?.id ?? '', command: 'get', value: { task: taskOf('task-1', { state: 'completed', result: 'large' }) } });
    expect(await result).toBe('large');
    expect(socket().sentOf('unsub')).toHaveLength(1);
  });

  it.each([
    ['failed', errorEvent(2), { message: 'no luck' }],
    ['was cancelled', cancelEvent(2), { code: 'TASK_CANCELLED' }],
  ] as const)('rejects when the task %s', async (_, event, expected) => {
    const { client, socket } = fakeClient();
    socket().welcome();
    const result = client.task('task-1').result();
    socket().receive({ type: 'ev', sub: '1', events: [startEvent(1), event] });
    const error: unknown = await result.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FeedError);
    expect(error).toMatchObject(expected);
  });

  it('rejects with TASK_NOT_FOUND when there is no such task', async () => {
    const { client } = await open(controlOf());
    expect(await rejectionOf(client.task('none').result())).toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('asks for the task when its log was pruned', async () => {
    const { client, log } = await open(controlOf({ get: () => Promise.resolve(taskOf('task-1', { state: 'completed', result: 7 })) }));
    log.append();
    log.complete();
    log.prunedTo = 2;
    expect(await client.task('task-1').result()).toBe(7);
  });

  it('survives any number of losses of the connection', async () => {
    const { client, socket, clock } = fakeClient();
    const result = client.task('task-1').result();
    for (let loss = 0; loss < 5; loss += 1) {
      socket().welcome();
      socket().fire('close', { code: 1006 });
      clock.advance(250 * 2 ** loss);
    }
    socket().welcome();
    socket().receive({ type: 'ev', sub: '1', events: [completeEvent(1)] });
    expect(await result).toBeNull();
  });

  it('rejects with CLIENT_CLOSED when the client is closed first', async () => {
    const { client } = fakeClient();
    const result = client.task('task-1').result();
    client.close();
    expect(await rejectionOf(result)).toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it('gives its events from the first to the final one', async () => {
    const { client, log } = await open();
    log.append();
    const events: string[] = [];
    const done = (async () => { for await (const event of client.task('task-1').events()) events.push(event.type); })();
    await reaches(client, 'live');
    log.complete();
    await done;
    expect(events).toEqual(['task:start', 'task:complete']);
  });
});

describe('FeedSubscription.on', () => {
  it('calls listeners with the events of their type, those that had come before first', async () => {
    const { client, socket } = fakeClient();
    const subscription = client.subscribe('tasks');
    socket().welcome();
    socket().receive({ type: 'subok', id: '1', epoch: 'epoch-1', offset: 0, recovered: false });
    socket().receive({ type: 'ev', events: [startEvent(1)] });
    const seen: string[] = [];
    subscription.on('*', ({ type, offset }) => { seen.push(`any ${type} ${String(offset)}`); });
    const stop = subscription.on('task:complete', ({ data }) => { seen.push(`result ${JSON.stringify(data.result)}`); });
    await settle();
    socket().receive({ type: 'ev', events: [completeEvent(2)] });
    stop();
    socket().receive({ type: 'ev', events: [completeEvent(3)] });
    expect(seen).toEqual(['any task:start 1', 'any task:complete 2', 'result null', 'any task:complete 3']);
  });

  it('feeds an iteration that has begun as well', async () => {
    const { client, socket } = fakeClient();
    const subscription = client.subscribe('tasks');
    socket().welcome();
    socket().receive({ type: 'subok', id: '1', epoch: 'epoch-1', offset: 0, recovered: false });
    const next = subscription.next();
    const seen: number[] = [];
    subscription.on('*', ({ offset }) => { seen.push(offset); });
    await settle();
    socket().receive({ type: 'ev', events: [startEvent(1)] });
    expect((await next).value?.offset).toBe(1);
    expect(seen).toEqual([1]);
  });

  it('tells of the tasks at its beginning when a snapshot was asked for', async () => {
    const { client } = await open();
    const subscription = client.subscribe('project:acme', { snapshot: true });
    await subscription.ready;
    expect(subscription.snapshot?.map(({ id }) => id).sort()).toEqual(['a-1', 'a-2']);
  });

  it('puts a snapshot that comes in parts together, and shows none before it is whole', () => {
    const { client, socket } = fakeClient();
    const subscription = client.subscribe('tree:1', { snapshot: true });
    socket().welcome();
    socket().receive({ type: 'snap', id: '1', offset: 3, tasks: ['1', '2'].map((id) => summaryOf(taskOf(id))), more: true });
    expect(subscription.snapshot).toBeUndefined();
    socket().receive({ type: 'snap', id: '1', offset: 3, tasks: [summaryOf(taskOf('3'))] });
    expect(subscription.snapshot?.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('forgets the parts of a snapshot that was cut off', () => {
    const { client, clock, socket } = fakeClient();
    const subscription = client.subscribe('tree:1', { snapshot: true });
    socket().welcome();
    socket().receive({ type: 'snap', id: '1', offset: 3, tasks: [summaryOf(taskOf('1'))], more: true });
    socket().fire('close', { code: 1006 });
    clock.advance(500);
    socket().welcome();
    socket().receive({ type: 'snap', id: '1', offset: 4, tasks: [summaryOf(taskOf('2'))] });
    expect(subscription.snapshot?.map(({ id }) => id)).toEqual(['2']);
  });
});

describe('ConnectOptions.token as a function', () => {
  it('is asked for every connection, and brings a client back whose admission has run out', async () => {
    let asked = 0;
    const { client, socket, clock, connections } = fakeClient({ token: () => { asked += 1; return Promise.resolve(`token-${String(asked)}`); } });
    await settle();
    socket().welcome();
    socket().fire('close', { code: 4419 });
    expect(client.state).toBe('connecting');
    clock.advance(20_000);
    await settle();
    expect(connections()).toBe(2);
    expect(socket().protocols[1]).toBe(`bearer.${Buffer.from('token-2').toString('base64url')}`);
  });

  it('may fail for a while', async () => {
    let asked = 0;
    const { connections, clock } = fakeClient({ token: () => { asked += 1; if (asked === 1) throw new Error('down'); return 'token'; } });
    await settle();
    expect(connections()).toBe(0);
    clock.advance(20_000);
    await settle();
    expect(connections()).toBe(1);
  });

  it('is needed for that: a fixed token that has run out is final', () => {
    const { client, socket } = fakeClient({ token: 'fixed' });
    socket().welcome();
    socket().fire('close', { code: 4419 });
    expect(client.state).toBe('closed');
  });
});
