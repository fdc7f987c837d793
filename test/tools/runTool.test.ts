import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { readTool } from '../../src/lib/task-system/tools/readTools.ts';
import { checkInput, runTool } from '../../src/lib/task-system/tools/runTool.ts';
import type { FittedOutput } from '../../src/lib/task-system/tools/fitOutput.ts';
import type { ToolCallOptions, ToolLike } from '../../src/lib/task-system/types/Tools.ts';
import { rejectionOf } from '../support/thrown.ts';

const OPTIONS = { toolCallId: '1', messages: [], task: { id: 'a', type: 'b', project: 'c', attempt: 1, metadata: {}, rootId: 'a' }, onOutput: () => undefined };
const settle = (): Promise<void> => new Promise(setImmediate);

function start(tool: ToolLike, maxOutputBytes = 262_144): { readonly clock: FakeClock; readonly stop: AbortController; readonly running: Promise<FittedOutput> } {
  const [clock, stop] = [new FakeClock(), new AbortController()];
  return { clock, stop, running: runTool(readTool('t', tool, 'task'), {}, OPTIONS, { timeoutMs: 100, maxOutputBytes, signal: stop.signal, clock }) };
}

const run = (execute: ToolLike['execute'], rest: ToolLike = {}): Promise<unknown> => start({ ...rest, execute }).running.then(({ value }) => value);

describe('checkInput', () => {
  const input = readTool('t', { inputSchema: z.object({ n: z.coerce.number().default(3) }), execute: () => 1 }, 'task');

  it('takes no input for an empty object', async () => {
    expect(await checkInput(input, undefined)).toEqual({ value: { n: 3 }, json: { n: 3 } });
  });

  it('gives what the schema made, and the same as JSON', async () => {
    const dated = readTool('t', { inputSchema: z.object({ at: z.coerce.date() }), execute: () => 1 }, 'task');
    expect(await checkInput(dated, { at: '2026-01-01' })).toEqual({ value: { at: new Date('2026-01-01') }, json: { at: '2026-01-01T00:00:00.000Z' } });
  });

  it('does not show the schema what is not JSON', async () => {
    const validate = vi.fn(() => ({ value: 1 }));
    const odd = readTool('t', { inputSchema: { '~standard': { version: 1, vendor: 'x', validate } }, execute: () => 1 }, 'task');
    expect((await rejectionOf(checkInput(odd, { n: 1n }))).code).toBe('TOOL_INPUT_INVALID');
    expect((await rejectionOf(checkInput(odd, Symbol('x')))).code).toBe('TOOL_INPUT_INVALID');
    expect(validate).not.toHaveBeenCalled();
  });

  it('shows the schema a copy: what a getter would say later does not matter', async () => {
    let reads = 0;
    const sly = { get n() { return ++reads; } };
    expect((await checkInput(input, sly)).value).toEqual({ n: 1 });
    expect(reads).toBe(1);
  });

  it('measures the input in bytes, not in characters', async () => {
    expect((await rejectionOf(checkInput(input, { n: '漢'.repeat(50_000) }))).message).toContain('131072 are allowed');
  });

  it('passes on the error of a schema that throws', async () => {
    const bad = readTool('t', { inputSchema: { '~standard': { version: 1, vendor: 'x', validate: () => { throw new RangeError('no'); } } }, execute: () => 1 }, 'task');
    await expect(checkInput(bad, {})).rejects.toThrow(RangeError);
  });
});

describe('runTool', () => {
  it('gives what a tool returns, at once or later', async () => {
    expect([await run(() => 1), await run(() => Promise.resolve(2))]).toEqual([1, 2]);
  });

  it('gives null for nothing', async () => {
    expect(await run(() => undefined)).toBeNull();
  });

  it('gives the last value of a tool that yields, and null for none', async () => {
    expect(await run(async function* () { await settle(); yield 1; yield 2; })).toBe(2);
    expect(await run(() => Readable.from([]))).toBeNull();
  });

  it('gives what the schema of the output makes of it', async () => {
    expect(await run(() => ({ n: '5', more: 1 }), { outputSchema: z.object({ n: z.coerce.number() }) })).toEqual({ n: 5 });
  });

  it('leaves no timer behind', async () => {
    const { clock, running } = start({ execute: () => 1 });
    await running;
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind when the tool throws', async () => {
    const { clock, running } = start({ execute: () => { throw new Error('no'); } });
    await expect(running).rejects.toThrow('no');
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells the tool why it is being stopped', async () => {
    const reason = Promise.withResolvers<unknown>();
    const { clock, running } = start({ execute: (_input: unknown, { abortSignal }: ToolCallOptions) => new Promise(() => { abortSignal.addEventListener('abort', () => { reason.resolve(abortSignal.reason); }); }) });
    const failed = rejectionOf(running);
    await settle();
    clock.advance(99);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);
    expect(await reason.promise).toMatchObject({ code: 'TOOL_TIMEOUT' });
    expect((await failed).code).toBe('TOOL_TIMEOUT');
  });

  it('does not begin what nobody waits for', async () => {
    const execute = vi.fn(() => 1);
    const stop = new AbortController();
    stop.abort();
    const limits = { timeoutMs: 1, maxOutputBytes: 1_024, signal: stop.signal, clock: new FakeClock() };
    expect((await rejectionOf(runTool(readTool('t', { execute }, 'task'), {}, OPTIONS, limits))).code).toBe('TOOL_ABORTED');
    expect(execute).not.toHaveBeenCalled();
  });

  it('does not mind what a tool throws after its time', async () => {
    const late = Promise.withResolvers<never>();
    const { clock, running } = start({ execute: () => late.promise });
    const failed = rejectionOf(running);
    await settle();
    clock.advance(100);
    expect((await failed).code).toBe('TOOL_TIMEOUT');
    late.reject(new Error('too late'));
    await settle();
  });

  it('tells the tool the reason of who does not wait any more, and rejects with the same', async () => {
    const reason = Promise.withResolvers<unknown>();
    const { clock, stop, running } = start({ execute: (_input: unknown, { abortSignal }: ToolCallOptions) => new Promise(() => { abortSignal.addEventListener('abort', () => { reason.resolve(abortSignal.reason); }); }) });
    const failed = rejectionOf(running);
    await settle();
    stop.abort(new Error('the task was cancelled'));
    expect(await failed).toMatchObject({ code: 'TOOL_ABORTED', message: expect.stringContaining('the task was cancelled') });
    expect(await reason.promise).toBe(await failed);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not tell a tool that has ended of an abort', async () => {
    const heard = vi.fn();
    const { stop, running } = start({ execute: (_input: unknown, { abortSignal }: ToolCallOptions) => { abortSignal.addEventListener('abort', heard); return 1; } });
    await running;
    stop.abort();
    expect(heard).not.toHaveBeenCalled();
  });

  it('never gives more than the tools may at most, whatever it is told', async () => {
    const { running } = start({ execute: () => 'x'.repeat(1_000_000) }, 10_000_000);
    expect((await running).bytes).toBeLessThanOrEqual(262_144);
  });

  it('stops asking a tool that yields without end when it is aborted', async () => {
    let yielded = 0;
    const { stop, running } = start({ async* execute() { for (;;) { await settle(); yield ++yielded; } } });
    const failed = rejectionOf(running);
    await settle();
    stop.abort();
    expect((await failed).code).toBe('TOOL_ABORTED');
    await settle();
    await settle();
    const seen = yielded;
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(yielded).toBe(seen);
  });
});
