import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots, type Contender } from '../../../src/lib/task-system/hooks/webhooks/Slots.ts';

function fine(...ids: readonly string[]): readonly Contender[] {
  return ids.map((endpointId) => ({ endpointId, isFailing: false }));
}

function failing(...ids: readonly string[]): readonly Contender[] {
  return ids.map((endpointId) => ({ endpointId, isFailing: true }));
}

function counts(taken: ReturnType<Slots['take']>): Readonly<Record<string, number>> {
  return Object.fromEntries([...taken].map(([id, { count }]) => [id, count]));
}

describe('Slots', () => {
  it('gives each endpoint its share, round by round', () => {
    const slots = new Slots({ maxConcurrent: 5, maxConcurrentPerEndpoint: 2 });
    expect(counts(slots.take(fine('a', 'b', 'c')))).toEqual({ a: 2, b: 2, c: 1 });
    expect(slots.used).toBe(5);
    expect(counts(slots.take(fine('d')))).toEqual({});
  });

  it('gives the next free slot to who has nothing on its way, not to who stood in line before', () => {
    const slots = new Slots({ maxConcurrent: 4, maxConcurrentPerEndpoint: 2 });
    slots.take(fine('a', 'b'));
    slots.release({ endpointId: 'a', isFailing: false });
    expect(counts(slots.take(fine('a', 'b', 'late')))).toEqual({ late: 1 });
  });

  it('gives it to who was served longest ago among equals', () => {
    const slots = new Slots({ maxConcurrent: 1, maxConcurrentPerEndpoint: 1 });
    const served = Array.from({ length: 6 }, () => {
      const [[endpointId] = ['']] = slots.take(fine('a', 'b', 'c'));
      slots.release({ endpointId, isFailing: false });
      return endpointId;
    });
    expect(served).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('gives those that fail one slot each, and no more than half together', () => {
    const slots = new Slots({ maxConcurrent: 6, maxConcurrentPerEndpoint: 2 });
    expect(counts(slots.take(failing('a', 'b', 'c', 'd', 'e')))).toEqual({ a: 1, b: 1, c: 1 });
    expect(counts(slots.take([...failing('d'), ...fine('x', 'y')]))).toEqual({ x: 2, y: 1 });
  });

  it('lets one that fails be tried even with a single slot', () => {
    expect(counts(new Slots({ maxConcurrent: 1, maxConcurrentPerEndpoint: 1 }).take(failing('a')))).toEqual({ a: 1 });
  });

  it('never goes beyond a bound, and loses no slot, whatever is taken and given back', () => {
    const move = fc.record({ take: fc.boolean(), ids: fc.subarray(['a', 'b', 'c', 'd', 'e', 'f']), fails: fc.subarray(['a', 'b', 'c']) });
    fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }), fc.array(move, { maxLength: 40 }), (maxConcurrent, maxConcurrentPerEndpoint, moves) => {
      const slots = new Slots({ maxConcurrent, maxConcurrentPerEndpoint });
      const held: Contender[] = [];
      for (const { take, ids, fails } of moves) {
        if (take) {
          for (const [endpointId, { isFailing, count }] of slots.take(ids.map((endpointId) => ({ endpointId, isFailing: fails.includes(endpointId) })))) {
            for (let index = 0; index < count; index++) held.push({ endpointId, isFailing });
          }
        } else {
          const back = held.shift();
          if (back !== undefined) slots.release(back);
        }
        expect(slots.used).toBe(held.length);
        expect(held.length).toBeLessThanOrEqual(maxConcurrent);
        expect(held.filter(({ isFailing }) => isFailing).length).toBeLessThanOrEqual(Math.max(1, Math.floor(maxConcurrent / 2)));
        for (const id of ids) expect(held.filter(({ endpointId }) => endpointId === id).length).toBeLessThanOrEqual(maxConcurrentPerEndpoint);
      }
      for (const back of held) slots.release(back);
      expect(slots.used).toBe(0);
    }));
  });
});
