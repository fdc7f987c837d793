import { describe, expect, it } from 'vitest';
import { onceInOrder } from '../../bench/lib/onceInOrder.ts';

describe('onceInOrder', () => {
  it('counts what came once, one after the other', () => {
    expect(onceInOrder(new Map([[1, 1], [2, 1], [4, 1]]))).toBe(3);
    expect(onceInOrder(new Map())).toBe(0);
  });

  it('counts nothing that came twice', () => {
    expect(onceInOrder(new Map([[1, 1], [2, 2], [3, 1]]))).toBe(2);
  });

  it('counts nothing that came after a later one', () => {
    expect(onceInOrder(new Map([[1, 1], [3, 1], [2, 1], [4, 1]]))).toBe(3);
  });
});
