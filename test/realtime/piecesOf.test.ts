import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf } from '../../src/lib/task-system/realtime/server/piecesOf.ts';

const length = (text: string): number => text.length;

describe('piecesOf', () => {
  it('makes nothing of nothing', () => {
    expect(piecesOf([], length)).toEqual([]);
  });

  it('ends a piece with the item that fills it', () => {
    expect(piecesOf(['aa', 'aa', 'a', 'aaaaa', 'a'], length, 4)).toEqual([['aa', 'aa'], ['a', 'aaaaa'], ['a']]);
  });

  it('leaves what is larger than a piece whole', () => {
    expect(piecesOf(['aaaaaaaa', 'a'], length, 4)).toEqual([['aaaaaaaa'], ['a']]);
  });

  it('loses nothing, doubles nothing, makes no empty piece and none that would fit without its last item', () => {
    fc.assert(fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 50 }), (items, characters) => {
      const pieces = piecesOf(items, length, characters);
      expect(pieces.flat()).toEqual(items);
      for (const piece of pieces) expect(piece.slice(0, -1).join('').length).toBeLessThan(characters);
      expect(pieces.every((piece) => piece.length > 0)).toBe(true);
    }));
  });
});
