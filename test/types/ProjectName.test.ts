import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertProjectName, isProjectName } from '../../src/lib/task-system/types/ProjectName.ts';
import { thrownBy } from '../support/thrown.ts';

describe('isProjectName', () => {
  it.each(['a', 'acme', 'tenant-42', 'Grüße', '蜜蜂', '🐝', 'a b', '...', '.hidden', 'x'.repeat(128)])('accepts %j', (name) => {
    expect(isProjectName(name)).toBe(true);
  });

  it.each(['', '.', '..', 'a/b', 'a\\b', 'a\0', 'a\nb', '\u0085', '\ud83d', 'x'.repeat(129), 7, null, undefined, ['a']])('refuses %j', (name) => {
    expect(isProjectName(name)).toBe(false);
  });

  it('accepts nothing that would leave its directory as part of a path', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (name) => {
      if (!isProjectName(name)) return;
      expect(name).not.toMatch(/[/\\\0]/);
      expect(['', '.', '..']).not.toContain(name);
      expect(Buffer.from(name).toString()).toBe(name);
    }));
  });
});

describe('assertProjectName', () => {
  it('passes a good name', () => {
    expect(() => { assertProjectName('acme'); }).not.toThrow();
  });

  it('throws PROJECT_NAME_INVALID with the name it got', () => {
    const error = thrownBy(() => { assertProjectName('a/b'); });
    expect(error.code).toBe('PROJECT_NAME_INVALID');
    expect(error.message).toContain('got "a/b"');
  });

  it('says the type of what is no string', () => {
    expect(thrownBy(() => { assertProjectName(4); }).message).toContain('got a value of type number');
  });

  it('does not repeat a name of any length', () => {
    expect(thrownBy(() => { assertProjectName('x'.repeat(100_000)); }).message.length).toBeLessThan(400);
  });
});
