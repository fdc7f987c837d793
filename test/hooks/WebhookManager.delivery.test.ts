import { Webhook } from 'standardwebhooks';
import { describe, expect, it, vi } from 'vitest';
import { RETRY_DELAYS_MS } from '../../src/lib/task-system/hooks/webhooks/judge.ts';
import { verifyWebhook } from '../../src/lib/task-system/hooks/webhooks/verifyWebhook.ts';
import { openWebhooks, PATIENT, receiver } from './webhooks/support.ts';

const DAY = 86_400_000;

describe('WebhookManager', () => {
  it('tells an endpoint of the events that it wants, signed', async () => {
    const { url, request, received } = await receiver();
    const { manager, complete, next, clock } = await openWebhooks();
    const { secret } = await manager.add({ url });
    const delivered = next('webhook:delivered');
    await complete('a');
    const { method, path, headers, body, id } = await request(1);
    expect([method, path, headers['content-type'], headers['user-agent']]).toEqual(['POST', '/hook', 'application/json', 'task-system-webhooks']);
    const verified = verifyWebhook({ secret, headers, body, now: clock.now() });
    expect(verified).toMatchObject({ id, type: 'task.complete', data: { type: 'task:complete', taskId: 'a', project: 'acme', data: { result: {} } } });
    await expect(delivered).resolves.toMatchObject({ endpointId: 'id-1', messageId: id, taskId: 'a', eventType: 'task:complete', attempt: 1, ok: true, status: 204 });
    await manager.idle();
    expect(received).toHaveLength(1);
  });

  it('is verified by the standardwebhooks package', async () => {
    const { url, request } = await receiver();
    const { manager, complete, clock } = await openWebhooks();
    clock.advance(Date.now() - clock.now());
    const { secret } = await manager.add({ url });
    await complete('a');
    const { headers, body } = await request(1);
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ type: 'task.complete' });
  });

  it('tells of nothing before the endpoint was added, and of no project but its own', async () => {
    const { url, request, received } = await receiver();
    const { manager, complete } = await openWebhooks();
    await complete('early');
    await manager.add({ url, projects: ['acme'] });
    await complete('other', 'elsewhere');
    await complete('mine');
    expect((await request(1)).taskId).toBe('mine');
    await manager.idle();
    expect(received).toHaveLength(1);
  });

  it('follows the schedule to the millisecond, with one id, and then gives up', async () => {
    const { url, request, received } = await receiver(500);
    const { manager, complete, advance, next } = await openWebhooks();
    await manager.add({ url, id: 'x' });
    let failed = next('webhook:failed');
    await complete('a');
    await failed;
    for (const [index, delay] of RETRY_DELAYS_MS.entries()) {
      expect(received).toHaveLength(index + 1);
      await advance(delay - 1);
      expect(received).toHaveLength(index + 1);
      failed = next('webhook:failed');
      await advance(1);
      await request(index + 2);
      expect(await failed).toMatchObject({ attempt: index + 2, status: 500, error: 'The answer was 500' });
    }
    expect(await failed).not.toHaveProperty('retryAt');
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers['webhook-signature'])).size).toBe(8);
    const { deadLetters } = await manager.deadLetters();
    expect(deadLetters).toMatchObject([{ endpointId: 'x', attempts: 8, messageId: received[0]?.id, lastAttempt: { status: 500 }, event: { taskId: 'a' } }]);
    await advance(30 * DAY);
    expect(received).toHaveLength(8);
  });

  it('spreads retries by its random numbers', async () => {
    const { url } = await receiver(500);
    const { manager, complete, next, clock } = await openWebhooks({}, { random: () => 0 });
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    expect((await failed).retryAt).toBe(clock.now() + 4_000);
  });

  it('succeeds at a later attempt, and that is the end of it', async () => {
    const { url, received, answer } = await receiver(500);
    const { manager, complete, advance, next } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    await failed;
    answer(200);
    const delivered = next('webhook:delivered');
    await advance(5_000);
    expect((await delivered).attempt).toBe(2);
    await advance(30 * DAY);
    expect(received).toHaveLength(2);
    expect((await manager.list())[0]).toMatchObject({ state: 'active', failures: 0 });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %s', async (status) => {
    const target = await receiver();
    const { url } = await receiver((response) => { response.writeHead(status, { location: target.url }).end(); });
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    expect(await failed).toMatchObject({ status, ok: false });
    expect(target.received).toEqual([]);
  });

  it.each([['a number of seconds', '120'], ['a date', new Date(1_000_000 + 120_000).toUTCString()]])('honours Retry-After as %s, for everything that waits', async (_name, retryAfter) => {
    const { url, received, answer } = await receiver((response) => { response.writeHead(429, { 'retry-after': retryAfter }).end(); });
    const { manager, complete, advance, next } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    await failed;
    answer(204);
    await complete('b');
    await advance(119_999);
    expect(received).toHaveLength(1);
    const delivered = next('webhook:delivered');
    await advance(1);
    await delivered;
    await manager.idle();
    expect(received.map(({ taskId }) => taskId).sort()).toEqual(['a', 'a', 'b']);
  });

  it('disables an endpoint that answers 410, and gives up what waits for it', async () => {
    // Answers only when both events are stored: else the second came to an endpoint that is disabled already.
    const stored = Promise.withResolvers<void>();
    const { url, received } = await receiver((response) => { void stored.promise.then(() => { response.writeHead(410).end(); }); });
    const { manager, complete, advance, next, warnings } = await openWebhooks({ maxConcurrentPerEndpoint: 1 });
    await manager.add({ url, id: 'x', events: ['task:create', 'task:complete'] });
    const disabled = next('webhook:disabled');
    await complete('a');
    stored.resolve();
    expect(await disabled).toMatchObject({ endpointId: 'x', reason: 'gone', deadLetters: 1 });
    await complete('later');
    await advance(30 * DAY);
    expect(received).toHaveLength(1);
    expect((await manager.list())[0]).toMatchObject({ state: 'disabled', disabledReason: 'gone' });
    expect((await manager.deadLetters()).deadLetters.map(({ event, attempts }) => [event.type, attempts])).toEqual([['task:complete', 0], ['task:create', 1]]);
    expect(warnings.join()).toContain('"x" is disabled');
  });

  it('disables an endpoint that has failed for five days, and no other', async () => {
    const [bad, good] = [await receiver(500), await receiver()];
    const { manager, complete, advance, next, clock } = await openWebhooks();
    await manager.add({ url: bad.url, id: 'bad' });
    await manager.add({ url: good.url, id: 'good' });
    const disabled = next('webhook:disabled');
    const start = clock.now();
    for (let steps = 0; (await manager.list()).find(({ id }) => id === 'bad')?.state === 'active'; steps++) {
      expect(clock.now() - start).toBeLessThan(5 * DAY + DAY / 4);
      await complete(`task-${String(steps)}`);
      await manager.idle();
      await advance(DAY / 4);
    }
    const { endpointId, reason, time } = await disabled;
    expect([endpointId, reason]).toEqual(['bad', 'failing']);
    expect(time - start).toBeGreaterThanOrEqual(5 * DAY);
    expect((await manager.list()).find(({ id }) => id === 'good')).toMatchObject({ state: 'active', failures: 0 });
    expect(good.received.length).toBeGreaterThanOrEqual(20);
  });

  it('with order "task" holds up the events of a task behind one that failed, and no other task', async () => {
    const { url, received, answer } = await receiver((response, { taskId }) => { response.writeHead(taskId === 'a' ? 500 : 204).end(); });
    const { manager, complete, advance, next } = await openWebhooks();
    await manager.add({ url, order: 'task', events: ['*'] });
    const failed = next('webhook:failed');
    await complete('a');
    await failed;
    const order = (id: string): readonly unknown[] => received.filter(({ taskId }) => taskId === id).map(({ body }) => (JSON.parse(body) as { type: string }).type);
    expect(order('a')).toEqual(['task.create']);
    await complete('b');
    await vi.waitUntil(() => order('b').length === 3, PATIENT);
    expect(order('b')).toEqual(['task.create', 'task.start', 'task.complete']);
    answer(204);
    await advance(5_000);
    await vi.waitUntil(() => order('a').length === 4, PATIENT);
    expect(order('a')).toEqual(['task.create', 'task.create', 'task.start', 'task.complete']);
  });

  it('sends what waits when the system opens again, at its time and not before', async () => {
    const { url, received, answer } = await receiver(500);
    const { manager, store, complete, next, clock } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    const { retryAt } = await failed;
    await manager.close();
    answer(204);
    const again = await openWebhooks({}, { outbox: store.outbox, clock });
    clock.advance((retryAt ?? 0) - clock.now() - 1);
    await again.manager.idle();
    expect(received).toHaveLength(1);
    const delivered = again.next('webhook:delivered');
    clock.advance(1);
    expect(await delivered).toMatchObject({ attempt: 2 });
    expect(received.map(({ id }) => id)).toEqual([received[0]?.id, received[0]?.id]);
  });
});
