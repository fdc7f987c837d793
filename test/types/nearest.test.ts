import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/lib/task-system/types/nearest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0], ['a', '', 1], ['kitten', 'sitting', 3], ['form', 'from', 1], ['flaw', 'lawn', 2], ['maxConcurency', 'maxConcurrency', 1],
  ])('between %j and %j is %i', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  it('is a distance: nought only to itself, the same both ways, never more than the longer word', () => {
    fc.assert(fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b);
      expect(distance === 0).toBe(a === b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }));
  });
});

describe('nearest', () => {
  const names = ['maxAttempts', 'baseDelayMs', 'maxDelayMs', 'factor'];

  it.each([
    ['maxAttempt', 'maxAttempts'], ['MAXATTEMPTS', 'maxAttempts'], ['fcator', 'factor'], ['maxDelay', 'maxDelayMs'], ['factor', 'factor'],
  ])('finds for %j the name %j', (typed, expected) => {
    expect(nearest(typed, names)).toBe(expected);
  });

  it.each(['x', 'colour', ''])('finds nothing for %j', (typed) => {
    expect(nearest(typed, names)).toBeUndefined();
  });

  it('finds a name again after one letter was dropped', () => {
    fc.assert(fc.property(fc.constantFrom(...names), fc.nat(), (name, at) => {
      const index = at % name.length;
      expect(nearest(name.slice(0, index) + name.slice(index + 1), names)).toBe(name);
    }));
  });
});
