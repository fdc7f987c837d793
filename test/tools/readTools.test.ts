import { tool } from 'ai';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineTool } from '../../src/lib/task-system/tools/defineTool.ts';
import { entriesOf, isReservedName, isToolName, readTool } from '../../src/lib/task-system/tools/readTools.ts';
import type { ToolCallOptions } from '../../src/lib/task-system/types/Tools.ts';
import { thrownBy } from '../support/thrown.ts';

const execute = (): string => 'done';
const options: ToolCallOptions = { toolCallId: '1', abortSignal: new AbortController().signal, messages: [], task: { id: 'a', type: 'b', project: 'c', attempt: 1, metadata: {}, rootId: 'a' }, onOutput: () => undefined };

describe('isToolName', () => {
  it.each(['a', 'fs.read', 'mcp__server__tool', 'a/b:c-d', '0', '_x', 'x'.repeat(128)])('takes %s', (name) => {
    expect(isToolName(name)).toBe(true);
  });

  it.each(['', '.a', '-a', 'a b', 'a\n', 'ä', '*', 'x'.repeat(129), 7, null, undefined, ['a']])('does not take %j', (name) => {
    expect(isToolName(name)).toBe(false);
  });
});

describe('isReservedName', () => {
  it('holds every name that begins like a built-in tool', () => {
    expect(['fs.read', 'fs.mine', 'shell.x', 'http.get', 'memory.x'].filter((name) => !isReservedName(name))).toEqual([]);
  });

  it('leaves names alone that only look similar', () => {
    expect(['fs', 'fs_read', 'fsx.read', 'my.fs.read', 'https.get'].filter(isReservedName)).toEqual([]);
  });
});

describe('entriesOf', () => {
  it('names tools of a record by their own name or by their key', () => {
    expect(entriesOf({ a: { execute }, b: { name: 'c', execute } }).map(([name]) => name)).toEqual(['a', 'c']);
  });

  it('names tools of a list by their own name', () => {
    expect(entriesOf([{ name: 'a', execute }, { execute }]).map(([name]) => name)).toEqual(['a', undefined]);
  });
});

describe('readTool', () => {
  it('fills in what a tool does not say', () => {
    expect(readTool('a', { execute }, 'task')).toMatchObject({ name: 'a', description: '', runsIn: 'task', timeoutMs: 60_000, annotations: {} });
  });

  it('runs where it is told to, or where it was given', () => {
    expect([readTool('a', { execute }, 'host').runsIn, readTool('a', { execute, runsIn: 'host' }, 'task').runsIn]).toEqual(['host', 'host']);
  });

  it('keeps the hints of MCP and leaves out everything else', () => {
    const annotations = { title: 'A', readOnlyHint: true, destructiveHint: 'yes', other: 1 };
    expect(readTool('a', { execute, annotations }, 'task').annotations).toEqual({ title: 'A', readOnlyHint: true });
  });

  it('takes the title from where MCP puts it as well', () => {
    expect(readTool('a', { execute, title: 'Outside' }, 'task').annotations).toEqual({ title: 'Outside' });
  });

  it('takes a description that is a text, and shortens one that is endless', () => {
    expect(readTool('a', { execute, description: () => 'x' }, 'task').description).toBe('');
    expect(readTool('a', { execute, description: 'x'.repeat(100_000) }, 'task').description).toHaveLength(16_384);
  });

  it('reads a tool of the AI SDK', async () => {
    const read = readTool('weather', tool({ description: 'Weather.', inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `sun in ${city}` }), 'task');
    expect(await read.execute?.({ city: 'Bonn' }, options)).toBe('sun in Bonn');
    expect(await read.input.json()).toMatchObject({ properties: { city: { type: 'string' } } });
  });

  it('calls a function as the method that it is', () => {
    const counter = { by: 2, execute({ n }: { readonly n: number }) { return n * this.by; } };
    expect(readTool('count', counter, 'task').execute?.({ n: 3 }, options)).toBe(6);
  });

  it('runs a tool without a function by the function for all', () => {
    const read = readTool('a', { description: 'listed' }, 'task', (name, input) => [name, input]);
    expect(read.execute?.({ q: 1 }, options)).toEqual(['a', { q: 1 }]);
    expect(read.execute?.('no object', options)).toEqual(['a', {}]);
  });

  it('prefers its own function', () => {
    expect(readTool('a', { execute }, 'task', () => 'other').execute?.({}, options)).toBe('done');
  });

  it('needs no function for a tool of the host, seen from a task', () => {
    expect(readTool('a', { runsIn: 'host' }, 'task').execute).toBeUndefined();
  });

  it.each([['is no object', 7], ['is nothing', null], ['is a list', []], ['has no function', {}], ['runs nowhere', { execute, runsIn: 'browser' }], ['has a schema that is a text', { execute, inputSchema: 'x' }],
    ['gives a schema that is a number', { execute, outputSchema: 7 }], ['has forever', { execute, timeoutMs: Infinity }], ['has a text for a time', { execute, timeoutMs: '5' }], ['has negative time', { execute, timeoutMs: -1 }],
  ])('refuses a tool that %s', (_name, given) => {
    expect(thrownBy(() => readTool('a', given, 'task')).code).toBe('TOOL_INVALID');
  });

  it('names the tool that is refused, shortened', () => {
    expect(thrownBy(() => readTool('x'.repeat(5_000), { execute }, 'task')).details).toEqual({ tool: 'x'.repeat(128) });
  });
});

describe('defineTool', () => {
  it('gives back what it got', () => {
    const definition = { name: 'a', execute };
    expect(defineTool(definition)).toBe(definition);
  });

  it('knows the type of the input from the schema', () => {
    const sum = defineTool({ name: 'sum', inputSchema: z.object({ a: z.number(), b: z.coerce.number() }), execute: ({ a, b }) => a + b });
    const result: number | Promise<number> | AsyncIterable<number> = sum.execute({ a: 1, b: 2 }, options);
    expect(result).toBe(3);
  });
});
