import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdGenerator, pooledBytes } from '../../src/lib/task-system/core/ids.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOW = 1_760_000_000_123;

/** The first 48 bits: milliseconds. */
function timeOf(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16);
}

function isSorted(ids: readonly string[]): boolean {
  return ids.every((id, index) => index === 0 || (ids[index - 1] ?? '') < id);
}

describe('createIdGenerator', () => {
  it('makes UUIDs of version 7 with the variant of RFC 9562', () => {
    const generate = createIdGenerator(() => NOW, randomBytes);
    for (let count = 0; count < 1_000; count++) expect(generate()).toMatch(UUID_V7);
  });

  it('sets version and variant whatever the random bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.integer({ min: 0, max: 2 ** 48 - 100 }), (bytes, time) => {
      expect(createIdGenerator(() => time, () => bytes)()).toMatch(UUID_V7);
    }));
  });

  it('keeps the random bits as they came', () => {
    const generate = createIdGenerator(() => NOW, () => Uint8Array.of(0xff, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77));
    expect(generate().slice(19)).toBe('bf11-223344556677');
  });

  it('does not change the bytes it was given', () => {
    const bytes = new Uint8Array(8).fill(0xff);
    createIdGenerator(() => NOW, () => bytes)();
    expect([...bytes]).toEqual(Array.from({ length: 8 }, () => 0xff));
  });

  it('starts with the time', () => {
    expect(timeOf(createIdGenerator(() => NOW, randomBytes)())).toBe(NOW);
  });

  it('pads a small time', () => {
    expect(createIdGenerator(() => 1, randomBytes)().slice(0, 13)).toBe('00000000-0001');
  });

  it('counts within a millisecond, and begins again in the next one', () => {
    let now = NOW;
    const generate = createIdGenerator(() => now, randomBytes);
    expect([generate(), generate(), generate()].map((id) => id.slice(14, 18))).toEqual(['7000', '7001', '7002']);
    now++;
    expect(generate().slice(14, 18)).toBe('7000');
  });

  it('makes 100,000 ids in one millisecond that differ and sort by age, even without any luck', () => {
    const generate = createIdGenerator(() => NOW, () => new Uint8Array(8));
    const ids = Array.from({ length: 100_000 }, () => generate());
    expect(new Set(ids).size).toBe(100_000);
    expect(isSorted(ids)).toBe(true);
  });

  it('borrows no more time than the count needs', () => {
    const generate = createIdGenerator(() => NOW, randomBytes);
    const ids = Array.from({ length: 4_096 * 3 }, () => generate());
    expect(ids.map(timeOf).at(-1)).toBe(NOW + 2);
  });

  it('goes on sorting when the clock jumps about', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 47 }), { minLength: 2, maxLength: 200 }), (times) => {
      let index = 0;
      const generate = createIdGenerator(() => times[index++] ?? 0, () => new Uint8Array(8));
      const ids = times.map(() => generate());
      expect(isSorted(ids)).toBe(true);
      expect(timeOf(ids.at(-1) ?? '')).toBe(Math.max(...times));
    }));
  });

  it('stays at the latest time when the clock steps back, until it has caught up', () => {
    let now = NOW;
    const generate = createIdGenerator(() => now, randomBytes);
    generate();
    now -= 3_600_000;
    expect(timeOf(generate())).toBe(NOW);
    now = NOW + 5;
    expect(timeOf(generate())).toBe(NOW + 5);
  });
});

describe('pooledBytes', () => {
  /** Bytes that count up, however many are asked for at once. */
  function counter(): { readonly draw: (size: number) => Uint8Array; readonly sizes: number[] } {
    let next = 0;
    const sizes: number[] = [];
    return { sizes, draw: (size) => { sizes.push(size); return Uint8Array.from({ length: size }, () => next++); } };
  }

  it('hands out no byte twice, over several pools', () => {
    const { draw, sizes } = counter();
    const take = pooledBytes(draw, 20);
    const taken = Array.from({ length: 5 }, () => [...take(8)]).flat();
    expect(new Set(taken).size).toBe(40);
    expect(sizes).toEqual([20, 20, 20]);
  });

  it('leaves alone what it handed out before', () => {
    const take = pooledBytes(counter().draw, 8);
    const first = take(8);
    take(8);
    expect([...first]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('gives more at once than a pool holds', () => {
    const { draw, sizes } = counter();
    expect(pooledBytes(draw, 4)(10)).toHaveLength(10);
    expect(sizes).toEqual([10]);
  });
});
