import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextTeller } from '../../src/lib/task-system/models/TextTeller.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

function make(): { readonly teller: TextTeller; readonly clock: FakeClock; readonly told: { readonly text: string; readonly length: number }[] } {
  const clock = new FakeClock();
  const told: { readonly text: string; readonly length: number }[] = [];
  return { clock, told, teller: new TextTeller({ callId: '1.0', model: 'default' }, (text) => { told.push(text); }, clock) };
}

describe('TextTeller', () => {
  it('tells the first piece at once', () => {
    const { teller, told } = make();
    teller.add('Good');
    expect(told).toEqual([{ callId: '1.0', model: 'default', text: 'Good', length: 4 }]);
  });

  it('tells what came together, ten times a second at most', () => {
    const { teller, told, clock } = make();
    for (const piece of ['a', 'b', 'c']) teller.add(piece);
    clock.advance(99);
    expect(told.map(({ text }) => text)).toEqual(['a']);
    clock.advance(1);
    expect(told.map(({ text }) => text)).toEqual(['a', 'abc']);
  });

  it('tells the last state always', () => {
    const { teller, told, clock } = make();
    teller.add('a');
    teller.add('b');
    teller.end();
    expect([told.at(-1)?.text, clock.pendingTimers]).toEqual(['ab', 0]);
  });

  it('tells nothing twice', () => {
    const { teller, told, clock } = make();
    teller.add('a');
    clock.advance(1_000);
    teller.end();
    expect(told).toHaveLength(1);
  });

  it('leaves no timer behind when the model falls silent', () => {
    const { teller, clock } = make();
    teller.add('a');
    clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells the end of a long text, and how long it is', () => {
    const { teller, told } = make();
    teller.add('x'.repeat(10_000));
    teller.add('end');
    teller.end();
    expect(told.at(-1)).toMatchObject({ text: `${'x'.repeat(4_093)}end`, length: 10_003 });
  });

  it('never tells half a character', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 }), { maxLength: 20 }), (pieces) => {
      const { teller, told } = make();
      for (const piece of pieces) teller.add(`${piece}${'😀'.repeat(1_500)}`);
      teller.end();
      expect(told.every(({ text }) => text.isWellFormed() && text.length <= 4_096)).toBe(true);
    }));
  });

  it('ends with the whole of a short text, whatever the pieces and pauses', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 50 }), fc.nat({ max: 150 })), { minLength: 1, maxLength: 40 }), (pieces) => {
      const { teller, told, clock } = make();
      for (const [piece, pause] of pieces) {
        teller.add(piece);
        clock.advance(pause);
      }
      teller.end();
      expect(told.at(-1)?.text).toBe(pieces.map(([piece]) => piece).join(''));
    }));
  });
});
