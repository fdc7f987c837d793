import { generateText, stepCountIs, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { defineTool } from '../../src/lib/task-system/tools/defineTool.ts';
import type { ToolCallOptions } from '../../src/lib/task-system/types/Tools.ts';
import { rejectionOf, thrownBy } from '../support/thrown.ts';
import { settle, toolPair } from './toolPair.ts';

const echo = defineTool({ name: 'echo', inputSchema: z.object({ text: z.string() }), execute: ({ text }) => ({ text }) });

const execute = (): number => 1;

describe('tools.call', () => {
  it('runs a tool of the handler with its input, typed and checked', async () => {
    const { tools } = toolPair({ own: [echo] });
    expect(await tools.call('echo', { text: 'hi' })).toEqual({ text: 'hi' });
    expect((await rejectionOf(tools.call('echo', { text: 1 }))).code).toBe('TOOL_INPUT_INVALID');
  });

  it('tells of an input that does not fit, though nothing ran', async () => {
    const { tools, events } = toolPair({ own: [echo] });
    await rejectionOf(tools.call('echo', {}));
    await settle();
    expect(events.map(({ type, data }) => [type, 'outcome' in data ? data.outcome : undefined])).toEqual([['task:tool:start', undefined], ['task:tool:end', 'error']]);
  });

  it('runs nothing that was denied', async () => {
    const execute = vi.fn(() => null);
    const { tools } = toolPair({ policy: { deny: ['*'] }, own: { mine: { execute } } });
    expect((await rejectionOf(tools.call('mine', {}))).code).toBe('TOOL_DENIED');
    expect(execute).not.toHaveBeenCalled();
  });

  it('is denied where the policy cannot be read', async () => {
    const { broker, caller } = toolPair();
    const denied = await rejectionOf(broker.start({ ...caller, task: { ...caller.task, type: 'gone' } }, { tool: 'echo' }));
    expect(denied).toMatchObject({ code: 'TOOL_DENIED', details: { rule: 'error' } });
  });

  it('passes on what a tool of the handler throws as it is', async () => {
    const thrown = new RangeError('too far');
    const { tools } = toolPair({ own: { bad: { execute: () => { throw thrown; } } } });
    await expect(tools.call('bad')).rejects.toBe(thrown);
  });

  it('gives up when its signal is aborted, and tells the tool', async () => {
    const stop = new AbortController();
    const seen = Promise.withResolvers<AbortSignal>();
    const { tools } = toolPair({ own: { hang: { execute: (_input: unknown, { abortSignal }: ToolCallOptions) => { seen.resolve(abortSignal); return new Promise(() => undefined); } } } });
    const calling = rejectionOf(tools.call('hang', {}, { signal: stop.signal }));
    const signal = await seen.promise;
    stop.abort(new Error('enough'));
    expect(await calling).toMatchObject({ code: 'TOOL_ABORTED', message: expect.stringContaining('enough') });
    expect(signal.aborted).toBe(true);
  });

  it('does not wait for a host tool when its signal is aborted', async () => {
    const stop = new AbortController();
    const { tools } = toolPair({ host: { hang: { execute: () => new Promise(() => undefined) } } });
    const calling = rejectionOf(tools.call('hang', {}, { signal: stop.signal }));
    await settle();
    stop.abort();
    expect((await calling).code).toBe('TOOL_ABORTED');
    expect((await rejectionOf(tools.call('hang', {}, { signal: stop.signal }))).code).toBe('TOOL_ABORTED');
  });

  it('stops what runs when the task is being stopped', async () => {
    const { tools, stop } = toolPair({ own: { hang: { execute: () => new Promise(() => undefined) } } });
    const calling = rejectionOf(tools.call('hang'));
    await settle();
    stop.abort();
    expect((await calling).code).toBe('TOOL_ABORTED');
    expect((await rejectionOf(tools.call('hang'))).code).toBe('TOOL_ABORTED');
  });

  it('cuts an output to what the policy allows', async () => {
    const { tools } = toolPair({ policy: { allow: ['*'], limits: { big: { maxOutputBytes: 2_048 } } }, own: { big: { execute: () => 'x'.repeat(100_000) } } });
    expect(JSON.stringify(await tools.call('big')).length).toBeLessThan(2_048);
  });

  it.each([['is a BigInt', 1n], ['is a function', (): number => 1], ['has more than 128 KiB', 'x'.repeat(131_073)]])('refuses an input that %s before anybody is asked', async (_name, input) => {
    const { tools } = toolPair({ host: { any: { execute: () => null } } });
    expect((await rejectionOf(tools.call('any', { input: [input] }).then(() => tools.call('any', input)))).code).toBe('TOOL_INPUT_INVALID');
  });
});

describe('tools.wrap', () => {
  it('gives the same record with another function, and everything else as it was', () => {
    const { tools } = toolPair();
    const toModelOutput = (): { readonly type: 'text'; readonly value: string } => ({ type: 'text', value: '' });
    const own = { search: { description: 'Searches.', inputSchema: z.object({}), extra: Symbol('x'), toModelOutput, execute: () => 1 } };
    const wrapped = tools.wrap(own);
    expect(wrapped.search).toEqual({ ...own.search, execute: expect.any(Function) });
    expect(wrapped.search.execute).not.toBe(own.search.execute);
    expect(tools.wrap([echo])).toEqual([{ ...echo, execute: expect.any(Function) }]);
  });

  it('lets call find the tool by its name, or by its key', async () => {
    const { tools } = toolPair();
    tools.wrap({ first: { execute: () => 1 }, second: { name: 'crm.second', execute: () => 2 } });
    expect([await tools.call('first'), await tools.call('crm.second')]).toEqual([1, 2]);
  });

  it('changes nothing that is wrapped already: no call is decided twice', async () => {
    const { tools, events } = toolPair();
    const once = tools.wrap({ one: { execute: (_input: unknown, _options?: unknown): unknown => 1 } });
    const twice = tools.wrap(once);
    expect(twice.one).toBe(once.one);
    expect(await twice.one.execute({}, {})).toBe(1);
    await settle();
    expect(events).toHaveLength(2);
  });

  it('takes tools of the AI SDK, and a model can call them and recover from a denial', async () => {
    const { tools, events } = toolPair({ policy: { allow: [{ tool: 'weather', args: { city: ['Ber*'] } }] } });
    const calls = [{ city: 'Berlin' }, { city: 'Paris' }].map((input, index) => ({ type: 'tool-call' as const, toolCallId: `call-${String(index)}`, toolName: 'weather', input: JSON.stringify(input) }));
    const usage = { inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 1, text: 1, reasoning: 0 } };
    let step = 0;
    const model = new MockLanguageModelV4({
      doGenerate: () => Promise.resolve(step++ === 0
        ? { content: calls, finishReason: { unified: 'tool-calls' as const, raw: undefined }, usage, warnings: [] }
        : { content: [{ type: 'text' as const, text: 'Sunny in Berlin.' }], finishReason: { unified: 'stop' as const, raw: undefined }, usage, warnings: [] }),
    });
    const weather = tool({ description: 'Weather.', inputSchema: z.object({ city: z.string() }), execute: ({ city }) => ({ city, sun: true }) });
    const { text, steps } = await generateText({ model, tools: tools.wrap({ weather }), prompt: 'Weather?', stopWhen: stepCountIs(3) });
    expect(text).toBe('Sunny in Berlin.');
    const parts = steps[0]?.content.filter(({ type }) => type === 'tool-result' || type === 'tool-error') ?? [];
    expect(parts).toEqual([
      expect.objectContaining({ type: 'tool-result', output: { city: 'Berlin', sun: true } }),
      expect.objectContaining({ type: 'tool-error', error: expect.objectContaining({ code: 'TOOL_DENIED' }) }),
    ]);
    await settle();
    expect(events.filter(({ type }) => type === 'task:tool:end').map(({ data }) => 'outcome' in data && data.outcome)).toEqual(expect.arrayContaining(['denied', 'ok']));
  });

  it('takes tools as an MCP server lists them, with one function for all', async () => {
    const { tools } = toolPair();
    const listed = [{ name: 'mcp__web__search', description: 'Searches.', inputSchema: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] }, annotations: { readOnlyHint: true } }];
    const callTool = vi.fn((name: string, input: unknown) => ({ content: [{ type: 'text', text: `${name} ${JSON.stringify(input)}` }] }));
    tools.wrap(listed, callTool);
    expect(await tools.call('mcp__web__search', { q: 'bees' })).toEqual({ content: [{ type: 'text', text: 'mcp__web__search {"q":"bees"}' }] });
    expect((await rejectionOf(tools.call('mcp__web__search', {}))).code).toBe('TOOL_INPUT_INVALID');
    expect(callTool).toHaveBeenCalledTimes(1);
    expect((await tools.list()).find(({ name }) => name === 'mcp__web__search')).toMatchObject({ annotations: { readOnlyHint: true }, description: 'Searches.' });
  });

  it('runs a tool that is marked so in the host, where its code is another', async () => {
    const { tools } = toolPair({ host: { pay: { execute: () => 'by the host' } } });
    const wrapped = tools.wrap({ pay: { runsIn: 'host' as const, execute: (_input: unknown): unknown => 'by the task' } });
    expect(await wrapped.pay.execute({})).toBe('by the host');
  });

  it.each([
    ['has no function', { a: {} }], ['is called like a built-in one', { 'fs.read': { execute } }], ['is called like one of theirs', { 'shell.more': { execute } }],
    ['has a name that is none', { 'a b': { execute } }], ['has a schema that is none', { a: { inputSchema: 'x', execute } }], ['has a time that is none', { a: { timeoutMs: Number.NaN, execute } }],
  ])('refuses a tool that %s', (_name, own) => {
    expect(thrownBy(() => toolPair().tools.wrap(own)).code).toBe('TOOL_INVALID');
  });
});

describe('tools.list', () => {
  it('leaves out what the policy never allows', async () => {
    const { tools } = toolPair({ policy: { allow: ['fs.*', 'echo'], deny: ['fs.remove'] }, own: [echo], host: { pay: { execute: () => 1 } } });
    expect((await tools.list()).map(({ name }) => name)).toEqual(['echo', 'fs.edit', 'fs.list', 'fs.read', 'fs.search', 'fs.stat', 'fs.write']);
  });

  it('gives every tool a function, a schema that SDKs take, and a name of its own', async () => {
    const { tools } = toolPair({ own: [echo, defineTool({ name: 'fs_read', execute: () => 'mine' })], host: { pay: { description: 'Pays.', inputSchema: z.object({ n: z.number() }), execute: ({ n }: { n: number }) => n } } });
    const list = await tools.list();
    const byModelName = Object.fromEntries(list.map((each) => [each.modelName, each]));
    expect(await byModelName['fs_read']?.execute({})).toBe('mine');
    await tools.call('fs.write', { path: 'a', content: 'text' });
    expect(await byModelName['fs_read_2']?.execute({ path: 'a' })).toEqual({ path: 'a', content: 'text', size: 4 });
    expect(await byModelName['pay']?.execute({ n: 3 })).toBe(3);
    expect(byModelName['pay']).toMatchObject({ description: 'Pays.', runsIn: 'host', inputSchema: { type: 'object', properties: { n: { type: 'number' } } } });
    expect(tools.wrap(byModelName)['pay']).toBe(byModelName['pay']);
  });
});
