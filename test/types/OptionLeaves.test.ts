import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { duration, durationOrOff, flag, group, integer, integerOrOff, isRecord, oneOf, text } from '../../src/lib/task-system/types/OptionLeaves.ts';

function accepts(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success;
}

function complaint(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

describe('integer', () => {
  it.each([[0, true], [10, true], [-1, false], [11, false], [1.5, false], [Number.NaN, false], [Infinity, false], ['3', false], [2n, false], [null, false]])('from 0 to 10: %s is %s', (value, right) => {
    expect(accepts(integer(0, 10), value)).toBe(right);
  });

  it('takes no number that is no longer exact', () => {
    expect([accepts(integer(0), Number.MAX_SAFE_INTEGER), accepts(integer(0), 2 ** 53)]).toEqual([true, false]);
  });

  it('says its bounds', () => {
    expect([complaint(integer(1), 0), complaint(integer(1, 9), 0)]).toEqual(['an integer >= 1', 'an integer from 1 to 9']);
  });
});

describe('integerOrOff', () => {
  it.each([[false, true], [true, false], [1, true], [0, false], [undefined, false]])('from 1: %s is %s', (value, right) => {
    expect(accepts(integerOrOff(1), value)).toBe(right);
  });
});

describe('duration', () => {
  it.each([[0, true], [0.5, true], [-0.1, false], [3_155_760_000_000, true], [3_155_760_000_001, false], [Number.NaN, false], [Infinity, false], ['1s', false]])('from 0: %s is %s', (value, right) => {
    expect(accepts(duration(0), value)).toBe(right);
  });

  it('may be off where that is meant', () => {
    expect([accepts(duration(0), false), accepts(durationOrOff(0), false), accepts(durationOrOff(0), true)]).toEqual([false, true, false]);
  });
});

describe('flag', () => {
  it.each([[true, true], [false, true], [0, false], ['true', false], [null, false]])('%s is %s', (value, right) => {
    expect(accepts(flag(), value)).toBe(right);
  });
});

describe('text', () => {
  it.each([['a', true], ['abc', true], ['', false], ['abcd', false], ['a\0', false], ['\ud800', false], [7, false]])('up to 3 characters: %j is %s', (value, right) => {
    expect(accepts(text(3), value)).toBe(right);
  });
});

describe('oneOf', () => {
  it('takes its words and no others', () => {
    const schema = oneOf('red', 'blue');
    expect([accepts(schema, 'red'), accepts(schema, 'Red'), accepts(schema, 0)]).toEqual([true, false, false]);
    expect(complaint(schema, 'green')).toBe('one of "red", "blue"');
  });
});

describe('group', () => {
  it('takes its keys and no others', () => {
    const schema = group({ size: integer(0) });
    expect([accepts(schema, { size: 1 }), accepts(schema, { size: 1, more: 2 }), accepts(schema, {}), accepts(schema, null), accepts(schema, [])]).toEqual([true, false, false, false, false]);
  });
});

describe('isRecord', () => {
  it.each([[{}, true], [Object.create(null), true], [new Map(), true], [[], false], [null, false], ['x', false], [() => undefined, false]])('(%#) is %s', (value, right) => {
    expect(isRecord(value)).toBe(right);
  });
});
