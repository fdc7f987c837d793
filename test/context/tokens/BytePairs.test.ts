import { describe, expect, it } from 'vitest';
import { BytePairs } from '../../../src/lib/task-system/context/tokens/BytePairs.ts';

/** All single letters from a to d, and what is given, by rank. */
const pairs = (...tokens: readonly (string | readonly number[])[]): BytePairs => new BytePairs(['a', 'b', 'c', 'd', ...tokens]);

describe('BytePairs.count', () => {
  it('counts a piece that is a token as one', () => {
    expect(pairs('abc').count('abc')).toBe(1);
  });

  it('counts every byte where nothing can be merged', () => {
    expect(pairs().count('abcd')).toBe(4);
  });

  it('merges what has the lower rank first', () => {
    expect(pairs('bc', 'ab', 'abc').count('abcd')).toBe(2);
  });

  it('does not find a longer token that merging does not lead to', () => {
    expect(pairs('bc', 'ab').count('abc')).toBe(2);
  });

  it('merges the leftmost of equals', () => {
    expect(pairs('aa', 'aab').count('aaab')).toBe(3);
  });

  it('merges what merging has made', () => {
    expect(pairs('ab', 'cd', 'abcd').count('abcdabcd')).toBe(2);
  });

  it('counts bytes of other scripts, not characters', () => {
    expect(pairs().count('é')).toBe(2);
  });

  it('knows tokens that are no text', () => {
    expect(pairs([0xc3, 0xa9]).count('éé')).toBe(2);
  });

  it('counts text of both kinds after it has learnt of one', () => {
    const both = pairs('ab', 'é');
    expect([both.count('éa'), both.count('abab'), both.count('éab')]).toEqual([2, 2, 2]);
  });

  it('passes over ranks that no token has', () => {
    expect(new BytePairs(['a', undefined, 'b', 'ab']).count('abab')).toBe(2);
  });
});
