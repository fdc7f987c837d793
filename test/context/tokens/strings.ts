import fc from 'fast-check';

/** Strings of many scripts, some of them long runs without a break. */
export const anyScript: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'ß', '中', '文', 'ก', 'ำ', '😀', '\u200d', '\u0301', ' ', '\n', '\t', '=', '-', '/', '1', "'s", 'A', '\ud800'), minLength: 100, maxLength: 600 }), fc.integer({ min: 1, max: 3 }))
    .map(([text, times]) => text.repeat(times)),
  fc.tuple(fc.constantFrom('ก', '中', '😀', '\u200d', '\u0301', ' ', '\n', '=', 'x', 'ab', 'ที่'), fc.integer({ min: 1, max: 500 }), fc.string({ unit: 'binary', maxLength: 20 }))
    .map(([unit, times, tail]) => unit.repeat(times) + tail),
);
