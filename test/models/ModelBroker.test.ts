import { APICallError } from '@ai-sdk/provider';
import { MockLanguageModelV4 } from 'ai/test';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from '../support/thrown.ts';
import { answer, connect, partsOf, readAll, REQUEST, streaming, USAGE } from './inProcess.ts';
import { poll } from './poll.ts';

const refusal = (statusCode: number, responseHeaders: Record<string, string> = {}): APICallError => new APICallError({ message: 'Not now', url: 'u', requestBodyValues: {}, statusCode, responseHeaders });

/** A model that throws what the list says, in order, and then answers. */
function failing(...failures: readonly unknown[]): MockLanguageModelV4 {
  const left = [...failures];
  return new MockLanguageModelV4({ doGenerate: () => (left.length > 0 ? Promise.reject(asError(left.shift())) : Promise.resolve(answer('At last'))) });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

describe('ModelBroker.generate', () => {
  it('hands the request to the model and the answer to the task', async () => {
    const language = new MockLanguageModelV4({ doGenerate: answer('Good day') });
    const { model } = connect(language);
    const { content, usage, finishReason } = await model.doGenerate({ ...REQUEST, temperature: 0.5 } as typeof REQUEST);
    expect([content, usage, finishReason]).toEqual([[{ type: 'text', text: 'Good day' }], USAGE, { unified: 'stop', raw: 'stop' }]);
    expect(language.doGenerateCalls[0]).toMatchObject({ ...REQUEST, temperature: 0.5 });
  });

  it('tells when a call begins and how it ended', async () => {
    const { model, caller } = connect({ model: new MockLanguageModelV4({ doGenerate: answer('Yes') }), price: { input: 1_000, output: 10_000 } });
    await model.doGenerate(REQUEST);
    expect(caller.events).toEqual([
      { type: 'task:model:start', data: { callId: '1.0', model: 'default', kind: 'generate', requestBytes: expect.any(Number) } },
      { type: 'task:model:end', data: { callId: '1.0', model: 'default', durationMs: 0, attempts: 1, outcome: 'ok', inputTokens: 10, outputTokens: 5, cost: 0.06 } },
    ]);
  });

  it('counts the call and its tokens', async () => {
    const { model, ledger } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes') }));
    await model.doGenerate(REQUEST);
    expect(ledger.rows.get('own:task-1')).toMatchObject({ modelCalls: 1, inputTokens: 10, outputTokens: 5 });
  });

  it.each([Number.NaN, -5, Infinity, undefined])('takes a usage of %s for none', async (total) => {
    const { model, ledger } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes', { usage: { ...USAGE, outputTokens: { ...USAGE.outputTokens, total } } }) }));
    await model.doGenerate(REQUEST);
    expect(ledger.rows.get('own:task-1')).toMatchObject({ outputTokens: 0 });
  });

  it('tells nothing of headers and bodies', async () => {
    const { model } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes', { request: { body: 'with the key' }, response: { id: 'r1', headers: { 'set-cookie': 'secret' }, body: 'secret' } }) }));
    expect(JSON.stringify(await model.doGenerate(REQUEST))).not.toMatch(/key|cookie|secret/);
  });

  it('repeats what was refused for a while, after a wait', async () => {
    const { model, caller, clock } = connect({ model: failing(refusal(503), refusal(503)) });
    const asked = model.doGenerate(REQUEST);
    for (let turn = 0; turn < 2; turn++) {
      await poll(() => clock.pendingTimers).toBeGreaterThan(1);
      clock.advance(0);
    }
    expect((await asked).content).toEqual([{ type: 'text', text: 'At last' }]);
    expect(caller.of('task:model:end')).toMatchObject([{ attempts: 3, outcome: 'ok' }]);
  });

  it('counts a repeated call once', async () => {
    const { model, clock, ledger } = connect(failing(refusal(500)));
    const asked = model.doGenerate(REQUEST);
    await poll(() => clock.pendingTimers).toBeGreaterThan(1);
    clock.advance(0);
    await asked;
    expect(ledger.rows.get('own:task-1')).toMatchObject({ modelCalls: 1 });
  });

  it('waits as long as the provider asks', async () => {
    const language = failing(refusal(429, { 'retry-after': '20' }));
    const { model, clock } = connect(language);
    const asked = model.doGenerate(REQUEST);
    await poll(() => clock.pendingTimers).toBe(2);
    clock.advance(19_999);
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(language.doGenerateCalls).toHaveLength(1);
    clock.advance(1);
    await asked;
    expect(language.doGenerateCalls).toHaveLength(2);
  });

  it('gives up at once when it would have to wait too long', async () => {
    const { model } = connect({ model: failing(refusal(429, { 'retry-after': '20' })), maxRetryAfterMs: 10_000 });
    await expect(rejectionOf(model.doGenerate(REQUEST))).resolves.toMatchObject({ code: 'MODEL_UNAVAILABLE', retryable: true, details: { status: 429, attempts: 1, retryAfterMs: 20_000 } });
  });

  it('gives up after so many attempts', async () => {
    const { model, clock, caller } = connect({ model: failing(refusal(500), refusal(500)), maxAttempts: 2 });
    const asked = rejectionOf(model.doGenerate(REQUEST));
    await poll(() => clock.pendingTimers).toBe(2);
    clock.advance(0);
    await expect(asked).resolves.toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { attempts: 2 } });
    expect(caller.of('task:model:end')).toMatchObject([{ outcome: 'error', code: 'MODEL_UNAVAILABLE', attempts: 2 }]);
  });

  it('does not repeat what will be refused again', async () => {
    const { model } = connect(failing(refusal(400), refusal(400)));
    await expect(rejectionOf(model.doGenerate(REQUEST))).resolves.toMatchObject({ code: 'MODEL_FAILED', retryable: false, details: { status: 400, attempts: 1 } });
  });

  it('ends a call that takes too long, also of a model that does not listen', async () => {
    const { model, clock } = connect({ model: new MockLanguageModelV4({ doGenerate: () => new Promise(() => undefined) }), totalMs: 5_000 });
    const asked = rejectionOf(model.doGenerate(REQUEST));
    await poll(() => clock.pendingTimers).toBe(1);
    clock.advance(5_000);
    await expect(asked).resolves.toMatchObject({ code: 'MODEL_TIMEOUT', retryable: true, details: { limit: 'totalMs', ms: 5_000 } });
  });

  it('leaves no timer behind', async () => {
    const { model, clock } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes') }));
    await model.doGenerate(REQUEST);
    expect(clock.pendingTimers).toBe(0);
  });

  it('stops the model when the task has lost interest', async () => {
    let seen: AbortSignal | undefined;
    const { model, caller } = connect(new MockLanguageModelV4({ doGenerate: ({ abortSignal }) => { seen = abortSignal; return new Promise(() => undefined); } }));
    const controller = new AbortController();
    const asked = model.doGenerate({ ...REQUEST, abortSignal: controller.signal });
    await poll(() => seen).toBeDefined();
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await poll(() => seen?.aborted).toBe(true);
    await poll(() => caller.of('task:model:end')).toMatchObject([{ outcome: 'aborted' }]);
  });

  it('stops the model when the task is over', async () => {
    let seen: AbortSignal | undefined;
    const { model, caller } = connect(new MockLanguageModelV4({ doGenerate: ({ abortSignal }) => { seen = abortSignal; return new Promise(() => undefined); } }));
    model.doGenerate(REQUEST).catch(() => undefined);
    await poll(() => seen).toBeDefined();
    caller.end();
    expect(seen?.aborted).toBe(true);
  });

  it('refuses an answer that is too large', async () => {
    const { model } = connect(new MockLanguageModelV4({ doGenerate: answer('x'.repeat(1_100_000)) }));
    await expect(rejectionOf(model.doGenerate(REQUEST))).resolves.toMatchObject({ code: 'MODEL_RESPONSE_TOO_LARGE' });
  });

  it('refuses a request that is too large, in the task already', async () => {
    const language = new MockLanguageModelV4({ doGenerate: answer('Yes') });
    const { model, caller } = connect(language);
    await expect(rejectionOf(model.doGenerate({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x'.repeat(4_200_000) }] }] }))).resolves.toMatchObject({ code: 'MODEL_REQUEST_INVALID' });
    expect([language.doGenerateCalls, caller.events]).toEqual([[], []]);
  });

  it('bounds the answer when little is left of the budget', async () => {
    const language = new MockLanguageModelV4({ doGenerate: answer('Yes') });
    const { model } = connect(language, { budgets: { task: { outputTokens: 300 } } });
    await model.doGenerate(REQUEST);
    expect(language.doGenerateCalls[0]?.maxOutputTokens).toBe(300);
  });

  it('leaves the bound of an answer to the task when much is left', async () => {
    const language = new MockLanguageModelV4({ doGenerate: answer('Yes') });
    await connect(language).model.doGenerate(REQUEST);
    expect(language.doGenerateCalls[0]).not.toHaveProperty('maxOutputTokens');
  });

  it('asks no model when nothing is left', async () => {
    const language = new MockLanguageModelV4({ doGenerate: answer('Yes') });
    const { model, caller } = connect(language, { budgets: { task: { modelCalls: 1 } } });
    await model.doGenerate(REQUEST);
    await expect(rejectionOf(model.doGenerate(REQUEST))).resolves.toMatchObject({ code: 'BUDGET_SPENT', details: { kind: 'modelCalls' } });
    expect([language.doGenerateCalls.length, caller.of('task:model:start').length]).toEqual([1, 1]);
  });

  it('refuses a model that the type may not call', async () => {
    const { model } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes') }), { type: { models: [] } });
    await expect(rejectionOf(model.doGenerate(REQUEST))).resolves.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });

  it.each([null, 'text', {}, { op: 'delete', call: 1 }, { op: 'generate', call: 'one', model: 'default', options: {} }, { op: 'generate', call: 1, model: 'default' }, { op: 'pull', call: 0.5 }])('refuses an order that is none: %j', async (order) => {
    const { ask } = connect(new MockLanguageModelV4());
    await expect(rejectionOf(ask(order))).resolves.toMatchObject({ code: 'MODEL_REQUEST_INVALID' });
  });

  it.each([{}, { prompt: [] }, { prompt: 'Hello' }, { prompt: [{ content: 'no role' }] }, { prompt: [null] }])('refuses a request without a prompt: %j', async (options) => {
    const { ask } = connect(new MockLanguageModelV4());
    await expect(rejectionOf(ask({ op: 'generate', call: 1, model: 'default', options }))).resolves.toMatchObject({ code: 'MODEL_REQUEST_INVALID' });
  });

  it('refuses more calls at once than a task may have, of who goes around the library', async () => {
    const { ask } = connect(new MockLanguageModelV4({ doGenerate: () => new Promise(() => undefined) }));
    const order = (call: number) => ({ op: 'generate', call, model: 'default', options: { prompt: [{ role: 'user', content: [] }] } });
    for (let call = 0; call < 6; call++) void ask(order(call));
    await expect(rejectionOf(ask(order(6)))).resolves.toMatchObject({ code: 'MODEL_BUSY' });
    await expect(rejectionOf(ask({ op: 'pull', call: 99 }))).resolves.toMatchObject({ code: 'MODEL_BUSY' });
  });
});

describe('ModelBroker: what a task may set', () => {
  it('leaves out headers and settings of the provider, and says so', async () => {
    const language = new MockLanguageModelV4({ doGenerate: answer('Yes') });
    const { model } = connect({ model: language, providerOptions: { p: { effort: 'low' } } });
    const { warnings } = await model.doGenerate({ ...REQUEST, headers: { authorization: 'Bearer mine' }, providerOptions: { p: { model: 'dear-one' } } } as typeof REQUEST);
    expect(language.doGenerateCalls[0]).toMatchObject({ providerOptions: { p: { effort: 'low' } } });
    expect(language.doGenerateCalls[0]).not.toHaveProperty('headers');
    expect(warnings.map(({ message }) => message.split(' ', 1)[0])).toEqual(['providerOptions', 'headers']);
  });

  it('refuses tools of the provider', async () => {
    const { model } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes') }));
    await expect(rejectionOf(model.doGenerate({ ...REQUEST, tools: [{ type: 'provider', id: 'openai.web_search', name: 'web', args: {} }] } as typeof REQUEST))).resolves.toMatchObject({ code: 'MODEL_TOOL_REFUSED', details: { tool: 'provider.openai.web_search' } });
  });

  it('lets a tool of the provider through that the policy names', async () => {
    const language = new MockLanguageModelV4({ doGenerate: answer('Yes') });
    const { model } = connect(language, { mayUse: (tool) => tool === 'provider.openai.web_search' });
    await model.doGenerate({ ...REQUEST, tools: [{ type: 'provider', id: 'openai.web_search', name: 'web', args: {} }] } as typeof REQUEST);
    expect(language.doGenerateCalls[0]?.tools).toHaveLength(1);
  });

  it('takes no tool for harmless that it does not know', async () => {
    const { model } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes') }), { mayUse: () => false });
    await expect(rejectionOf(model.doGenerate({ ...REQUEST, tools: ['web'] } as unknown as typeof REQUEST))).resolves.toMatchObject({ details: { tool: 'provider.unknown' } });
  });
});

describe('ModelBroker.stream', () => {
  it('hands over every part in order', async () => {
    const { model } = connect(streaming(partsOf('Good', ' ', 'day')));
    const { stream } = await model.doStream(REQUEST);
    expect(await readAll(stream)).toEqual(partsOf('Good', ' ', 'day'));
  });

  it('tells what is said to who listens', async () => {
    const { model, caller } = connect(streaming(partsOf('Good', ' ', 'day')));
    await readAll((await model.doStream(REQUEST)).stream);
    expect([caller.texts[0], caller.texts.at(-1)]).toEqual(['Good', 'Good day']);
  });

  it('tells how long the first part took', async () => {
    const gate = Promise.withResolvers<undefined>();
    const language = new MockLanguageModelV4({ doStream: async () => { await gate.promise; return { stream: new ReadableStream({ start: (controller) => { for (const part of partsOf('a')) controller.enqueue(part); controller.close(); } }) }; } });
    const { model, clock, caller } = connect(language);
    const asked = model.doStream(REQUEST);
    await poll(() => language.doStreamCalls).toHaveLength(1);
    clock.advance(700);
    gate.resolve(undefined);
    await readAll((await asked).stream);
    expect(caller.of('task:model:end')).toMatchObject([{ firstTokenMs: 700, outcome: 'ok', inputTokens: 10 }]);
  });

  it('reads no more ahead than a task takes', async () => {
    let read = 0;
    const endless = function* (): Generator<ReturnType<typeof partsOf>[number]> {
      yield { type: 'text-start', id: '1' };
      for (;;) yield { type: 'text-delta', id: '1', delta: 'x'.repeat(10_000) };
    };
    const { model } = connect(streaming(endless(), () => { read++; }));
    const { stream } = await model.doStream(REQUEST);
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => { setImmediate(resolve); });
    expect(read).toBeLessThan(40);
    await stream.cancel();
  });

  it('stops an answer without end', async () => {
    const endless = function* (): Generator<ReturnType<typeof partsOf>[number]> {
      yield { type: 'text-start', id: '1' };
      for (;;) yield { type: 'text-delta', id: '1', delta: 'again and again '.repeat(100) };
    };
    const { model, caller } = connect(streaming(endless()));
    const parts = await readAll((await model.doStream(REQUEST)).stream);
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { code: 'MODEL_RESPONSE_TOO_LARGE' } });
    expect(caller.of('task:model:end')).toMatchObject([{ outcome: 'error', code: 'MODEL_RESPONSE_TOO_LARGE' }]);
  });

  it('repeats a stream that fails before its first part', async () => {
    let asked = 0;
    const language = new MockLanguageModelV4({ doStream: () => Promise.resolve({ stream: new ReadableStream({ start: (controller) => {
      controller.enqueue({ type: 'stream-start', warnings: [] });
      if (asked++ === 0) { controller.error(refusal(502)); return; }
      for (const part of partsOf('late').slice(1)) controller.enqueue(part);
      controller.close();
    } }) }) });
    const { model, clock } = connect(language);
    const begun = model.doStream(REQUEST);
    await poll(() => clock.pendingTimers).toBe(2);
    clock.advance(0);
    expect(await readAll((await begun).stream)).toEqual(partsOf('late'));
  });

  it('does not repeat what the task has seen the beginning of', async () => {
    const broken = function* (): Generator<ReturnType<typeof partsOf>[number]> {
      yield* partsOf('half').slice(0, 3);
      throw refusal(502);
    };
    const language = streaming(broken());
    const parts = await readAll((await connect(language).model.doStream(REQUEST)).stream);
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { code: 'MODEL_UNAVAILABLE', retryable: true } });
    expect(language.doStreamCalls).toHaveLength(1);
  });

  it('ends a call whose first part does not come', async () => {
    const { model, clock } = connect({ model: new MockLanguageModelV4({ doStream: () => new Promise(() => undefined) }), firstTokenMs: 3_000 });
    const asked = rejectionOf(model.doStream(REQUEST));
    await poll(() => clock.pendingTimers).toBe(2);
    clock.advance(3_000);
    await expect(asked).resolves.toMatchObject({ code: 'MODEL_TIMEOUT', details: { limit: 'firstTokenMs' } });
    expect(clock.pendingTimers).toBe(0);
  });

  it('stops the model when the task reads no more', async () => {
    const { model, caller } = connect(streaming(partsOf('a', 'b')));
    const { stream } = await model.doStream(REQUEST);
    await stream.cancel();
    await poll(() => caller.of('task:model:end')).toHaveLength(1);
  });

  it.each(['cancel', 'abort'] as const)('lets go of calls that were left in the middle, by %s', async (how) => {
    const endless = function* (): Generator<ReturnType<typeof partsOf>[number]> {
      yield { type: 'text-start', id: '1' };
      for (;;) yield { type: 'text-delta', id: '1', delta: 'x'.repeat(10_000) };
    };
    let seen: AbortSignal | undefined;
    const language = new MockLanguageModelV4({ doStream: (options) => { seen = options.abortSignal; return streaming(endless()).doStream(options); } });
    const { model, clock } = connect({ model: language, maxParallel: 1 });
    for (let call = 0; call < 8; call++) {
      const controller = new AbortController();
      const reader = (await model.doStream({ ...REQUEST, abortSignal: controller.signal })).stream.getReader();
      await reader.read();
      if (how === 'cancel') await reader.cancel();
      else controller.abort();
      await poll(() => seen?.aborted).toBe(true);
    }
    await poll(() => clock.pendingTimers).toBe(0);
  });

  it('ends a call in time whose parts nobody takes', async () => {
    const endless = function* (): Generator<ReturnType<typeof partsOf>[number]> {
      yield { type: 'text-start', id: '1' };
      for (;;) yield { type: 'text-delta', id: '1', delta: 'x'.repeat(10_000) };
    };
    const { model, clock, caller } = connect({ model: streaming(endless()), totalMs: 9_000 });
    const { stream } = await model.doStream(REQUEST);
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => { setImmediate(resolve); });
    clock.advance(9_000);
    await poll(() => caller.of('task:model:end')).toMatchObject([{ outcome: 'error', code: 'MODEL_TIMEOUT' }]);
    expect((await readAll(stream)).at(-1)).toMatchObject({ type: 'error', error: { code: 'MODEL_TIMEOUT' } });
  });

  it('gives its turn to the next task when it is over', async () => {
    const parts = [...partsOf('a')];
    const language = new MockLanguageModelV4({ doStream: () => Promise.resolve({ stream: new ReadableStream({ start: (controller) => { for (const part of parts) controller.enqueue(part); controller.close(); } }) }) });
    const { model } = connect({ model: language, maxParallel: 1 });
    const answers = await Promise.all([1, 2, 3].map(async () => readAll((await model.doStream(REQUEST)).stream)));
    expect(answers).toEqual([parts, parts, parts]);
  });
});
