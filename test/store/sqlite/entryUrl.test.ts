import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { threadEntryUrl } from '../../../src/lib/task-system/store/sqlite/entryUrl.ts';

describe('threadEntryUrl', () => {
  it('names what the build made of the thread when the library runs from source', () => {
    expect(threadEntryUrl().pathname).toMatch(/\/dist\/sqlite-worker\.js$/);
    expect(existsSync(threadEntryUrl())).toBe(true);
  });

  it('names the source itself where nothing was built', () => {
    expect(threadEntryUrl('file:///nowhere/a/b/c/d/e/entryUrl.ts').pathname).toBe('/nowhere/a/b/c/d/e/worker.ts');
  });

  it('names the file beside the bundle', () => {
    expect(threadEntryUrl('file:///app/node_modules/task-system/dist/index.js').pathname).toBe('/app/node_modules/task-system/dist/sqlite-worker.js');
    expect(threadEntryUrl('file:///app/node_modules/task-system/dist/index.cjs').pathname).toBe('/app/node_modules/task-system/dist/sqlite-worker.js');
  });
});
