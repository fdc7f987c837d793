import { describe, expect, it } from 'vitest';
import type { ClaimedDelivery } from '../../../src/lib/task-system/types/WebhookOutbox.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, createAll, end, ended, FAILURE, newTask, RETRY, start, warning, type OpenStore } from '../support.ts';
import { ACTIVE, claimed, DISABLED, endpoint, idsOf, put, reportOf, take } from '../outboxSupport.ts';

/** What a store writes for webhooks by itself, and how messages are claimed, reported on, and revived. */
export function describeOutbox(open: OpenStore): void {
  describe('outbox', () => {
    describeWriting(open);
    describeClaiming(open);
    describeReporting(open);
    describeOrder(open);
  });
}

function describeWriting(open: OpenStore): void {
  it('is empty, and stays empty without endpoints', async () => {
    const { store } = await open();
    await ended(store, 'a', 2_000);
    await expect(store.outbox.endpoints()).resolves.toEqual([]);
    await expect(store.outbox.due()).resolves.toEqual([]);
  });

  it('gets a message with the whole event for each endpoint that wants it, and none for events before the endpoint', async () => {
    const { store } = await open();
    await store.create(newTask('early'));
    await put(store, endpoint('x'), endpoint('y', { events: ['task:complete'] }), endpoint('z', { events: ['task:error'] }));
    await ended(store, 'a', 2_000);
    const [complete] = (await allEvents(store, 'a')).slice(-1);
    expect((await take(store, 'x')).map(({ event }) => event)).toEqual(await allEvents(store, 'a'));
    expect((await take(store, 'y')).map(({ event, attempts }) => [event, attempts])).toEqual([[complete, 0]]);
    await expect(take(store, 'z')).resolves.toEqual([]);
  });

  it.each<[string, (store: TaskStore) => Promise<unknown>, readonly string[]]>([
    ['create', (store) => store.create(newTask('b')), ['task:create']],
    ['create with a claim', (store) => store.create(newTask('b'), 'host'), ['task:create', 'task:start']],
    ['claimNext', (store) => store.claimNext('waiting', 'host', 1_500), ['task:start']],
    ['settle', (store) => end(store, 'run'), ['task:complete']],
    ['settle to queued', (store) => end(store, 'run', { to: 'queued', event: RETRY }), ['task:retry']],
    ['cancelQueued', (store) => store.cancelQueued('wait', 'no', 1_500), ['task:cancel']],
    ['append', (store) => store.append('run', 1, [warning('x'), warning('y')], 1_500), ['task:warning', 'task:warning']],
    ['recover', (store) => store.recover({ owner: 'other', time: 1_500, maxInterruptions: 0, neverRepeat: [] }), ['task:error']],
  ])('gets its messages in %s', async (_name, act, types) => {
    const { store } = await open();
    await store.create(newTask('run', { project: 'acme' }), 'host');
    await store.create(newTask('wait', { project: 'waiting' }));
    await put(store, endpoint('x'));
    await act(store);
    expect((await take(store, 'x')).map(({ event }) => event.type)).toEqual(types);
  });

  it('gets nothing from a change that was refused', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await start(store, 'a', { idempotencyKey: 'k' });
    expect(await take(store, 'x')).toHaveLength(2);
    const refused = store.create(newTask('b', { parentId: 'nobody' }));
    const repeated = store.create(newTask('c', { idempotencyKey: 'k' }));
    await expect(refused).rejects.toThrow();
    expect((await repeated).existed).toBe(true);
    await end(store, 'a', { fence: 99 });
    await expect(take(store, 'x')).resolves.toEqual([]);
  });

  it('gets each message once when a neighbour in the same transaction fails and the others are run again', async () => {
    const { store } = await open();
    const outcomes = await Promise.allSettled([store.outbox.putEndpoint(endpoint('x')), store.create(newTask('a')), store.create(newTask('a')), store.create(newTask('b'))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(idsOf(await take(store, 'x'))).toEqual(['a', 'b']);
    expect(await store.outbox.endpoints()).toHaveLength(1);
  });

  it('looks at the projects and at the state of an endpoint', async () => {
    const { store } = await open();
    await put(store, endpoint('x', { projects: ['acme'] }), endpoint('off', {}, DISABLED));
    await createAll(store, newTask('a'), newTask('b', { project: 'other' }));
    expect((await take(store, 'x')).map(({ event }) => event.taskId)).toEqual(['a']);
    await store.outbox.setHealth('off', ACTIVE);
    await store.create(newTask('c'));
    expect((await take(store, 'off')).map(({ event }) => event.taskId)).toEqual(['c']);
  });

  it('replaces settings and keeps how an endpoint does', async () => {
    const { store } = await open();
    await put(store, endpoint('x'), endpoint('y'));
    await store.outbox.setHealth('x', DISABLED);
    await put(store, endpoint('x', { url: 'https://new.test/' }));
    const [first, second] = await store.outbox.endpoints();
    expect(first).toEqual({ settings: endpoint('x', { url: 'https://new.test/' }).settings, health: DISABLED });
    expect(second?.settings.id).toBe('y');
  });

  it('removes an endpoint with all that waits for it', async () => {
    const { store } = await open();
    await put(store, endpoint('x'), endpoint('y'));
    await store.create(newTask('a'));
    await expect(store.outbox.removeEndpoint('x')).resolves.toBe(true);
    await expect(store.outbox.removeEndpoint('x')).resolves.toBe(false);
    await expect(store.outbox.due()).resolves.toEqual([{ endpointId: 'y', at: 1_000 }]);
    await put(store, endpoint('x'));
    await expect(take(store, 'x')).resolves.toEqual([]);
  });

  it('buries what waits for an endpoint that is closed', async () => {
    const { store } = await open();
    await put(store, endpoint('x'), endpoint('y'));
    await createAll(store, newTask('a'), newTask('b'));
    await expect(store.outbox.setHealth('x', DISABLED, { time: 5_000 })).resolves.toBe(2);
    await expect(store.outbox.due()).resolves.toEqual([{ endpointId: 'y', at: 1_000 }]);
    const letters = await store.outbox.deadLetters({ limit: 10 });
    expect(letters.map(({ endpointId, attempts, createdAt, diedAt, event }) => [endpointId, attempts, createdAt, diedAt, event.taskId])).toEqual([['x', 0, 1_000, 5_000, 'b'], ['x', 0, 1_000, 5_000, 'a']]);
  });
}

function describeClaiming(open: OpenStore): void {
  it('gives what is due, oldest first, at most as many as wanted of each endpoint', async () => {
    const { store } = await open();
    await put(store, endpoint('x'), endpoint('y'));
    await createAll(store, ...['a', 'b', 'c'].map((id, index) => newTask(id, { createdAt: 1_000 + index })));
    const { deliveries, due } = await store.outbox.claim({ lease: 'l', time: 1_001, until: 9_000, wanted: [{ endpointId: 'x', limit: 1 }, { endpointId: 'y', limit: 5 }] });
    expect(deliveries.map(({ endpointId, event }) => `${endpointId} ${event.taskId}`)).toEqual(['x a', 'y a', 'y b']);
    expect(due).toEqual([{ endpointId: 'x', at: 1_001 }, { endpointId: 'y', at: 1_002 }]);
  });

  it('gives no message twice before its lease is over, and gives it again then', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await store.create(newTask('a'));
    const first = await take(store, 'x', { time: 2_000, until: 3_000 });
    expect(first).toHaveLength(1);
    await expect(take(store, 'x', { time: 2_999, until: 4_000 })).resolves.toEqual([]);
    await expect(take(store, 'x', { time: 3_000, until: 4_000 })).resolves.toEqual(first);
  });

  it('gives new messages ahead of those that are sent again, but not for ever', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await store.create(newTask('old', { createdAt: 1_000 }));
    await reportOf(store, await claimed(store, 'x'), { outcome: 'retry', dueAt: 10_000 });
    await createAll(store, newTask('new', { createdAt: 69_999 }), newTask('later', { createdAt: 70_001 }));
    expect(idsOf(await take(store, 'x', { time: 100_000, limit: 1 }))).toEqual(['new']);
    expect(idsOf(await take(store, 'x', { time: 100_000, limit: 2 }))).toEqual(['old', 'later']);
  });
}

function describeReporting(open: OpenStore): void {
  it('forgets what was delivered', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await createAll(store, newTask('a'), newTask('b', { createdAt: 1_007 }));
    await expect(reportOf(store, await claimed(store, 'x', { limit: 1 }), { outcome: 'delivered' })).resolves.toEqual([{ endpointId: 'x', at: 1_007 }]);
    expect(idsOf(await take(store, 'x', { time: 1e9 }))).toEqual(['b']);
  });

  it('gives back at its time what is to be tried again, and counts', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await store.create(newTask('a'));
    await expect(reportOf(store, await claimed(store, 'x'), { outcome: 'retry', dueAt: 50_000 })).resolves.toEqual([{ endpointId: 'x', at: 50_000 }]);
    await expect(take(store, 'x', { time: 49_999 })).resolves.toEqual([]);
    expect(await take(store, 'x', { time: 50_000 })).toMatchObject([{ attempts: 1 }]);
  });

  it('does not count what was given back', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await store.create(newTask('a'));
    await reportOf(store, await claimed(store, 'x'), { outcome: 'released', dueAt: 2_500 });
    expect(await take(store, 'x', { time: 2_500 })).toMatchObject([{ attempts: 0 }]);
  });

  it('keeps a dead letter with its last attempt', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await store.create(newTask('a'));
    const attempt = { ok: false, status: 500, error: 'the answer was 500', durationMs: 3 };
    await expect(reportOf(store, await claimed(store, 'x'), { outcome: 'dead', attempt })).resolves.toEqual([]);
    const [letter] = await store.outbox.deadLetters({ limit: 1 });
    expect(letter).toMatchObject({ endpointId: 'x', attempts: 1, createdAt: 1_000, diedAt: 3_000, lastAttempt: attempt, event: { type: 'task:create', taskId: 'a' } });
    await expect(store.outbox.deadLetter(letter?.id ?? 0)).resolves.toEqual(letter);
    await expect(store.outbox.deadLetter(999)).resolves.toBeUndefined();
  });

  it.each(['delivered', 'retry', 'dead', 'released'] as const)('does not believe "%s" from who lost the lease', async (outcome) => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await store.create(newTask('a'));
    const late = await claimed(store, 'x', { lease: 'first', time: 2_000, until: 3_000 });
    const next = await claimed(store, 'x', { lease: 'second', time: 3_000, until: 9_000 });
    await expect(reportOf(store, late, { outcome, dueAt: 1, health: DISABLED }, 'first')).resolves.toBeUndefined();
    expect((await store.outbox.endpoints())[0]?.health).toEqual(ACTIVE);
    await expect(reportOf(store, next, { outcome: 'retry', dueAt: 20_000 }, 'second')).resolves.toEqual([{ endpointId: 'x', at: 20_000 }]);
  });

  it('believes a delivery that went well while its endpoint was closed', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await createAll(store, newTask('a'), newTask('b'));
    const sent = await claimed(store, 'x', { limit: 1 });
    await store.outbox.setHealth('x', DISABLED, { time: 2_500 });
    await reportOf(store, sent, { outcome: 'delivered' });
    expect((await store.outbox.deadLetters({ limit: 10 })).map(({ event }) => event.taskId)).toEqual(['b']);
  });

  it('remembers how the endpoint does, together with the outcome', async () => {
    const { store } = await open();
    await put(store, endpoint('x'));
    await store.create(newTask('a'));
    const health = { state: 'active', failures: 1, failingSince: 3_000, heldUntil: 8_000 } as const;
    await reportOf(store, await claimed(store, 'x'), { outcome: 'retry', dueAt: 8_000, health });
    expect((await store.outbox.endpoints())[0]?.health).toEqual(health);
  });

  it('pages through dead letters, the latest death first, of one endpoint or of all', async () => {
    const { store } = await open();
    await put(store, endpoint('x'), endpoint('y'));
    await createAll(store, ...['a', 'b', 'c'].map((id) => newTask(id)));
    await store.outbox.setHealth('x', DISABLED, { time: 5_000 });
    await store.outbox.setHealth('y', DISABLED, { time: 6_000 });
    const seen: string[] = [];
    for (let after: { diedAt: number; id: number } | undefined; ;) {
      const page = await store.outbox.deadLetters({ limit: 2, ...(after === undefined ? {} : { after }) });
      seen.push(...page.map(({ endpointId, event }) => `${endpointId} ${event.taskId}`));
      after = page.at(-1);
      if (page.length === 0) break;
    }
    expect(seen).toEqual(['y c', 'y b', 'y a', 'x c', 'x b', 'x a']);
    expect((await store.outbox.deadLetters({ endpointId: 'x', limit: 9 })).map(({ event }) => event.taskId)).toEqual(['c', 'b', 'a']);
  });

  it('revives one dead letter, those of an endpoint, or those since a time, as if they were new', async () => {
    const { store } = await open();
    await put(store, endpoint('x'), endpoint('y'));
    await createAll(store, ...['a', 'b', 'c'].map((id, index) => newTask(id, { createdAt: 1_000 + index })));
    for (const id of ['x', 'y']) await store.outbox.setHealth(id, DISABLED, { time: 5_000 });
    const [letter] = await store.outbox.deadLetters({ endpointId: 'x', limit: 1 });
    await expect(store.outbox.replay({ time: 7_000, id: letter?.id ?? 0 })).resolves.toBe(1);
    await expect(store.outbox.replay({ time: 7_000, id: letter?.id ?? 0 })).resolves.toBe(0);
    await expect(store.outbox.replay({ time: 8_000, endpointId: 'y', since: 1_001 })).resolves.toBe(2);
    await expect(store.outbox.due()).resolves.toEqual([{ endpointId: 'x', at: 7_000 }, { endpointId: 'y', at: 8_000 }]);
    expect(await take(store, 'x', { time: 7_000 })).toMatchObject([{ attempts: 0, event: { taskId: 'c' } }]);
    expect(idsOf(await take(store, 'y', { time: 8_000 }))).toEqual(['b', 'c']);
    expect(await store.outbox.deadLetters({ limit: 9 })).toHaveLength(3);
  });

  it('prunes dead letters by age and by count, and never what still waits', async () => {
    const { store } = await open();
    await put(store, endpoint('x'), endpoint('y'));
    await createAll(store, ...['a', 'b', 'c', 'd'].map((id) => newTask(id)));
    await store.outbox.setHealth('x', DISABLED, { time: 5_000 });
    await store.prune({ before: 5_000, keep: 3, batch: 100 });
    expect((await store.outbox.deadLetters({ limit: 9 })).map(({ event }) => event.taskId)).toEqual(['d', 'c', 'b']);
    await store.prune({ before: 5_001, keep: 100, batch: 2 });
    expect((await store.outbox.deadLetters({ limit: 9 })).map(({ event }) => event.taskId)).toEqual(['d']);
    expect(idsOf(await take(store, 'y'))).toEqual(['a', 'b', 'c', 'd']);
  });
}

function describeOrder(open: OpenStore): void {
  it('with order "task" has one message of a task due at a time, however long that one takes', async () => {
    const { store } = await open();
    await put(store, endpoint('x', { order: 'task' }));
    await start(store, 'a');
    await store.append('a', 1, [warning('1')], 1_500);
    await end(store, 'a', { to: 'failed', event: FAILURE });
    await store.create(newTask('b'));
    const types = (deliveries: readonly ClaimedDelivery[]): readonly string[] => deliveries.map(({ event }) => `${event.taskId} ${event.type}`);
    const [first, other] = await take(store, 'x', { limit: 9 });
    expect(types([first, other].filter((delivery) => delivery !== undefined))).toEqual(['a task:create', 'b task:create']);
    await reportOf(store, first, { outcome: 'retry', dueAt: 10_000 });
    await expect(take(store, 'x', { time: 9_999 })).resolves.toEqual([]);
    await reportOf(store, await claimed(store, 'x', { time: 10_000 }), { outcome: 'delivered', time: 10_001 });
    const second = await claimed(store, 'x', { time: 10_001, limit: 9 });
    expect(types([second])).toEqual(['a task:start']);
    await reportOf(store, second, { outcome: 'dead', time: 10_002 });
    expect(types(await take(store, 'x', { time: 10_002, limit: 9 }))).toEqual(['a task:warning']);
  });

  it('with order "task" revives the dead letters of a task in their order', async () => {
    const { store } = await open();
    await put(store, endpoint('x', { order: 'task' }));
    await start(store, 'a');
    await end(store, 'a');
    await store.outbox.setHealth('x', DISABLED, { time: 5_000 });
    await expect(store.outbox.replay({ time: 6_000, endpointId: 'x' })).resolves.toBe(3);
    const seen: string[] = [];
    for (let time = 6_000; ; time++) {
      const [next, ...more] = await take(store, 'x', { time, limit: 9 });
      if (next === undefined) break;
      expect(more).toEqual([]);
      seen.push(next.event.type);
      await reportOf(store, next, { outcome: 'delivered', time: time + 1 });
    }
    expect(seen).toEqual(['task:create', 'task:start', 'task:complete']);
  });
}
