import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitOutput } from '../../src/lib/task-system/tools/fitOutput.ts';
import { thrownBy } from '../support/thrown.ts';

describe('fitOutput', () => {
  it('hands on what is small, as it survives JSON', () => {
    expect(fitOutput('t', { a: 1, gone: undefined, at: new Date(0) }, 1_024)).toEqual({ value: { a: 1, at: '1970-01-01T00:00:00.000Z' }, bytes: 39, isCut: false });
  });

  it('takes nothing for null', () => {
    expect(fitOutput('t', undefined, 1_024).value).toBeNull();
  });

  it('cuts long texts, keeps their beginning and end, and says how much is missing', () => {
    const { value, isCut } = fitOutput('t', { log: `begin${'x'.repeat(10_000)}end`, code: 0 }, 1_024);
    expect(isCut).toBe(true);
    expect(value).toEqual({ log: expect.stringMatching(/^beginx+\n\[… \d+ characters left out …\]\nx+end$/), code: 0 });
  });

  it.each([['a function', (): number => 1], ['a BigInt', 1n], ['a list that holds itself', circle()], ['what nests too deep', deep(200)]])('refuses %s', (_name, value) => {
    expect(thrownBy(() => fitOutput('t', value, 1_024)).code).toBe('TOOL_OUTPUT_INVALID');
  });

  it('refuses what is too large without any text that could be cut', () => {
    expect(thrownBy(() => fitOutput('t', Array.from({ length: 10_000 }, (_, index) => index), 1_024)).message).toContain('1024 are allowed');
  });

  it('is never larger than it may be, and valid Unicode', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 3_000 }), { maxLength: 4 }), fc.integer({ min: 1_500, max: 4_000 }), (texts, most) => {
      const { value, bytes } = fitOutput('t', texts, most);
      expect(bytes).toBeLessThanOrEqual(most);
      expect(Buffer.byteLength(JSON.stringify(value))).toBe(bytes);
      expect(JSON.stringify(value).isWellFormed()).toBe(true);
    }));
  });
});

function circle(): unknown {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

function deep(levels: number): unknown {
  return levels === 0 ? 1 : [deep(levels - 1)];
}
