import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkJson } from '../../../src/lib/task-system/tools/schema/checkJson.ts';
import { parseJson, type JsonValue } from '../../../src/lib/task-system/types/Json.ts';

const json = fc.jsonValue().map((value) => parseJson(JSON.stringify(value)));

function fits(schema: JsonValue, value: JsonValue): boolean {
  return checkJson(schema, value).issues === undefined;
}

function firstIssue(schema: JsonValue, value: JsonValue): unknown {
  return checkJson(schema, value).issues?.[0];
}

describe('checkJson', () => {
  it.each<[JsonValue, JsonValue, JsonValue]>([
    [{ type: 'string' }, 'a', 1],
    [{ type: 'integer' }, 3, 3.5],
    [{ type: 'number' }, 3.5, '3.5'],
    [{ type: 'boolean' }, false, 0],
    [{ type: 'null' }, null, 0],
    [{ type: 'array' }, [], {}],
    [{ type: 'object' }, {}, []],
    [{ type: ['string', 'null'] }, null, 1],
    [{ enum: ['a', { b: 1, c: 2 }] }, { c: 2, b: 1 }, { b: 2 }],
    [{ const: [1, 2] }, [1, 2], [2, 1]],
    [{ minimum: 2, maximum: 3 }, 3, 4],
    [{ exclusiveMinimum: 2, exclusiveMaximum: 4 }, 3, 2],
    [{ multipleOf: 0.1 }, 0.3, 0.35],
    [{ minLength: 1, maxLength: 2 }, '🐝🐝', '🐝🐝🐝'],
    [{ minItems: 1, maxItems: 2 }, [1], [1, 2, 3]],
    [{ uniqueItems: true }, [{ a: 1 }, { a: 2 }], [{ a: 1, b: 2 }, { b: 2, a: 1 }]],
    [{ minProperties: 1 }, { a: 1 }, {}],
    [{ items: { type: 'string' } }, ['a'], ['a', 1]],
    [{ prefixItems: [{ type: 'string' }], items: { type: 'number' } }, ['a', 1], [1, 1]],
    [{ additionalProperties: { type: 'number' } }, { a: 1 }, { a: 'b' }],
    [{ additionalProperties: false, properties: { a: true } }, { a: 1 }, { b: 1 }],
    [{ required: ['a'] }, { a: null }, {}],
    [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, 1, true],
    [{ oneOf: [{ minimum: 2 }, { maximum: 4 }] }, 5, 3],
    [{ allOf: [{ minimum: 2 }, { maximum: 4 }] }, 3, 5],
    [{ not: { type: 'string' } }, 1, 'a'],
    [{ $ref: '#/$defs/word', $defs: { word: { type: 'string' } } }, 'a', 1],
    [{ properties: { next: { $ref: '#' }, value: { type: 'number' } } }, { next: { next: { value: 1 } } }, { next: { next: { value: 'x' } } }],
  ])('of %j takes %j and not %j', (schema, good, bad) => {
    expect([fits(schema, good), fits(schema, bad)]).toEqual([true, false]);
  });

  it('names the place inside the value', () => {
    expect(firstIssue({ properties: { a: { items: { required: ['b'] } } } }, { a: [{ b: 1 }, {}] })).toEqual({ message: 'is missing', path: ['a', 1, 'b'] });
  });

  it('fills in defaults, also within what was left out above, and leaves what is there alone', () => {
    const schema = { type: 'object', required: ['path'], properties: { path: { type: 'string', default: '.' }, deep: { properties: { n: { default: 1 } } } } };
    expect(checkJson(schema, { deep: {} })).toEqual({ value: { path: '.', deep: { n: 1 } } });
    expect(checkJson(schema, { path: 'x' })).toEqual({ value: { path: 'x' } });
  });

  it('checks a default by its own schema', () => {
    expect(fits({ properties: { n: { type: 'number', default: 'x' } } }, {})).toBe(false);
  });

  it('keeps a property called __proto__ a property', () => {
    const value = parseJson('{"__proto__":{"a":1}}');
    const result = checkJson({ type: 'object' }, value);
    expect(result).toEqual({ value });
    expect(Object.keys(result.issues === undefined && typeof result.value === 'object' ? result.value ?? {} : {})).toEqual(['__proto__']);
  });

  it('does not take inherited names for properties', () => {
    expect(fits({ required: ['constructor', 'toString'] }, {})).toBe(false);
    expect(fits({ properties: { a: { $ref: '#/constructor' } } }, { a: 1 })).toBe(false);
  });

  it('takes no notice of patterns, which can take forever', () => {
    expect(fits({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(50)}!`)).toBe(true);
  });

  it.each<[string, JsonValue, JsonValue]>([
    ['refers to itself', { $ref: '#' }, 1],
    ['refers in a circle', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }, 1],
    ['multiplies', { $defs: { a: { anyOf: Array.from({ length: 20 }, () => ({ $ref: '#/$defs/a' })) } }, $ref: '#/$defs/a' }, 1],
    ['refers to nothing', { $ref: '#/$defs/none' }, 1],
    ['refers elsewhere', { $ref: 'https://example.com/schema' }, 1],
    ['is a number', 7, 1],
    ['looks at a large value again and again', { allOf: Array.from({ length: 5_000 }, () => ({ minLength: 1, uniqueItems: true })) }, 'x'.repeat(100_000)],
    ['compares a large value again and again', { anyOf: Array.from({ length: 5_000 }, () => ({ const: 1 })) }, Array.from({ length: 20_000 }, (_, index) => index)],
  ])('refuses every value, and soon, where the schema %s', (_name, schema, value) => {
    expect(fits(schema, value)).toBe(false);
  });

  it('looks no more at a value once the schema has cost too much', () => {
    let looks = 0;
    const value = new Proxy(Array.from({ length: 20_000 }, () => 1), { ownKeys: (target) => { looks++; return Reflect.ownKeys(target); } });
    expect(fits({ anyOf: Array.from({ length: 1_000 }, () => ({ const: 1 })) }, value)).toBe(false);
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThan(50);
  });

  it('gives an answer for any schema and any value, of which the value is never changed', () => {
    fc.assert(fc.property(json, json, (schema, value) => {
      const before = JSON.stringify(value);
      const result = checkJson(schema, value);
      expect(JSON.stringify(value)).toBe(before);
      expect(result.issues === undefined || result.issues.length > 0).toBe(true);
    }));
  });

  it('takes a value that it has made: checking twice changes nothing more', () => {
    const schema = { type: 'object', properties: { a: { default: 1 }, b: { properties: { c: { default: [1] } } } } };
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), json), (value) => {
      const once = checkJson(schema, value);
      if (once.issues === undefined) expect(checkJson(schema, once.value)).toEqual(once);
    }));
  });
});
