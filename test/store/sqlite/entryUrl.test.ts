import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { threadEntryUrl } from '../../../src/lib/task-system/store/sqlite/entryUrl.ts';

describe('threadEntryUrl', () => {
  it('names the source of the thread when the library runs from source', () => {
    expect(threadEntryUrl().pathname).toMatch(/\/store\/sqlite\/worker\.ts$/);
    expect(existsSync(threadEntryUrl())).toBe(true);
  });
});
