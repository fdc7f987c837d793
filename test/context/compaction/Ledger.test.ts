import { describe, expect, it } from 'vitest';
import { Ledger, type ValueSource } from '../../../src/lib/task-system/context/compaction/Ledger.ts';
import type { FoundValue } from '../../../src/lib/task-system/context/compaction/values.ts';

const found = (value: string, more: Partial<FoundValue> = {}): FoundValue => ({ value, key: '', shape: 1, siblings: 1, ...more });

/** What is ranked when these are added, each as one finding of one value. */
function ranked(...findings: readonly (readonly [FoundValue, ValueSource, number])[]): readonly string[] {
  const ledger = new Ledger(10);
  for (const [one, source, place] of findings) ledger.add([one], source, place);
  return ledger.rank().map(({ value }) => value);
}

describe('Ledger', () => {
  it('has nothing to rank at first', () => {
    expect(new Ledger(0).rank()).toEqual([]);
  });

  it('puts what the user said before what a tool gave back', () => {
    expect(ranked([found('tool'), 'result', 3], [found('user'), 'user', 3])).toEqual(['user', 'tool']);
  });

  it('puts the arguments of a call before what the model only said', () => {
    expect(ranked([found('said'), 'assistant', 3], [found('called'), 'call', 3])).toEqual(['called', 'said']);
  });

  it('puts later values before earlier ones', () => {
    expect(ranked([found('early'), 'result', 0], [found('late'), 'result', 9])).toEqual(['late', 'early']);
  });

  it('puts the newer one first where all else is equal', () => {
    expect(ranked([found('one'), 'user', 3], [found('two'), 'user', 3])).toEqual(['two', 'one']);
  });

  it('puts a value that stood alone before one of many of its kind', () => {
    expect(ranked([found('alone'), 'result', 3], [found('many', { siblings: 50 }), 'result', 3])).toEqual(['alone', 'many']);
  });

  it('puts a value that looks like an id before one that does not', () => {
    expect(ranked([found('id'), 'result', 3], [found('word', { shape: 0.4 }), 'result', 3])).toEqual(['id', 'word']);
  });

  it('lets a value rise that comes up in several messages', () => {
    expect(ranked([found('again'), 'result', 1], [found('again'), 'result', 2], [found('again'), 'result', 3], [found('once'), 'result', 3])).toEqual(['again', 'once']);
  });

  it('counts a value once in one message', () => {
    expect(ranked([found('twice'), 'result', 3], [found('twice'), 'result', 3], [found('once'), 'result', 3])).toEqual(['once', 'twice']);
  });

  it('lets a value rise that several have said', () => {
    expect(ranked([found('both'), 'assistant', 3], [found('both'), 'result', 3], [found('one'), 'result', 3])).toEqual(['both', 'one']);
  });

  it('counts no more than five times', () => {
    const scoreAfter = (times: number): number | undefined => {
      const ledger = new Ledger(10);
      for (let place = 0; place < times; place++) ledger.add([found('a', { shape: place === 0 ? 1 : 0 })], 'result', place);
      return ledger.rank()[0]?.score;
    };
    expect(scoreAfter(5)).toBe(scoreAfter(9));
    expect(scoreAfter(5)).toBeGreaterThan(scoreAfter(4) ?? Infinity);
  });

  it('keeps the first name that a value had', () => {
    const ledger = new Ledger(10);
    for (const key of ['', 'id', 'other']) ledger.add([found('a', { key })], 'result', 1);
    expect(ledger.rank()[0]?.key).toBe('id');
  });
});
