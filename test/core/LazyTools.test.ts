import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { toolsProgramPath } from '../../src/lib/task-system/core/childEntry.ts';
import { LazyTools } from '../../src/lib/task-system/core/LazyTools.ts';
import { temporaryDirectory } from '../support/files.ts';

describe('LazyTools', () => {
  it('loads the program of the tools with the first use, and not before', async () => {
    const { cache } = createRequire(import.meta.url);
    const asked: string[] = [];
    const tools = new LazyTools(() => ({
      call: (method) => { asked.push(method); return Promise.resolve({ allowed: ['fs.stat'], host: [] }); },
      task: { id: 'a', type: 'b', project: 'c', attempt: 1, metadata: {}, rootId: 'a' }, workspace: temporaryDirectory(), signal: new AbortController().signal,
    }));
    expect(Object.keys(cache)).not.toContain(toolsProgramPath());
    expect((await tools.list()).map(({ name }) => name)).toEqual(['fs.stat']);
    expect(Object.keys(cache)).toContain(toolsProgramPath());
    expect(asked).toEqual(['toolList']);
  });
});
