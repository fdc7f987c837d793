import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputTail } from '../../../src/lib/task-system/tools/builtin/OutputTail.ts';

function kept(maxBytes: number, ...pieces: readonly string[]): { readonly text: string; readonly isCut: boolean } {
  const output = new OutputTail(maxBytes);
  for (const piece of pieces) output.push(Buffer.from(piece));
  return output.result();
}

describe('OutputTail', () => {
  it('keeps nothing of nothing', () => {
    expect(kept(10)).toEqual({ text: '', isCut: false });
  });

  it('keeps what fits, whatever the pieces', () => {
    expect(kept(10, 'ab', '', 'cdefg', 'hij')).toEqual({ text: 'abcdefghij', isCut: false });
  });

  it('keeps the beginning and the end of what does not fit', () => {
    expect(kept(4, 'abcdefghij')).toEqual({ text: 'ab\n[… 6 bytes left out …]\nij', isCut: true });
  });

  it('does not care how the stream was cut', () => {
    expect(kept(4, ...Array.from('abcdefghij'))).toEqual(kept(4, 'abcdefghij'));
  });

  it('says what it has so far, and goes on', () => {
    const output = new OutputTail(4);
    output.push(Buffer.from('abc'));
    expect(output.result().text).toBe('abc');
    output.push(Buffer.from('defg'));
    expect(output.result().text).toBe('ab\n[… 3 bytes left out …]\nfg');
  });

  it('counts every byte, kept or left out', () => {
    fc.assert(fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 40 }), fc.integer({ min: 2, max: 200 }), (pieces, most) => {
      const whole = Buffer.from(pieces.join(''));
      const { text, isCut } = kept(most, ...pieces);
      expect(isCut).toBe(whole.length > most);
      if (!isCut) expect(text).toBe(whole.toString());
      else expect(text).toContain(`[… ${String(whole.length - most)} bytes left out …]`);
    }));
  });
});
