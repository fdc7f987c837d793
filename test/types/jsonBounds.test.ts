import { describe, expect, it } from 'vitest';
import { isBoundedJson, MAX_JSON_DEPTH, stringifyJson } from '../../src/lib/task-system/types/Json.ts';

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

describe('isBoundedJson', () => {
  it('takes a value that is nested as deep as it may be', () => {
    expect(isBoundedJson(nested(MAX_JSON_DEPTH))).toBe(true);
  });

  it('refuses one level more', () => {
    expect(isBoundedJson(nested(MAX_JSON_DEPTH + 1))).toBe(false);
  });

  it('needs no stack for what is nested very deep', () => {
    expect(isBoundedJson(nested(200_000))).toBe(false);
  });

  it('counts a text by its characters, and one more for itself', () => {
    expect([isBoundedJson('abc', 4), isBoundedJson('abc', 3)]).toEqual([true, false]);
  });

  it('counts keys as well', () => {
    expect([isBoundedJson({ abc: 1 }, 5), isBoundedJson({ abc: 1 }, 4)]).toEqual([true, false]);
  });

  it('counts every value of a list', () => {
    expect([isBoundedJson([null, true, 1], 4), isBoundedJson([null, true, 1], 3)]).toEqual([true, false]);
  });

  it('does not count the places of a list, so that a long list of numbers weighs no more than its JSON', () => {
    const list = Array.from({ length: 50_000 }, () => 7);
    expect(isBoundedJson(list, JSON.stringify(list).length)).toBe(true);
  });

  it('has no bound of weight where none is given', () => {
    expect(isBoundedJson('x'.repeat(1_000_000))).toBe(true);
  });
});

describe('stringifyJson', () => {
  it('gives no text for what JSON does not have', () => {
    expect([stringifyJson(undefined), stringifyJson(() => 1), stringifyJson(Symbol('x'))]).toEqual([undefined, undefined, undefined]);
  });

  it('throws on what refers to itself', () => {
    const value: unknown[] = [];
    value.push(value);
    expect(() => stringifyJson(value)).toThrow(TypeError);
  });
});
