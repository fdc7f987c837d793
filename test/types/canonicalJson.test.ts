import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/lib/task-system/types/canonicalJson.ts';
import { isJsonObject, parseJson, type JsonValue } from '../../src/lib/task-system/types/Json.ts';

const json = fc.jsonValue().map((value) => parseJson(JSON.stringify(value)));

describe('canonicalJson', () => {
  it('sorts the keys of every object', () => {
    expect(canonicalJson({ b: 1, a: { d: [{ f: 1, e: 2 }], c: null } })).toBe('{"a":{"c":null,"d":[{"e":2,"f":1}]},"b":1}');
  });

  it('sorts keys that are numbers like any other', () => {
    expect(canonicalJson({ 9: 1, 10: 2, a: 3 })).toBe('{"10":2,"9":1,"a":3}');
  });

  it('keeps the order of arrays', () => {
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
  });

  it('tells a text from the number in it, and null from nothing', () => {
    const values: readonly JsonValue[] = ['1', 1, null, 'null', {}, [], { a: null }, [null], ''];
    expect(new Set(values.map(canonicalJson)).size).toBe(values.length);
  });

  it('reads back as the same value', () => {
    fc.assert(fc.property(json, (value) => { expect(parseJson(canonicalJson(value))).toEqual(value); }));
  });

  it('is the same whatever the order of the keys', () => {
    fc.assert(fc.property(json, (value) => { expect(canonicalJson(turned(value))).toBe(canonicalJson(value)); }));
  });

  it('knows a key that is the name of the prototype', () => {
    expect(canonicalJson(parseJson('{"b":1,"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1},"b":1}');
  });
});

/** The same value with the keys of its objects the other way round. */
function turned(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).toReversed().map(([key, inner]) => [key, turned(inner)]));
  if (!Array.isArray(value)) return value;
  const items: readonly JsonValue[] = value;
  return items.map(turned);
}
