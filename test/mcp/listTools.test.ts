import { describe, expect, it } from 'vitest';
import { listTools, type ToolPages } from '../../src/lib/task-system/mcp/listTools.ts';

interface Page {
  readonly names: readonly string[];
  readonly next?: string;
}

/** A server that tells these pages, by their cursors, and what it was asked. */
function server(pageOf: (cursor: string | undefined) => Page): { readonly pages: ToolPages; readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const pages: ToolPages = {
    listTools: (params, options) => {
      asked.push([params, options]);
      const { names, next } = pageOf(params.cursor);
      return Promise.resolve({ tools: names.map((name) => ({ name, inputSchema: {} })), ...(next === undefined ? {} : { nextCursor: next }) });
    },
  };
  return { pages, asked };
}

const named = async (pages: ToolPages): Promise<readonly string[]> => (await listTools(pages, 5)).map(({ name }) => name);
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `t${String(index)}`);

describe('listTools', () => {
  it('gives the tools of the only page', async () => {
    expect(await named(server(() => ({ names: ['a', 'b'] })).pages)).toEqual(['a', 'b']);
  });

  it('gives none of a server without tools', async () => {
    expect(await named(server(() => ({ names: [] })).pages)).toEqual([]);
  });

  it('asks for page after page, each with its cursor and the time it may take', async () => {
    const { pages, asked } = server((cursor) => (cursor === undefined ? { names: ['a'], next: '2' } : { names: ['b'] }));
    expect([await named(pages), asked]).toEqual([['a', 'b'], [[{}, { timeout: 5 }], [{ cursor: '2' }, { timeout: 5 }]]]);
  });

  it('goes on after a page without tools', async () => {
    expect(await named(server((cursor) => (cursor === undefined ? { names: [], next: '2' } : { names: ['b'] })).pages)).toEqual(['b']);
  });

  it('takes an empty cursor for one', async () => {
    expect(await named(server((cursor) => (cursor === undefined ? { names: ['a'], next: '' } : { names: ['b'] })).pages)).toEqual(['a', 'b']);
  });

  it('takes a thousand tools of one page, and no more', async () => {
    expect(await named(server(() => ({ names: many(1_200) })).pages)).toEqual(many(1_000));
  });

  it('asks for no further page once it has a thousand', async () => {
    const { pages, asked } = server((cursor) => ({ names: many(500), next: String(Number(cursor ?? 0) + 1) }));
    expect([(await named(pages)).length, asked.length]).toEqual([1_000, 2]);
  });

  it('asks a server that leads in circles no more than once for each page', async () => {
    const { pages, asked } = server((cursor) => ({ names: [], next: cursor === 'a' ? 'b' : 'a' }));
    expect([await named(pages), asked.length]).toEqual([[], 3]);
  });

  it('comes to an end with a server that always has another page and never a tool', async () => {
    const { pages, asked } = server((cursor) => ({ names: [], next: String(Number(cursor ?? 0) + 1) }));
    expect([await named(pages), asked.length]).toEqual([[], 1_000]);
  });

  it('fails with the error of the server', async () => {
    const pages: ToolPages = { listTools: () => Promise.reject(new RangeError('gone')) };
    await expect(listTools(pages, 5)).rejects.toThrow('gone');
  });
});
