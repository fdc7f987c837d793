import { describe, expect, it } from 'vitest';
import type { BuiltIn } from '../../../src/lib/task-system/tools/builtin/BuiltIn.ts';
import { builtInTools } from '../../../src/lib/task-system/tools/builtin/index.ts';
import { isReservedName } from '../../../src/lib/task-system/tools/readTools.ts';
import { checkJson } from '../../../src/lib/task-system/tools/schema/checkJson.ts';
import { isJsonObject, type JsonValue } from '../../../src/lib/task-system/types/Json.ts';

const TOOLS = builtInTools(() => Promise.resolve(null));
const EXAMPLES: Readonly<Record<string, JsonValue>> = {
  'fs.read': { path: 'a' }, 'fs.write': { path: 'a', content: '' }, 'fs.edit': { path: 'a', oldText: 'b', newText: '' }, 'fs.list': {}, 'fs.search': {}, 'fs.stat': { path: 'a' }, 'fs.remove': { path: 'a' },
  'shell.run': { command: ['ls'] }, 'http.fetch': { url: 'https://example.com' }, 'memory.remember': { text: 'x' },
};

function fits({ inputSchema }: BuiltIn, input: JsonValue): boolean {
  return checkJson(inputSchema, input).issues === undefined;
}

describe.each(TOOLS.map((tool) => [tool.name, tool] as const))('the built-in tool %s', (name, tool) => {
  it('has a name that no other tool can have', () => {
    expect(isReservedName(name)).toBe(true);
    expect(TOOLS.filter((other) => other.name === name)).toHaveLength(1);
  });

  it('says to a model what it does, and what kind of thing that is', () => {
    expect(tool.description).toMatch(/^[A-Z].{20,}\.$/s);
    expect(Object.keys(tool.annotations)).toEqual(expect.arrayContaining(['title']));
  });

  it('takes its smallest input', () => {
    expect(fits(tool, EXAMPLES[name] ?? null)).toBe(true);
  });

  it('takes no field that it does not know: a model that means something else is told', () => {
    const example = EXAMPLES[name];
    expect(fits(tool, { ...(isJsonObject(example) ? example : {}), unknown: 1 })).toBe(false);
  });

  it('takes nothing but an object', () => {
    expect([fits(tool, []), fits(tool, 'x'), fits(tool, null)]).toEqual([false, false, false]);
  });

  it('bounds every number that it takes', () => {
    const properties = isJsonObject(tool.inputSchema['properties']) ? Object.values(tool.inputSchema['properties']) : [];
    const numbers = properties.filter(isJsonObject).filter(({ type }) => type === 'integer');
    expect(numbers.filter(({ minimum }) => typeof minimum !== 'number')).toEqual([]);
  });
});
