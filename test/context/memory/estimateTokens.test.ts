import { describe, expect, it } from 'vitest';
import { estimateTokens } from '../../../src/lib/task-system/context/memory/estimateTokens.ts';

describe('estimateTokens', () => {
  it('counts nothing for no text', () => {
    expect(estimateTokens('')).toBe(0);
  });

  it('counts a space with the word behind it', () => {
    expect(estimateTokens(' ab')).toBe(estimateTokens('ab'));
  });

  it('counts up to three digits as one', () => {
    expect([estimateTokens('7'), estimateTokens('789'), estimateTokens('7890')]).toEqual([1, 1, 2]);
  });

  it('counts a change of letter case as a new piece', () => {
    expect(estimateTokens('abCD')).toBe(estimateTokens('ab') + estimateTokens('CD'));
  });

  it('counts every byte of other scripts', () => {
    expect(estimateTokens('蜂')).toBe(3);
  });

  it('counts signs one by one', () => {
    expect(estimateTokens('--->')).toBe(4);
  });
});
