import { describe, expect, it } from 'vitest';
import { LONG_PIECE, mayHoldLongPiece } from '../../../src/lib/task-system/context/tokens/longRuns.ts';

describe('mayHoldLongPiece', () => {
  it('sees none in a text that is shorter than one', () => {
    expect(mayHoldLongPiece('a'.repeat(LONG_PIECE - 1))).toBe(false);
  });

  it('sees a run of letters', () => {
    expect(mayHoldLongPiece('a'.repeat(LONG_PIECE))).toBe(true);
  });

  it('sees a run of signs, with the line breaks that end it', () => {
    expect(mayHoldLongPiece('='.repeat(LONG_PIECE / 2) + '\n'.repeat(LONG_PIECE / 2))).toBe(true);
  });

  it('sees a run of spaces', () => {
    expect(mayHoldLongPiece(' '.repeat(LONG_PIECE))).toBe(true);
  });

  it('sees a run of another script', () => {
    expect(mayHoldLongPiece('蜂'.repeat(LONG_PIECE))).toBe(true);
  });

  it('sees none in plain words, however many', () => {
    expect(mayHoldLongPiece('some plain words '.repeat(100))).toBe(false);
  });

  it('sees none in digits, which are counted by three', () => {
    expect(mayHoldLongPiece('1234567890'.repeat(100))).toBe(false);
  });

  it('sees a long run at the very end of a text', () => {
    expect(mayHoldLongPiece(`${'ab '.repeat(100)}${'x'.repeat(LONG_PIECE)}`)).toBe(true);
  });
});
