import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelNames } from '../../src/lib/task-system/tools/modelNames.ts';

describe('modelNames', () => {
  it('replaces what models do not allow', () => {
    expect([...modelNames(['fs.read', 'mcp/search:web', 'shout'])]).toEqual(expect.arrayContaining([['fs.read', 'fs_read'], ['mcp/search:web', 'mcp_search_web'], ['shout', 'shout']]));
  });

  it('gives a number to what would be called the same; a name that needs no change keeps it', () => {
    expect(Object.fromEntries(modelNames(['fs.read', 'fs_read', 'fs:read']))).toEqual({ fs_read: 'fs_read', 'fs.read': 'fs_read_2', 'fs:read': 'fs_read_3' });
  });

  it('never gives one name to two tools, nor one that models refuse, whatever the order', () => {
    const name = fc.stringMatching(/^[a-c][a-c._:/-]{0,80}$/);
    fc.assert(fc.property(fc.uniqueArray(name, { maxLength: 40 }), (names) => {
      const result = modelNames(names);
      expect(new Set(result.values()).size).toBe(names.length);
      for (const each of result.values()) expect(each).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      expect(Object.fromEntries(modelNames([...names].reverse()))).toEqual(Object.fromEntries(result));
    }));
  });
});
