import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, cutMiddle, fit, printable, widthOf, wrap } from '../../../../examples/demo/terminal/text.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'Z', '9', ' ', 'é', 'e\u0301', '漢', '한', '👍', '👨‍👩‍👧', '…', '/') });

describe('widthOf', () => {
  it.each([['', 0], ['abc', 3], ['é', 1], ['e\u0301', 1], ['漢字', 4], ['한', 2], ['👍', 2], ['👨‍👩‍👧', 2], ['⠋', 1], ['█░', 2]])('of %j is %i', (shown, width) => {
    expect(widthOf(shown)).toBe(width);
  });
});

describe('cut and fit', () => {
  it('keep what fits and mark what does not', () => {
    expect(cut('short', 5)).toBe('short');
    expect(cut('a long name', 6)).toBe('a lon…');
    expect(cut('漢字漢字', 4)).toBe('漢…');
    expect(cut('abc', 0)).toBe('');
  });

  it('never exceed the columns, and fit fills them exactly', () => {
    fc.assert(fc.property(text, fc.integer({ min: 0, max: 20 }), (shown, columns) => {
      expect(widthOf(cut(shown, columns))).toBeLessThanOrEqual(columns);
      expect(widthOf(fit(shown, columns))).toBe(columns);
      expect(widthOf(fit(shown, columns, 'right'))).toBe(columns);
    }));
  });

  it('leave the middle out where the end matters', () => {
    expect(cutMiddle('src/lib/task-system/realtime', 12)).toBe('src…realtime');
    expect(cutMiddle('short', 5)).toBe('short');
    fc.assert(fc.property(text, fc.integer({ min: 0, max: 20 }), (shown, columns) => {
      expect(widthOf(cutMiddle(shown, columns))).toBeLessThanOrEqual(columns);
      expect(widthOf(fit(shown, columns, 'right', cutMiddle))).toBe(columns);
    }));
  });

  it('align to the left or to the right', () => {
    expect(fit('ab', 4)).toBe('ab  ');
    expect(fit('ab', 4, 'right')).toBe('  ab');
  });
});

describe('printable', () => {
  it('lets nothing through that moves the cursor, changes colours, starts a line or turns text around', () => {
    expect(printable('a\u001b[31mb\r\nc\u202ed\u0000')).toBe('a [31mb c d ');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (anything) => {
      expect(printable(anything)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    }));
  });
});

describe('wrap', () => {
  it('breaks between words and leaves long words whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('a /very/long/path b', 6)).toEqual(['a', '/very/long/path', 'b']);
    expect(wrap('', 5)).toEqual(['']);
  });

  it('loses nothing, and exceeds the columns only for a word that is longer', () => {
    fc.assert(fc.property(text, fc.integer({ min: 1, max: 20 }), (sentence, columns) => {
      const lines = wrap(sentence, columns);
      expect(lines.join(' ')).toBe(sentence);
      for (const line of lines) expect(widthOf(line) <= columns || !line.includes(' ')).toBe(true);
    }));
  });
});
