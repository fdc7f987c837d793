import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { checkInput, encodeInput } from '../../src/lib/task-system/core/inputJson.ts';
import type { ResolvedTaskType } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import type { StandardSchema } from '../../src/lib/task-system/types/StandardSchema.ts';
import { rejectionOf, thrownBy } from '../support/thrown.ts';
import { makeType } from './makers.ts';

function typeWithRoom(inputBytes: number): ResolvedTaskType {
  const type = makeType();
  return { ...type, limits: { ...type.limits, inputBytes } };
}

function nested(depth: number): unknown {
  let value: unknown = null;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

describe('encodeInput', () => {
  const type = makeType();

  it('writes any JSON value so that reading it gives the same', () => {
    fc.assert(fc.property(fc.jsonValue(), (input) => {
      expect(JSON.parse(encodeInput(input, type))).toEqual(JSON.parse(JSON.stringify(input)));
    }));
  });

  it.each([
    ['a function', () => undefined, 'function'],
    ['a symbol', Symbol('s'), 'symbol'],
    ['a BigInt', 1n, 'bigint'],
    ['NaN', Number.NaN, 'NaN'],
    ['infinity', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['a Map', new Map([[1, 2]]), 'Map'],
    ['a Set', new Set([1]), 'Set'],
    ['a promise', Promise.resolve(1), 'promise'],
  ])('refuses %s, alone and deep inside', (_name, value, word) => {
    for (const input of [value, [value], { a: { b: [value] } }]) {
      const error = thrownBy(() => encodeInput(input, type));
      expect(error.code).toBe('INPUT_INVALID');
      expect(error.message).toContain(word);
      expect(error.details).toEqual({ type: 'research' });
    }
  });

  it('names the key at which something would be lost', () => {
    expect(thrownBy(() => encodeInput({ outer: { callback: () => 1 } }, type)).message).toContain('"callback" is a function');
  });

  it('says that the value itself is the problem when it has no key', () => {
    expect(thrownBy(() => encodeInput(1n, type)).message).toContain('the value is a bigint');
  });

  it('refuses undefined', () => {
    expect(thrownBy(() => encodeInput(undefined, type)).code).toBe('INPUT_INVALID');
  });

  it('leaves out undefined properties, as JSON does', () => {
    expect(encodeInput({ a: undefined, b: 1 }, type)).toBe('{"b":1}');
  });

  it('writes what toJSON gives, such as the text of a date', () => {
    expect(encodeInput({ at: new Date(0) }, type)).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it('refuses a cycle', () => {
    const input: { self?: unknown } = {};
    input.self = input;
    const error = thrownBy(() => encodeInput(input, type));
    expect(error.code).toBe('INPUT_INVALID');
    expect(error.message).not.toContain('\n');
  });

  it('refuses an input that is nested beyond what can be written', () => {
    expect(thrownBy(() => encodeInput(nested(1_000_000), type)).code).toBe('INPUT_INVALID');
  });

  it('passes on why a toJSON or a getter threw', () => {
    const cause = new Error('no such row');
    const error = thrownBy(() => encodeInput({ get row(): never { throw cause; } }, type));
    expect(error.code).toBe('INPUT_INVALID');
    expect(error.message).toContain('no such row');
    expect(error.cause).toBe(cause);
  });

  it('survives a toJSON that throws something that is no error', () => {
    const input = { toJSON: (): never => { throw 'just text'; } }; // eslint-disable-line @typescript-eslint/only-throw-error -- user code may
    expect(thrownBy(() => encodeInput(input, type)).message).toContain('just text');
  });

  it('takes an input of exactly the allowed size and refuses one byte more', () => {
    expect(encodeInput('1234', typeWithRoom(6))).toBe('"1234"');
    const error = thrownBy(() => encodeInput('12345', typeWithRoom(6)));
    expect(error.code).toBe('INPUT_TOO_LARGE');
    expect(error.details).toEqual({ type: 'research', bytes: 7, maxBytes: 6 });
  });

  it('measures bytes, not characters', () => {
    expect(thrownBy(() => encodeInput('蜂蜂', typeWithRoom(7))).code).toBe('INPUT_TOO_LARGE');
    expect(encodeInput('蜂蜂', typeWithRoom(8))).toBe('"蜂蜂"');
  });

  it('keeps a property named __proto__ as data', () => {
    const input: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
    expect(encodeInput(input, type)).toBe('{"__proto__":{"polluted":true}}');
  });
});

describe('checkInput', () => {
  const checked = makeType({ input: z.object({ topic: z.string(), depth: z.object({ max: z.number() }).optional() }) });

  it('passes anything when the type has no schema', () => {
    expect(checkInput({ any: 'thing' }, makeType())).toBeUndefined();
  });

  it('passes what fits, without waiting', () => {
    expect(checkInput({ topic: 'bees' }, checked)).toBeUndefined();
  });

  it('throws at once with every path that does not fit', () => {
    const error = thrownBy(() => checkInput({ topic: 1, depth: { max: 'deep' } }, checked));
    expect(error.code).toBe('INPUT_INVALID');
    expect(error.message).toMatch(/topic: .*depth\.max: /);
    expect(error.details).toEqual({ type: 'research' });
  });

  it('waits for a schema that answers later', async () => {
    const schema = z.string().refine((value) => Promise.resolve(value === 'bees'));
    const later = makeType({ input: { '~standard': { version: 1, vendor: 'test', validate: async (value) => schema.safeParseAsync(value).then(({ success, data }) => (success ? { value: data } : { issues: [{ message: 'no bees' }] })) } } });
    await expect(checkInput('bees', later)).resolves.toBeUndefined();
    const error = await rejectionOf(checkInput('wasps', later) ?? Promise.resolve());
    expect(error.code).toBe('INPUT_INVALID');
    expect(error.message).toContain('no bees');
  });

  it('reads paths that are made of keys in objects, as some schema libraries give them', () => {
    const input: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'wrong', path: [{ key: 'a' }, 0] }] }) } };
    expect(thrownBy(() => checkInput(1, makeType({ input }))).message).toContain('a.0: wrong');
  });
});
