import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../core/support.ts';
import { poll } from './poll.ts';
import { openWithModel } from './support.ts';

describe('model', () => {
  it('answers through the host, which has the key', async () => {
    const { system, server, events } = await openWithModel([{ text: 'Good day', usage: { input: 7, output: 3 } }]);
    const handle = await system.submit({ type: 'asks', input: { prompt: 'Who?' } });
    await expect(handle.result()).resolves.toBe('Good day');
    expect(server.requests).toMatchObject([{ model: 'scripted-1', messages: [{ role: 'user', content: 'Who?' }] }]);
    expect(events.flatMap(({ type, data }) => (type === 'task:model:end' ? [data] : []))).toMatchObject([{ model: 'default', outcome: 'ok', inputTokens: 7, outputTokens: 3, attempts: 1 }]);
  });

  it('stores what was called before the task ends', async () => {
    const { system, events } = await openWithModel([{ text: 'Yes' }]);
    await (await system.submit({ type: 'asks' })).result();
    expect(events.map(({ type }) => type).filter((type) => type !== 'task:usage')).toEqual(['task:create', 'task:start', 'task:model:start', 'task:model:end', 'task:complete']);
  });

  it('streams piece by piece', async () => {
    const { system } = await openWithModel([{ text: ['Good', ' ', 'day'] }]);
    const handle = await system.submit({ type: 'asks', input: { how: 'stream' } });
    await expect(handle.result()).resolves.toEqual(['Good', ' ', 'day']);
  });

  it('works in the loops of the AI SDK, also after arguments that are not JSON', async () => {
    const add = (text: string | object) => ({ calls: [{ name: 'add', arguments: text }] });
    const { system, server } = await openWithModel([add({ a: 2, b: 3 }), { text: 'It is 5.' }, add('{"a": 2,'), { text: 'Sorry.' }]);
    await expect((await system.submit({ type: 'asks', input: { how: 'sdk' } })).result()).resolves.toEqual(['It is 5.', 'Sorry.']);
    const [, afterResult, , afterMistake] = server.requests.map(({ messages }) => JSON.stringify(messages.at(-1)));
    expect(afterResult).toContain('"5"');
    expect(afterMistake).toContain('Invalid input for tool add');
  });

  it('serves more calls at once than a task may have: the rest wait', async () => {
    const { system, server } = await openWithModel(() => ({ text: 'Yes' }));
    await expect((await system.submit({ type: 'asks', input: { how: 'parallel', times: 12 } })).result()).resolves.toEqual(Array.from({ length: 12 }, () => 'Yes'));
    expect(server.requests).toHaveLength(12);
  });

  it.each([true, false])('ends the call at the provider when the task goes away (by its signal: %s)', async (byAbort) => {
    const { system, server } = await openWithModel([{ text: 'again and again ', isEndless: true }]);
    await expect((await system.submit({ type: 'asks', input: { how: 'leave', byAbort } })).result()).resolves.toBe('left');
    await poll(() => [server.open, server.broken]).toEqual([0, 1]);
  });

  it('ends the call at the provider when the task is cancelled', async () => {
    const never = Promise.withResolvers<undefined>();
    const { system, server, events } = await openWithModel([{ text: 'late', until: never.promise }]);
    const handle = await system.submit({ type: 'asks' });
    await poll(() => server.open).toBe(1);
    await handle.cancel('enough');
    await poll(() => server.open).toBe(0);
    expect(events.map(({ type }) => type)).toContain('task:cancel');
    never.resolve(undefined);
  });

  it('goes on with five streams while another one says nothing', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { system } = await openWithModel(({ messages }) => (String(messages[0]?.content) === 'slow' ? { text: 'late', until: gate.promise } : { text: ['a', 'b', 'c'] }), {}, {}, { queue: { maxConcurrent: 6 } });
    const slow = await system.submit({ type: 'asks', input: { how: 'stream', prompt: 'slow' } });
    const quick = await Promise.all(Array.from({ length: 5 }, async () => (await system.submit({ type: 'asks', input: { how: 'stream', prompt: 'quick' } })).result()));
    expect(quick).toEqual(Array.from({ length: 5 }, () => ['a', 'b', 'c']));
    gate.resolve(undefined);
    await expect(slow.result()).resolves.toEqual(['late']);
  });

  it('is unknown under a name that there is not', async () => {
    const { system } = await openWithModel([]);
    await expect((await system.submit({ type: 'asks', input: { name: 'other' } })).result()).rejects.toMatchObject({ code: 'MODEL_UNKNOWN', message: expect.stringContaining('there are: default') });
  });

  it('is unknown to a type that may not call it', async () => {
    const { system } = await openWithModel([], {}, { models: [] });
    await expect((await system.submit({ type: 'asks' })).result()).rejects.toMatchObject({ code: 'MODEL_UNKNOWN', message: expect.stringContaining('there are no models') });
  });
});

describe('a provider that fails', () => {
  it.each([
    ['is asked again after 429', [{ status: 429, headers: { 'retry-after': '0' } }, { text: 'Yes' }]],
    ['is asked again after 500', [{ status: 500 }, { status: 503 }, { text: 'Yes' }]],
    ['is asked again when the connection breaks before it has said anything', [{ text: 'No', cutAfter: 0 }, { text: 'Yes' }]],
  ])('%s', async (_what, script) => {
    const { system, server } = await openWithModel(script);
    const result = await (await system.submit({ type: 'asks', input: { how: 'stream' } })).result();
    expect([result, server.requests.length]).toEqual([['Yes'], script.length]);
  });

  it('fails the task in a way that may be repeated, when it has no room for long', async () => {
    const { system, server } = await openWithModel(() => ({ status: 429, headers: { 'retry-after': '0' } }), { maxAttempts: 2 }, { retry: { maxAttempts: 2, baseDelayMs: 0 } });
    await expect((await system.submit({ type: 'asks' })).result()).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { status: 429, attempts: 2 } });
    expect(server.requests).toHaveLength(4);
  });

  it('fails the task at once when asking again will not help', async () => {
    const { system, server } = await openWithModel(() => ({ status: 404, message: 'No such model' }), {}, { retry: { maxAttempts: 3, baseDelayMs: 0 } });
    await expect((await system.submit({ type: 'asks' })).result()).rejects.toMatchObject({ code: 'MODEL_FAILED', message: expect.stringContaining('No such model') });
    expect(server.requests).toHaveLength(1);
  });

  it('is not asked again once the task has seen a part', async () => {
    const { system, server } = await openWithModel([{ text: ['half', 'whole'], cutAfter: 1 }]);
    await expect((await system.submit({ type: 'asks', input: { how: 'stream' } })).result()).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    expect(server.requests).toHaveLength(1);
  });

  it('is stopped when it does not begin', async () => {
    const never = Promise.withResolvers<undefined>();
    const { system, server } = await openWithModel([{ text: 'late', until: never.promise }], { firstTokenMs: 50 });
    await expect((await system.submit({ type: 'asks', input: { how: 'stream' } })).result()).rejects.toMatchObject({ code: 'MODEL_TIMEOUT', details: { limit: 'firstTokenMs' } });
    await poll(() => server.open).toBe(0);
    never.resolve(undefined);
  });

  it('is stopped when it does not end', async () => {
    const { system, server } = await openWithModel([{ text: 'word '.repeat(500).split(/(?<=(?:word ){50})/), isEndless: true }]);
    await expect((await system.submit({ type: 'asks', input: { how: 'stream' } })).result()).rejects.toMatchObject({ code: 'MODEL_RESPONSE_TOO_LARGE' });
    await poll(() => server.open).toBe(0);
  });
});

describe('budgets', () => {
  it('stop a task that has spent its tokens, with the call that went over as its last', async () => {
    const { system, server, events } = await openWithModel(() => ({ text: 'More', usage: { input: 10, output: 40 } }), {}, {}, { budgets: { task: { outputTokens: 100 } } });
    await expect((await system.submit({ type: 'asks', input: { times: 10 } })).result()).rejects.toMatchObject({ code: 'BUDGET_SPENT', details: { kind: 'outputTokens', spent: 120 } });
    expect(server.requests).toHaveLength(3);
    expect(events.flatMap(({ type, data }) => (type === 'task:warning' && 'code' in data && data.code === 'BUDGET_NEARLY_SPENT' ? [data] : []))).toHaveLength(1);
  });

  it('are not filled again by another attempt', async () => {
    const { system, server } = await openWithModel([{ text: 'One' }, { status: 400 }], {}, { retry: { maxAttempts: 5, baseDelayMs: 0 } }, { budgets: { task: { modelCalls: 1 } } });
    await expect((await system.submit({ type: 'asks', input: { times: 2 } })).result()).rejects.toMatchObject({ code: 'BUDGET_SPENT' });
    expect(server.requests).toHaveLength(1);
  });

  it('are not filled again by another host', async () => {
    const root = temporaryDirectory();
    const { system, server } = await openWithModel(() => ({ text: 'Yes' }), {}, {}, { root, budgets: { project: { modelCalls: 2 } } });
    await (await system.submit({ type: 'asks', input: { times: 2 } })).result();
    await system.close();
    const { system: later } = await openWithModel(() => ({ text: 'Yes' }), {}, {}, { root, budgets: { project: { modelCalls: 2 } } });
    await expect((await later.submit({ type: 'asks' })).result()).rejects.toMatchObject({ code: 'BUDGET_SPENT', details: { budget: 'budgets.project' } });
    expect(server.requests).toHaveLength(2);
  });

  it('count calls of tools as well', async () => {
    const { system } = await openWithModel([], {}, { module: new URL('./handlers/works.mjs', import.meta.url) }, { budgets: { task: { toolCalls: 3 } } });
    await expect((await system.submit({ type: 'asks', input: { times: 3 } })).result()).resolves.toBe(3);
    await expect((await system.submit({ type: 'asks', input: { times: 4 } })).result()).rejects.toMatchObject({ code: 'BUDGET_SPENT', details: { kind: 'toolCalls', limit: 3 } });
  });
});
