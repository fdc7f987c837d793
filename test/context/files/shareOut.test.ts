import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareOut } from '../../../src/lib/task-system/context/files/shareOut.ts';

describe('shareOut', () => {
  it('gives everybody what they need where there is enough', () => {
    expect(shareOut([5, 10, 1], 16)).toEqual([5, 10, 1]);
  });

  it('halves what two want who both want more', () => {
    expect(shareOut([100, 100], 50)).toEqual([25, 25]);
  });

  it('gives the large ones what the small ones leave over', () => {
    expect(shareOut([100, 4, 100], 50)).toEqual([23, 4, 23]);
  });

  it('gives the odd one to the last of equals', () => {
    expect(shareOut([10, 10], 5)).toEqual([2, 3]);
  });

  it('gives nobody anything where there is nothing, or less', () => {
    expect([shareOut([1, 2], 0), shareOut([1, 2], -5)]).toEqual([[0, 0], [0, 0]]);
  });

  it('shares out whole numbers only', () => {
    expect(shareOut([10, 10], 5.9)).toEqual([2, 3]);
  });

  it('has no shares for no needs', () => {
    expect(shareOut([], 10)).toEqual([]);
  });

  it('never gives more than there is, nor more than is needed, nor less than an equal share', () => {
    fc.assert(fc.property(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 20 }), fc.nat(5_000), (needs, total) => {
      const shares = shareOut(needs, total);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(total);
      needs.forEach((need, index) => {
        expect(shares[index]).toBeLessThanOrEqual(need);
        expect(shares[index]).toBeGreaterThanOrEqual(Math.min(need, Math.floor(total / needs.length)));
      });
    }));
  });
});
