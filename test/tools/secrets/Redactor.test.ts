import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../../src/lib/task-system/tools/secrets/Redactor.ts';
import { isSecretName } from '../../../src/lib/task-system/tools/secrets/patterns.ts';
import { parseJson, type JsonValue } from '../../../src/lib/task-system/types/Json.ts';

const SECRET = 'p"ss wörd/äöü';
const redactor = new Redactor([SECRET, 'hunter22']);

// Written in parts, so that nobody takes them for keys.
const KEYS = [
  `sk-${'a1B2'.repeat(6)}`, `sk-ant-${'api03-abcd'.repeat(3)}`, `sk_live_${'a1B2'.repeat(5)}`, `ghp_${'a1B2'.repeat(9)}`, `github_pat_${'a1B2_'.repeat(6)}`, `glpat-${'a1B2'.repeat(5)}`,
  `npm_${'a1B2'.repeat(9)}`, `xoxb-${'1234-'.repeat(4)}`, `AKIA${'ABCD'.repeat(4)}`, `AIza${'a1B2'.repeat(9)}`, `hf_${'abcd'.repeat(8)}`, `whsec_${'a1B2'.repeat(6)}`,
  `eyJ${'abcd'.repeat(4)}.eyJ${'abcd'.repeat(4)}.${'abcd'.repeat(8)}`,
];

describe('Redactor', () => {
  it.each(KEYS)('takes out %s', (key) => {
    expect(redactor.text(`before ${key} after`)).toBe('before [redacted] after');
  });

  it('takes out what stands in headers, addresses and private keys', () => {
    expect(redactor.text('Authorization: Bearer abcdefghijklmnop')).toBe('Authorization: Bearer [redacted]');
    expect(redactor.text('postgres://app:swordfish@db:5432/x')).toBe('postgres://app:[redacted]@db:5432/x');
    expect(redactor.text(`-----BEGIN RSA PRIVATE KEY-----\n${'abc\n'.repeat(9)}-----END RSA PRIVATE KEY-----`)).not.toContain('abc');
  });

  it.each(['sky-high', 'a task-system', 'bearer of news', 'http://example.com/a:b@c', 'eyJ', 'AKIA', 'the password is none of these'])('leaves "%s" alone', (text) => {
    expect(redactor.text(text)).toBe(text);
  });

  it.each([
    ['as it is', SECRET], ['as JSON', JSON.stringify(SECRET).slice(1, -1)], ['in an address', encodeURIComponent(SECRET)], ['as base64', Buffer.from(SECRET).toString('base64')],
  ])('takes out a registered value %s', (_name, form) => {
    expect(redactor.text(`x ${form} y`)).toBe('x [redacted] y');
  });

  it('finds registered values in values and keys, however deep', () => {
    expect(redactor.values({ a: [{ [`k ${SECRET}`]: ['hunter22!'] }], n: 1 })).toEqual({ a: [{ 'k [redacted]': ['[redacted]!'] }], n: 1 });
  });

  it('leaves what only looks like a key to those who may see it', () => {
    expect(redactor.values({ a: KEYS[0] ?? '' })).toEqual({ a: KEYS[0] });
  });

  it.each(['password', 'apiKey', 'api_key', 'client_secret', 'Authorization', 'x-access-token', 'Cookie', 'privateKey'])('hides a text that is called %s', (name) => {
    expect(redactor.copy({ [name]: 'abc' })).toEqual({ [name]: '[redacted]' });
  });

  it.each(['maxTokens', 'tokenizer', 'secretary', 'path', 'keyboard'])('does not take %s for the name of a secret', (name) => {
    expect(isSecretName(name)).toBe(false);
  });

  it('copies small values as they are', () => {
    const value = { path: 'a.txt', list: [1, true, null, { deep: 'x' }], token: 5 };
    expect(redactor.copy(value)).toEqual(value);
  });

  it('never gives a registered value away, wherever it stands and whatever is cut', () => {
    const text = fc.tuple(fc.string({ maxLength: 3_000 }), fc.string({ maxLength: 20 })).map(([before, after]) => `${before}hunter22${after}`);
    const value: fc.Arbitrary<JsonValue> = fc.letrec<{ any: JsonValue }>((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.array(tie('any'), { maxLength: 5 }), fc.dictionary(text, tie('any'), { maxKeys: 4 })),
    })).any;
    fc.assert(fc.property(value, (one) => {
      expect(JSON.stringify(redactor.copy(one))).not.toContain('hunter22');
      expect(JSON.stringify(redactor.values(one))).not.toContain('hunter22');
    }));
  });

  it('keeps copies small, whatever comes', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 2_000 }), (one, times) => {
      const copy = redactor.copy(Array.from({ length: times }, () => parseJson(JSON.stringify(one))));
      expect(JSON.stringify(copy).length).toBeLessThan(65_536);
    }));
  });

  it('says of a long text how long it was', () => {
    expect(redactor.copy('x'.repeat(100_000))).toMatch(/^x{2048}… \(100000 characters\)$/);
  });

  it.each(['Basic authentication failed', 'bearer authorisation', 'Basic understanding'])('does not take "%s" for a key', (text) => {
    expect(redactor.text(text)).toBe(text);
  });

  it.each(['Bearer abcdefgh12345678', 'Basic dXNlcjpwYXNzd29yZA==', 'authorization=abcdefghijklmnop', '"authorization": "abcdefghijklmnop"'])('takes the key out of %s', (text) => {
    expect(redactor.text(text)).toMatch(/\[redacted\]"?$/);
  });

  it('takes a key of several lines out of texts that come line by line', () => {
    const key = 'BEGIN\nfirst-line-of-it\nsecond-line-of-it\nEND';
    const lines = new Redactor([key]).values(key.split('\n'));
    expect(lines).toEqual(['BEGIN', '[redacted]', '[redacted]', 'END']);
  });

  it('knows how long the longest form of a value is', () => {
    expect(new Redactor().longest).toBe(0);
    expect(new Redactor(['aaaaaa', '€€€€€€']).longest).toBe(encodeURIComponent('€€€€€€').length);
  });

  describe('json', () => {
    it('takes registered values out of JSON, which stays JSON', () => {
      expect(parseJson(redactor.json(JSON.stringify({ a: SECRET, [SECRET]: 1 })))).toEqual({ a: '[redacted]', '[redacted]': 1 });
    });

    it('gives back what has none as it is, to the byte', () => {
      expect(redactor.json('{ "a" : 1.0 }')).toBe('{ "a" : 1.0 }');
    });

    it('leaves numbers alone that look like a registered value', () => {
      expect(new Redactor(['123456']).json('{"a":123456,"b":"123456"}')).toBe('{"a":123456,"b":"[redacted]"}');
    });
  });

  describe('error', () => {
    const error = { name: 'Error', message: `no ${SECRET}`, code: SECRET, stack: `Error: no ${SECRET}\n  at x`, details: { header: [SECRET] }, cause: { name: 'Error', message: KEYS[0] ?? '' } };

    it('takes registered values out of every part, and keys out of the words', () => {
      expect(redactor.error(error)).toEqual({
        name: 'Error', message: 'no [redacted]', code: '[redacted]', stack: 'Error: no [redacted]\n  at x', details: { header: ['[redacted]'] }, cause: { name: 'Error', message: '[redacted]' },
      });
    });

    it('takes keys out of the words also where nothing is registered', () => {
      expect(new Redactor().error(error)).toMatchObject({ message: `no ${SECRET}`, cause: { message: '[redacted]' } });
    });

    it('adds nothing that was not there', () => {
      expect(new Redactor().error({ name: 'Error', message: 'plain' })).toEqual({ name: 'Error', message: 'plain' });
    });
  });

  it('cuts a key in two nowhere that can be seen', () => {
    const key = KEYS[0] ?? '';
    for (let before = 8_150; before < 8_200; before++) expect(redactor.text('.'.repeat(before) + key, 10_000)).not.toContain('sk-');
  });
});
