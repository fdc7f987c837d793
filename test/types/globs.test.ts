import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsGlob, fitsNames } from '../../src/lib/task-system/types/globs.ts';

describe('fitsGlob', () => {
  it.each<[string, string, boolean]>([
    ['', '', true], ['*', '', true], ['*', 'anything', true], ['fs.*', 'fs.read', true], ['fs.*', 'fs', false], ['*a*b', 'xaxxb', true], ['*a*b', 'xaxxbc', false], ['a', 'ab', false], ['a?', 'a?', true], ['a?', 'ab', false],
  ])('%j, %j -> %s', (pattern, text, expected) => {
    expect(fitsGlob(pattern, text)).toBe(expected);
  });

  it('takes ? for one character where that is asked for', () => {
    expect([fitsGlob('a?', 'ab', true), fitsGlob('a?', 'a', true)]).toEqual([true, false]);
  });

  it('agrees with a regular expression', () => {
    const letters = fc.stringMatching(/^[ab*]{0,8}$/);
    fc.assert(fc.property(letters, fc.stringMatching(/^[ab]{0,8}$/), (pattern, text) => {
      expect(fitsGlob(pattern, text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
    }), { numRuns: 2_000 });
  });
});

describe('fitsNames', () => {
  const equal = (pattern: string, name: string): boolean => pattern === name;

  it.each<[string, string, boolean]>([['a/**', 'a', true], ['a/**', 'a/b/c', true], ['**/c', 'a/b/c', true], ['**/c', 'c', true], ['a/**/c', 'a/c', true], ['a/**/c', 'a/b/d', false], ['**', '', true], ['a', 'a/b', false]])('%s, %s -> %s', (pattern, names, expected) => {
    expect(fitsNames(pattern.split('/'), names === '' ? [] : names.split('/'), equal)).toBe(expected);
  });

  it('does not slow down with many **', () => {
    const patterns = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? '**' : 'a'));
    expect(fitsNames([...patterns, 'b'], Array.from({ length: 500 }, () => 'a'), equal)).toBe(false);
  });
});
