import { describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../src/lib/task-system/hooks/webhooks/verifyWebhook.ts';
import { warning } from '../store/support.ts';
import { openWebhooks, receiver } from './webhooks/support.ts';

const URL_OF_NOBODY = 'https://example.com/hook';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

describe('WebhookManager.add', () => {
  it('fills in the defaults, and shows the secret to who adds, and to nobody later', async () => {
    const { manager, clock } = await openWebhooks();
    const added = await manager.add({ url: URL_OF_NOBODY });
    expect(added).toEqual({
      id: 'id-1', url: URL_OF_NOBODY, events: ['task:complete', 'task:error', 'task:cancel'], order: 'none', createdAt: clock.now(), state: 'active', failures: 0,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret: _secret, ...shown } = added;
    await expect(manager.list()).resolves.toEqual([shown]);
    expect(JSON.stringify(await manager.list())).not.toContain('whsec_');
  });

  it('replaces the settings of an endpoint with the same id, and keeps its secret, its age and its state', async () => {
    const { manager, clock } = await openWebhooks();
    const first = await manager.add({ id: 'x', url: URL_OF_NOBODY, projects: ['acme'], description: 'old' });
    await manager.disable('x');
    clock.advance(5_000);
    const second = await manager.add({ id: 'x', url: `${URL_OF_NOBODY}/2`, events: ['*'] });
    expect(second).toMatchObject({ secret: first.secret, createdAt: first.createdAt, state: 'disabled', events: ['*'] });
    expect(second).not.toHaveProperty('projects');
    expect(second).not.toHaveProperty('description');
    await expect(manager.list()).resolves.toHaveLength(1);
  });

  it('takes a secret of yours', async () => {
    const { manager } = await openWebhooks();
    await expect(manager.add({ url: URL_OF_NOBODY, secret: SECRET })).resolves.toMatchObject({ secret: SECRET });
  });

  it.each([
    [{ url: 'ftp://example.com/' }, 'url: expected an https: address'],
    [{ url: 'example.com' }, 'url: expected an https: address'],
    [{ url: 'https://user:pass@example.com/' }, 'url: expected an https: address without user name and password'],
    [{ url: `https://example.com/${'x'.repeat(3_000)}` }, 'url: expected'],
    [{ url: URL_OF_NOBODY, events: ['task:progress'] }, 'events[0]: expected "*" or the name of a stored event'],
    [{ url: URL_OF_NOBODY, events: ['task:complet'] }, 'events[0]: expected'],
    [{ url: URL_OF_NOBODY, events: [] }, 'events: expected at least one'],
    [{ url: URL_OF_NOBODY, order: 'fifo' }, 'order: expected one of "none", "task"'],
    [{ url: URL_OF_NOBODY, id: 'a b' }, 'id: expected an id'],
    [{ url: URL_OF_NOBODY, projects: ['a/b'] }, 'projects[0]: expected a name of a project'],
    [{ url: URL_OF_NOBODY, evnts: [] }, 'evnts: unknown option, did you mean "events"?'],
    [{}, 'url: expected'],
  ])('refuses %j', async (options, message) => {
    const { manager } = await openWebhooks();
    // @ts-expect-error some of these are what a program without types might pass
    await expect(manager.add(options)).rejects.toMatchObject({ code: 'OPTIONS_INVALID', message: expect.stringContaining(message) });
  });

  it('never prints a secret that it refuses', async () => {
    const { manager } = await openWebhooks();
    await expect(manager.add({ url: URL_OF_NOBODY, secret: 'whsec_hunter2' })).rejects.toMatchObject({ message: expect.not.stringContaining('hunter2') });
  });

  it('refuses http: unless it is allowed', async () => {
    const { manager } = await openWebhooks({ allowHttp: false });
    await expect(manager.add({ url: 'http://example.com/' })).rejects.toMatchObject({ code: 'OPTIONS_INVALID', message: expect.stringContaining('webhooks.allowHttp') });
  });
});

describe('WebhookManager.remove', () => {
  it('forgets an endpoint, and what waits for it', async () => {
    const { url, received } = await receiver(500);
    const { manager, complete, next, advance } = await openWebhooks();
    await manager.add({ id: 'x', url });
    const failed = next('webhook:failed');
    await complete('a');
    await failed;
    await expect(manager.remove('x')).resolves.toBe(true);
    await expect(manager.remove('x')).resolves.toBe(false);
    await complete('b');
    await advance(100_000_000);
    expect(received).toHaveLength(1);
    await expect(manager.list()).resolves.toEqual([]);
  });

  it('while a message is on its way, says nothing more of it', async () => {
    const { url, request, answer } = await receiver(() => {});
    const { manager, complete, clock } = await openWebhooks();
    const heard: string[] = [];
    for (const type of ['webhook:delivered', 'webhook:failed'] as const) manager.on(type, () => { heard.push(type); });
    await manager.add({ id: 'x', url });
    await complete('a');
    await request(1);
    answer(204);
    await manager.remove('x');
    clock.advance(15_000);
    await manager.idle();
    expect(heard).toEqual([]);
  });
});

describe('WebhookManager.disable and enable', () => {
  it('gives up what waits, tells of it, and sends again from the next event on', async () => {
    const { url, received, request } = await receiver();
    const { manager, complete, clock, next } = await openWebhooks();
    await manager.add({ id: 'x', url });
    const disabled = next('webhook:disabled');
    await expect(manager.disable('x')).resolves.toMatchObject({ state: 'disabled', disabledReason: 'manual', disabledAt: clock.now() });
    await expect(disabled).resolves.toEqual({ endpointId: 'x', reason: 'manual', time: clock.now(), deadLetters: 0 });
    await complete('a');
    await manager.idle();
    expect(received).toEqual([]);
    await expect(manager.enable('x')).resolves.toMatchObject({ state: 'active', failures: 0 });
    await complete('b');
    expect((await request(1)).taskId).toBe('b');
  });

  it('disabling twice is disabling once', async () => {
    const { manager } = await openWebhooks();
    await manager.add({ id: 'x', url: URL_OF_NOBODY });
    let disabled = 0;
    manager.on('webhook:disabled', () => { disabled += 1; });
    await Promise.all([manager.disable('x'), manager.disable('x')]);
    expect(disabled).toBe(1);
  });

  it.each(['enable', 'disable', 'rotateSecret', 'test'] as const)('%s knows only what is there', async (method) => {
    const { manager } = await openWebhooks();
    await expect(manager[method]('nobody')).rejects.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
  });
});

describe('WebhookManager.rotateSecret', () => {
  it('signs with both secrets until the overlap is over', async () => {
    const { url, request } = await receiver();
    const { manager, complete, clock } = await openWebhooks();
    const { secret: old } = await manager.add({ id: 'x', url });
    const fresh = await manager.rotateSecret('x', { overlapMs: 60_000 });
    expect(fresh).not.toBe(old);
    await complete('a');
    const first = await request(1);
    for (const secret of [old, fresh]) expect(verifyWebhook({ ...first, secret, now: clock.now() }).type).toBe('task.complete');
    await manager.idle();
    clock.advance(60_000);
    await complete('b');
    const second = await request(2);
    expect(verifyWebhook({ ...second, secret: fresh, now: clock.now() }).type).toBe('task.complete');
    expect(() => verifyWebhook({ ...second, secret: old, now: clock.now() })).toThrow('No signature fits');
  });

  it('is refused within the overlap, unless forced; then all three count', async () => {
    const { url, request } = await receiver();
    const { manager, complete, clock } = await openWebhooks();
    const { secret: first } = await manager.add({ id: 'x', url });
    const second = await manager.rotateSecret('x');
    await expect(manager.rotateSecret('x')).rejects.toMatchObject({ code: 'WEBHOOK_ROTATING', details: { endpointId: 'x', until: clock.now() + 86_400_000 } });
    const third = await manager.rotateSecret('x', { force: true, secret: SECRET });
    expect(third).toBe(SECRET);
    await complete('a');
    const message = await request(1);
    for (const secret of [first, second, third]) expect(verifyWebhook({ ...message, secret, now: clock.now() }).type).toBe('task.complete');
    clock.advance(86_400_000);
    await expect(manager.rotateSecret('x')).resolves.toMatch(/^whsec_/);
  });

  it('of two at once refuses one', async () => {
    const { manager } = await openWebhooks();
    await manager.add({ id: 'x', url: URL_OF_NOBODY });
    const outcomes = await Promise.allSettled([manager.rotateSecret('x'), manager.rotateSecret('x')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});

describe('WebhookManager.test', () => {
  it('sends a signed test message at once and tells how it went', async () => {
    const { url, request, answer } = await receiver();
    const { manager, clock } = await openWebhooks();
    const { secret } = await manager.add({ id: 'x', url });
    await expect(manager.test('x')).resolves.toEqual({ ok: true, status: 204, durationMs: 0 });
    expect(verifyWebhook({ ...await request(1), secret, now: clock.now() })).toMatchObject({ type: 'webhook.test', data: { type: 'webhook:test', endpointId: 'x' } });
    answer((response) => { response.writeHead(418).end('short and stout'); });
    await expect(manager.test('x')).resolves.toMatchObject({ ok: false, status: 418, error: 'The answer was 418', answer: 'short and stout' });
    await expect(manager.deadLetters()).resolves.toEqual({ deadLetters: [] });
  });

  it('that goes well ends the pause of an endpoint that failed', async () => {
    const { url, request, answer } = await receiver((response) => { response.writeHead(503, { 'retry-after': '3600' }).end(); });
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ id: 'x', url });
    const failed = next('webhook:failed');
    await complete('a');
    await failed;
    answer(204);
    await manager.test('x');
    expect((await manager.list())[0]).toMatchObject({ failures: 0 });
    await complete('b');
    expect((await request(3)).taskId).toBe('b');
  });
});

describe('WebhookManager.deadLetters and replay', () => {
  it('pages through what was given up', async () => {
    const { manager, store, complete } = await openWebhooks();
    const { url } = await receiver(() => {});
    await manager.add({ id: 'y', url });
    for (const id of ['a', 'b', 'c', 'd', 'e']) await complete(id);
    await manager.disable('y');
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await manager.deadLetters({ limit: 2, endpointId: 'y', ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.deadLetters.map(({ event }) => event.taskId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(await store.outbox.due()).toEqual([]);
  });

  it.each(['x', 'ZGVhZDp4Ong', Buffer.from('dead:1:2 ').toString('base64url')])('refuses the cursor %j', async (cursor) => {
    const { manager } = await openWebhooks();
    await expect(manager.deadLetters({ cursor })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  it('sends one again, under the same id', async () => {
    const { url, received, request, answer } = await receiver(410);
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ id: 'x', url });
    const disabled = next('webhook:disabled');
    await complete('a');
    await disabled;
    const { deadLetters: [letter] } = await manager.deadLetters();
    await expect(manager.replay({ id: letter?.id ?? 0 })).rejects.toMatchObject({ code: 'WEBHOOK_DISABLED' });
    answer(204);
    await manager.enable('x');
    await expect(manager.replay({ id: letter?.id ?? 0 })).resolves.toBe(1);
    expect((await request(2)).id).toBe(received[0]?.id);
    expect(received[0]?.id).toBe(letter?.messageId);
    await manager.idle();
    await expect(manager.deadLetters()).resolves.toEqual({ deadLetters: [] });
    await expect(manager.replay({ id: letter?.id ?? 0 })).rejects.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
  });

  it('sends all of an endpoint again, or those since a time', async () => {
    const { url, request, received } = await receiver();
    const { manager, complete, clock } = await openWebhooks({ maxConcurrentPerEndpoint: 1 });
    const { url: dead } = await receiver(() => {});
    await manager.add({ id: 'x', url: dead });
    await complete('a');
    clock.advance(1_000);
    const since = clock.now();
    for (const id of ['b', 'c']) await complete(id);
    await manager.disable('x');
    await manager.add({ id: 'x', url });
    await manager.enable('x');
    await expect(manager.replay({ endpointId: 'x', since })).resolves.toBe(2);
    clock.advance(15_000);
    await request(2);
    expect(received.map(({ taskId }) => taskId).sort()).toEqual(['b', 'c']);
  });

  it.each([{}, { id: 0 }, { id: 'x' }, { endpointId: 'x', until: 5 }, { id: 1, endpointId: 'x' }, undefined])('refuses the target %j', async (target) => {
    const { manager } = await openWebhooks();
    // @ts-expect-error what a program without types might pass
    await expect(manager.replay(target)).rejects.toMatchObject({ code: 'OPTIONS_INVALID' });
  });

  it('knows no endpoint that is not there', async () => {
    const { manager } = await openWebhooks();
    await expect(manager.replay({ endpointId: 'nobody' })).rejects.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
  });
});

describe('WebhookManager.on', () => {
  it('goes on although listeners throw and reject, and stops when told to', async () => {
    const { url } = await receiver();
    const { manager, create, append, next, warnings } = await openWebhooks();
    await manager.add({ url, events: ['task:warning'] });
    let heard = 0;
    manager.on('webhook:delivered', () => { throw new Error('thrown'); });
    manager.on('webhook:delivered', () => Promise.reject(new Error('rejected')));
    const stop = manager.on('webhook:delivered', () => { heard += 1; });
    await create('a');
    for (const expected of [1, 1]) {
      const delivered = next('webhook:delivered');
      await append('a', warning('x'));
      expect(await delivered).toMatchObject({ eventType: 'task:warning' });
      expect(heard).toBe(expected);
      stop();
    }
    expect(warnings.filter((line) => line.includes('"webhook:delivered" failed'))).toHaveLength(4);
  });
});

describe('WebhookManager.close', () => {
  it('refuses everything afterwards, and sends nothing', async () => {
    const { url, received } = await receiver();
    const { manager, complete } = await openWebhooks();
    await manager.add({ id: 'x', url });
    await manager.close();
    await complete('a');
    await manager.idle();
    expect(received).toEqual([]);
    const calls = [manager.add({ url }), manager.list(), manager.remove('x'), manager.enable('x'), manager.disable('x'), manager.rotateSecret('x'), manager.test('x'), manager.deadLetters(), manager.replay({ id: 1 })];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'SYSTEM_CLOSED' });
  });

  it('cuts short what is on its way after the grace; it is sent at the next start, and the attempt does not count', async () => {
    const { url, request, answer, received } = await receiver(() => {});
    const { manager, complete, clock, store } = await openWebhooks();
    await manager.add({ url });
    await complete('a');
    await request(1);
    const closed = manager.close({ graceMs: 60_000 });
    await new Promise((resolve) => { setImmediate(resolve); });
    clock.advance(1_000);
    await closed;
    answer(204);
    const again = await openWebhooks({}, { outbox: store.outbox, clock });
    expect(await again.next('webhook:delivered')).toMatchObject({ attempt: 1 });
    expect(received.map(({ id }) => id)).toEqual([received[0]?.id, received[0]?.id]);
  });

  it('lets what is on its way arrive', async () => {
    const held = Promise.withResolvers<void>();
    const { url, request } = await receiver((response) => { void held.promise.then(() => { response.writeHead(204).end(); }); });
    const { manager, complete, store, next } = await openWebhooks();
    await manager.add({ url });
    await complete('a');
    await request(1);
    const delivered = next('webhook:delivered');
    const closed = manager.close();
    held.resolve();
    await closed;
    expect(await delivered).toMatchObject({ ok: true });
    await expect(store.outbox.due()).resolves.toEqual([]);
  });
});
