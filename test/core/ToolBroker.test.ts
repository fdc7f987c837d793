import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { readHostTools } from '../../src/lib/task-system/core/ToolBroker.ts';
import { decideCall } from '../../src/lib/task-system/policy/ToolPolicy.ts';
import { serializeError } from '../../src/lib/task-system/types/Errors.ts';
import type { EventDraft } from '../../src/lib/task-system/types/Events.ts';
import { isJsonObject, parseJson, type JsonValue } from '../../src/lib/task-system/types/Json.ts';
import { resolvePolicy } from '../../src/lib/task-system/types/resolvePolicy.ts';
import type { ToolCallOptions } from '../../src/lib/task-system/types/Tools.ts';
import { rejectionOf, thrownBy } from '../support/thrown.ts';
import { settle, toolPair } from './toolPair.ts';

function endsOf(events: readonly EventDraft[]): readonly unknown[] {
  return events.filter(({ type }) => type === 'task:tool:end').map(({ data }) => data);
}

describe('ToolBroker.start', () => {
  it('answers with an id and the limits of the policy', async () => {
    const { ask } = toolPair({ policy: { allow: ['*'], limits: { 'own': { timeoutMs: 5, maxOutputBytes: 2_048 } } } });
    expect(await ask('toolStart', { tool: 'own', input: {} })).toEqual({ callId: '1-1', timeoutMs: 5, maxOutputBytes: 2_048 });
    expect(await ask('toolStart', { tool: 'other' })).toEqual({ callId: '1-2' });
  });

  it('never lets a task run what is a tool of the host', async () => {
    const { ask, events } = toolPair({ host: { pay: { execute: () => null } } });
    expect(await rejectionOf(ask('toolStart', { tool: 'pay', input: {} }))).toMatchObject({ code: 'TOOL_DENIED', details: { rule: 'default' } });
    await settle();
    expect(endsOf(events)).toEqual([expect.objectContaining({ tool: 'pay', outcome: 'denied' })]);
  });

  it.each([[null], [{}], [{ tool: 7 }], [{ tool: '' }], [{ tool: 'a b' }], [{ tool: 'x'.repeat(129) }], [{ tool: '../fs' }], [{ tool: ['fs.read'] }], ['fs.read'], [[]]])('refuses %j, which names no tool', async (params) => {
    expect((await rejectionOf(toolPair().ask('toolStart', params))).code).toBe('TOOL_UNKNOWN');
  });

  it('refuses inputs that are too large or too deep', async () => {
    const { ask } = toolPair();
    expect((await rejectionOf(ask('toolStart', { tool: 'own', input: 'x'.repeat(131_073) }))).code).toBe('TOOL_INPUT_INVALID');
    expect((await rejectionOf(ask('toolStart', { tool: 'own', input: parseJson(`${'['.repeat(200)}${']'.repeat(200)}`) }))).code).toBe('TOOL_INPUT_INVALID');
  });

  it('refuses more calls than may be open, until some have ended', async () => {
    const { ask } = toolPair();
    for (let index = 0; index < 256; index++) await ask('toolStart', { tool: 'own' });
    expect((await rejectionOf(ask('toolStart', { tool: 'own' }))).code).toBe('TOOL_BUSY');
    await ask('toolEnd', { callId: '1-7', outcome: 'ok' });
    expect(await ask('toolStart', { tool: 'own' })).toEqual({ callId: '1-257' });
  });

  it('refuses them also when they come all at once', async () => {
    const { ask } = toolPair();
    const codes = await Promise.all(Array.from({ length: 300 }, () => ask('toolStart', { tool: 'own' }).then(() => 'begun', (error: unknown) => serializeError(error).code)));
    expect([codes.filter((code) => code === 'begun').length, codes.filter((code) => code === 'TOOL_BUSY').length]).toEqual([256, 44]);
  });

  it('waits for the disk only when too much is unwritten', async () => {
    const disk = Promise.withResolvers<boolean>();
    const { ask } = toolPair({ record: () => disk.promise });
    for (let index = 0; index < 200; index++) await ask('toolStart', { tool: 'own' });
    for (let index = 0; index < 1_000; index++) void ask('toolEnd', { tool: 'own', outcome: 'error' });
    let hasAnswered = false;
    const late = ask('toolStart', { tool: 'own' }).then(() => { hasAnswered = true; });
    await settle();
    expect(hasAnswered).toBe(false);
    disk.resolve(true);
    await late;
  });

  it('goes on when events cannot be stored, and says so', async () => {
    const { ask, logged } = toolPair({ record: () => Promise.reject(new Error('disk full')) });
    expect(await ask('toolStart', { tool: 'own' })).toEqual({ callId: '1-1' });
    await settle();
    expect(logged).toEqual(['task task-1: events of tools could not be stored']);
  });

  it('denies when the type of the task is gone', async () => {
    const { broker, caller } = toolPair();
    const orphan = { ...caller, task: { ...caller.task, type: 'gone' } };
    expect((await rejectionOf(broker.start(orphan, { tool: 'own' }))).code).toBe('TOOL_DENIED');
    expect(await broker.list(orphan, { names: ['own'] })).toEqual({ allowed: [], host: [] });
  });
});

describe('ToolBroker.end', () => {
  it('measures a call by the clock of the host', async () => {
    const { ask, events, clock } = toolPair();
    await ask('toolStart', { tool: 'own' });
    clock.advance(25);
    await ask('toolEnd', { callId: '1-1', outcome: 'ok', durationMs: 9_999, outputBytes: 12 });
    await settle();
    expect(endsOf(events)).toEqual([{ callId: '1-1', tool: 'own', durationMs: 25, outcome: 'ok', outputBytes: 12 }]);
  });

  it.each<[string, JsonValue]>([
    ['an id that never was', { callId: '1-99', outcome: 'ok' }], ['no id', { outcome: 'ok' }], ['an id that is none', { callId: 1, outcome: 'ok' }], ['nothing', null], ['a list', []],
    ['a name that is none', { tool: '*', outcome: 'error' }],
  ])('takes no notice of %s', async (_name, params) => {
    const { ask, events } = toolPair();
    await ask('toolEnd', params);
    await settle();
    expect(events).toEqual([]);
  });

  it('ends a call once', async () => {
    const { ask, events } = toolPair();
    await ask('toolStart', { tool: 'own' });
    for (let times = 0; times < 3; times++) await ask('toolEnd', { callId: '1-1', outcome: 'error', message: 'no' });
    await settle();
    expect(endsOf(events)).toHaveLength(1);
  });

  it('cannot end a call that runs in the host', async () => {
    const gate = Promise.withResolvers<string>();
    const { ask, events } = toolPair({ host: { slow: { execute: () => gate.promise } } });
    const running = ask('toolRun', { tool: 'slow' });
    await settle();
    await ask('toolEnd', { callId: '1-1', outcome: 'ok', message: 'forged' });
    gate.resolve('done');
    expect(await running).toBe('done');
    await settle();
    expect(endsOf(events)).toEqual([expect.objectContaining({ callId: '1-1', outcome: 'ok', outputBytes: 6 })]);
  });

  it('cannot say that a call was denied or allowed by a rule of its own', async () => {
    const { ask, events } = toolPair();
    await ask('toolStart', { tool: 'own' });
    await ask('toolEnd', { callId: '1-1', outcome: 'denied', rule: 'mine', message: `x${'y'.repeat(9_000)}` });
    await settle();
    expect(endsOf(events)).toEqual([{ callId: '1-1', tool: 'own', durationMs: 0, outcome: 'error', message: expect.stringMatching(/^xy{2047}… \(9001 characters\)$/) }]);
  });

  it('takes secrets out of what a child says', async () => {
    const { ask, events } = toolPair({ secrets: ['hunter22'] });
    await ask('toolStart', { tool: 'own', input: { note: 'is hunter22', password: 'x' } });
    await ask('toolEnd', { callId: '1-1', outcome: 'error', message: 'hunter22 was wrong' });
    await settle();
    expect(JSON.stringify(events)).not.toContain('hunter22');
    expect(events[0]?.data).toMatchObject({ input: { note: 'is [redacted]', password: '[redacted]' } });
  });
});

describe('ToolBroker.run', () => {
  it('runs a tool with its input as the schema makes it, and with the task by the books of the host', async () => {
    const execute = vi.fn((_input: unknown, { task, messages, toolCallId }: ToolCallOptions) => ({ task: task.id, project: task.project, messages, toolCallId }));
    const { ask } = toolPair({ host: { pay: { inputSchema: z.object({ amount: z.coerce.number(), to: z.string().default('nobody') }), execute } } });
    expect(await ask('toolRun', { tool: 'pay', input: { amount: '5' }, task: { id: 'forged' } })).toEqual({ task: 'task-1', project: 'acme', messages: [], toolCallId: '1-1' });
    expect(execute.mock.calls[0]?.[0]).toEqual({ amount: 5, to: 'nobody' });
  });

  it('decides about what the schema makes of the input, not about what came', async () => {
    const execute = vi.fn(() => null);
    const inputSchema = z.object({ path: z.string().transform((path) => path.replace('safe', 'secret')) });
    const { ask } = toolPair({ policy: { allow: [{ tool: 'look', paths: ['safe/**'] }] }, host: { look: { inputSchema, execute } } });
    expect((await rejectionOf(ask('toolRun', { tool: 'look', input: { path: 'safe/x' } }))).code).toBe('TOOL_DENIED');
    expect(execute).not.toHaveBeenCalled();
  });

  it('does not even ask the schema where the policy never allows the tool', async () => {
    const validate = vi.fn(() => ({ value: {} }));
    const { ask } = toolPair({ policy: { allow: ['fs.*'] }, host: { pay: { inputSchema: { '~standard': { version: 1, vendor: 'x', validate } }, execute: () => null } } });
    expect((await rejectionOf(ask('toolRun', { tool: 'pay' }))).code).toBe('TOOL_DENIED');
    expect(validate).not.toHaveBeenCalled();
  });

  it('says what is wrong with an input, unless that would give a secret away', async () => {
    const { ask, events } = toolPair({ secrets: ['hunter22'], host: { login: { inputSchema: z.object({ user: z.string(), key: z.literal('hunter22') }), execute: () => null } } });
    expect((await rejectionOf(ask('toolRun', { tool: 'login', input: { user: 1, key: 'hunter22' } }))).message).toContain('user');
    const guess = await rejectionOf(ask('toolRun', { tool: 'login', input: { user: 'a', key: 'b' } }));
    expect(guess).toMatchObject({ code: 'TOOL_INPUT_INVALID', message: expect.not.stringContaining('hunter22') });
    await settle();
    expect(endsOf(events)).toEqual([expect.objectContaining({ outcome: 'error' }), expect.objectContaining({ outcome: 'error' })]);
  });

  it('names the nearest tool that the policy may allow, and no other', async () => {
    const { ask } = toolPair({ policy: { allow: ['crm.find'] }, host: { 'crm.find': { execute: () => null }, 'crm.fine': { execute: () => null } } });
    const error = await rejectionOf(ask('toolRun', { tool: 'crm.fimd' }));
    expect(error.code).toBe('TOOL_UNKNOWN');
    expect(error.message).toContain('did you mean "crm.find"?');
    expect((await rejectionOf(ask('toolRun', { tool: 'elsewhere' }))).message).not.toContain('did you mean');
  });

  it.each(['constructor', '__proto__', 'toString', 'fs.read', 'shell.run'])('finds no tool called %s', async (tool) => {
    expect((await rejectionOf(toolPair().ask('toolRun', { tool }))).code).toBe('TOOL_UNKNOWN');
  });

  it('ends a call that takes too long, whatever the tool does about it', async () => {
    const { ask, clock, events } = toolPair({ policy: { allow: ['*'], limits: { '*': { timeoutMs: 50 } } }, host: { hang: { timeoutMs: 1_000, execute: () => new Promise(() => undefined) } } });
    const running = rejectionOf(ask('toolRun', { tool: 'hang' }));
    await settle();
    clock.advance(50);
    expect(await running).toMatchObject({ code: 'TOOL_TIMEOUT', details: { timeoutMs: 50 } });
    await settle();
    expect(endsOf(events)).toEqual([expect.objectContaining({ outcome: 'error', durationMs: 50 })]);
  });

  it('cuts an output of 10 MB to what it may be', async () => {
    const { ask } = toolPair({ host: { big: { execute: () => ({ log: 'x'.repeat(10_000_000) }) } } });
    expect(JSON.stringify(await ask('toolRun', { tool: 'big' })).length).toBeLessThanOrEqual(262_144);
  });

  it.each([['a function', (): unknown => () => 1], ['a BigInt', (): unknown => ({ n: 1n })], ['numbers without end', (): unknown => Array.from({ length: 200_000 }, () => 1)]])('refuses %s as an output', async (_name, execute) => {
    expect((await rejectionOf(toolPair({ host: { odd: { execute } } }).ask('toolRun', { tool: 'odd' }))).code).toBe('TOOL_OUTPUT_INVALID');
  });

  it('checks an output by its schema', async () => {
    const { ask } = toolPair({ host: { sum: { outputSchema: z.object({ total: z.number() }), execute: ({ total }: { total: unknown }) => ({ total }) } } });
    expect(await ask('toolRun', { tool: 'sum', input: { total: 3 } })).toEqual({ total: 3 });
    expect((await rejectionOf(ask('toolRun', { tool: 'sum', input: { total: 'x' } }))).code).toBe('TOOL_OUTPUT_INVALID');
  });

  it.each([['an error', new Error('no bees')], ['an error of the system', Object.assign(new TypeError('no bees'), { code: 'ENOENT' })], ['an error of an SDK', new DOMException('no bees')]])('passes %s on as a failure, without a place in the host', async (_name, thrown) => {
    const { ask } = toolPair({ host: { bad: { execute: () => { throw thrown; } } } });
    const error = await rejectionOf(ask('toolRun', { tool: 'bad' }));
    expect(error.code).toBe('TOOL_FAILED');
    expect(error.message).toContain('no bees');
    expect(error.cause instanceof Error ? error.cause.stack : '').not.toContain('.ts:');
  });

  it('takes the last value of a tool that yields', async () => {
    const { ask } = toolPair({ host: { steps: { async* execute() { yield 1; await settle(); yield 2; } } } });
    expect(await ask('toolRun', { tool: 'steps' })).toBe(2);
  });

  it('refuses more than 16 also when they come all at once', async () => {
    const gate = Promise.withResolvers<number>();
    let [running, most] = [0, 0];
    const { ask } = toolPair({ host: { slow: { execute: async () => { most = Math.max(most, ++running); await gate.promise; running--; return null; } } } });
    const codes = Array.from({ length: 20 }, () => ask('toolRun', { tool: 'slow' }).then(() => 'run', (error: unknown) => serializeError(error).code));
    expect(await Promise.all(codes.slice(16))).toEqual(['TOOL_BUSY', 'TOOL_BUSY', 'TOOL_BUSY', 'TOOL_BUSY']);
    gate.resolve(1);
    expect([new Set(await Promise.all(codes.slice(0, 16))), most]).toEqual([new Set(['run']), 16]);
  });

  it('refuses more than 16 at once', async () => {
    const gate = Promise.withResolvers<number>();
    const { ask } = toolPair({ host: { slow: { execute: () => gate.promise } } });
    const running = Array.from({ length: 16 }, () => ask('toolRun', { tool: 'slow' }));
    await settle();
    expect((await rejectionOf(ask('toolRun', { tool: 'slow' }))).code).toBe('TOOL_BUSY');
    gate.resolve(1);
    expect(await Promise.all(running)).toHaveLength(16);
    expect(await ask('toolRun', { tool: 'slow' })).toBe(1);
  });

  it('aborts what runs when the attempt is over, and tells of its end at once', async () => {
    const seen = Promise.withResolvers<AbortSignal>();
    const { ask, stop, events } = toolPair({ host: { hang: { execute: (_input: unknown, { abortSignal }: ToolCallOptions) => { seen.resolve(abortSignal); return new Promise(() => undefined); } } } });
    const running = rejectionOf(ask('toolRun', { tool: 'hang' }));
    const signal = await seen.promise;
    stop.abort();
    expect(signal.aborted).toBe(true);
    expect(endsOf(events)).toEqual([expect.objectContaining({ outcome: 'error' })]);
    expect((await running).code).toBe('TOOL_ABORTED');
    expect((await rejectionOf(ask('toolRun', { tool: 'hang' }))).code).toBe('TOOL_ABORTED');
  });

  it('does not begin a call whose attempt ended while its input was being checked', async () => {
    const gate = Promise.withResolvers<{ value: unknown }>();
    const execute = vi.fn(() => null);
    const { ask, stop } = toolPair({ host: { pay: { inputSchema: { '~standard': { version: 1, vendor: 'x', validate: () => gate.promise } }, execute } } });
    const running = rejectionOf(ask('toolRun', { tool: 'pay' }));
    stop.abort();
    gate.resolve({ value: {} });
    expect((await running).code).toBe('TOOL_ABORTED');
    expect(execute).not.toHaveBeenCalled();
  });

  it('counts calls that were checked at the same time one by one', async () => {
    const { ask } = toolPair({ policy: { allow: ['*'], limits: { 'pa*': { maxCalls: 2 } } }, host: { pay: { inputSchema: z.object({}), execute: () => 'paid' } } });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => ask('toolRun', { tool: 'pay' })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('runs a tool only where decideCall allows exactly that call, whatever a child sends', async () => {
    const rule = fc.record({ tool: fc.constantFrom('pay', 'pay.*', '*', 'look'), paths: fc.array(fc.constantFrom('a/**', 'b', '**'), { maxLength: 2 }) }, { requiredKeys: ['tool'] });
    const policies = fc.record({ allow: fc.array(rule, { maxLength: 3 }), deny: fc.array(rule, { maxLength: 2 }) });
    const input = fc.oneof(fc.record({ path: fc.constantFrom('a/x', 'b', '../b', '/b', 'c') }), fc.jsonValue().map((value) => parseJson(JSON.stringify(value))));
    const params = fc.oneof(
      fc.record({ tool: fc.constantFrom('pay', 'pay.bill', 'look', 'none'), input, callId: fc.constantFrom('1-1', '1-2'), outcome: fc.constantFrom('ok', 'denied') }, { requiredKeys: [] }),
      fc.jsonValue().map((value) => parseJson(JSON.stringify(value))),
    );
    const sent = fc.array(fc.tuple(fc.constantFrom('toolStart' as const, 'toolEnd' as const, 'toolRun' as const, 'toolList' as const), params), { maxLength: 8 });
    await fc.assert(fc.asyncProperty(policies, sent, async (policy, messages) => {
      const ran: { readonly tool: string; readonly input: JsonValue }[] = [];
      const hostTool = (tool: string) => ({ inputSchema: { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) } }, execute: (value: JsonValue) => { ran.push({ tool, input: value }); return null; } });
      const { ask, stop } = toolPair({ policy, host: { 'pay': hostTool('pay'), 'pay.bill': hostTool('pay.bill'), 'look': hostTool('look') } });
      await Promise.allSettled(messages.map(([method, value]) => ask(method, value)));
      stop.abort();
      for (const { tool, input: value } of ran) {
        expect(decideCall(resolvePolicy(policy, 'policy'), tool, value).decision).toBe('allow');
        expect(messages.some(([method, value2]) => method === 'toolRun' && isJsonObject(parseJson(JSON.stringify(value2))) && JSON.stringify(value2).includes(JSON.stringify(tool)))).toBe(true);
      }
    }), { numRuns: 300 });
  });
});

const execute = (): null => null;

describe('readHostTools', () => {
  it.each([
    ['runs in the task', { a: { runsIn: 'task' as const, execute } }], ['has the name of a built-in tool', { 'fs.read': { execute } }], ['has a name of their kind', { 'shell.more': { execute } }],
    ['has no function', { a: {} }], ['has a name that is none', { 'a b': { execute } }], ['has a schema that is none', { a: { inputSchema: 5, execute } }],
    ['has no time', { a: { timeoutMs: 0, execute } }], ['is there twice', [{ name: 'a', execute }, { name: 'a', execute }]], ['has no name', [{ execute }]],
  ])('refuses a tool that %s', (_name, tools) => {
    expect(thrownBy(() => readHostTools(tools)).code).toBe('TOOL_INVALID');
  });

  it('calls a tool in a record by its own name, if it has one', () => {
    expect([...readHostTools({ a: { execute }, b: { name: 'c', execute } }).keys()]).toEqual(['a', 'c']);
  });
});
