import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, parseJson } from '../../src/lib/task-system/types/Json.ts';

describe('parseJson', () => {
  it('reads what JSON.stringify wrote', () => {
    fc.assert(fc.property(fc.json(), (text) => {
      expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
    }));
  });

  it('throws a SyntaxError for anything else', () => {
    expect(() => parseJson('{')).toThrow(SyntaxError);
  });
});

describe('isJsonObject', () => {
  it.each([[{}, true], [{ a: 1 }, true], [[], false], [null, false], ['x', false], [1, false], [undefined, false]])('of %j is %s', (value, expected) => {
    expect(isJsonObject(value)).toBe(expected);
  });
});
