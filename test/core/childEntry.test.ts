import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEntryPath } from '../../src/lib/task-system/core/childEntry.ts';

describe('childEntryPath', () => {
  it('names a program that is there', () => {
    const entry = childEntryPath();
    expect([path.isAbsolute(entry), existsSync(entry)]).toEqual([true, true]);
  });
});
