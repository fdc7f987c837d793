import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { implicitKey, isImplicitKey, judge, type ChildFailureRule, type ChildTally, type CompletionRule, type Ruling } from '../../src/lib/task-system/types/Subtasks.ts';

const tally = (done: number, failed: number, open: number, excused = 0): ChildTally => ({ done, excused, failed, open });

describe('judge', () => {
  it.each<[CompletionRule, ChildFailureRule, ChildTally, Ruling]>([
    ['all', 'fail-fast', tally(0, 0, 0), 'met'],
    ['all', 'fail-fast', tally(2, 0, 1), 'open'],
    ['all', 'fail-fast', tally(3, 0, 0), 'met'],
    ['all', 'fail-fast', tally(2, 1, 1), 'missed'],
    ['all', 'fail-fast', tally(2, 1, 0), 'missed'],
    ['all', 'wait', tally(2, 1, 1), 'open'],
    ['all', 'wait', tally(2, 1, 0), 'missed'],
    ['all', 'ignore', tally(2, 1, 1), 'open'],
    ['all', 'ignore', tally(0, 3, 0), 'met'],
    ['any', 'fail-fast', tally(0, 2, 1), 'open'],
    ['any', 'fail-fast', tally(1, 0, 5), 'met'],
    ['any', 'fail-fast', tally(0, 3, 0), 'missed'],
    ['any', 'wait', tally(0, 3, 0), 'missed'],
    ['any', 'wait', tally(1, 2, 3), 'met'],
    ['any', 'ignore', tally(0, 3, 0), 'met'],
    [{ quorum: 2 }, 'fail-fast', tally(1, 1, 1), 'open'],
    [{ quorum: 2 }, 'fail-fast', tally(1, 2, 0), 'missed'],
    [{ quorum: 2 }, 'fail-fast', tally(0, 1, 1), 'missed'],
    [{ quorum: 2 }, 'wait', tally(0, 1, 1), 'open'],
    [{ quorum: 2 }, 'fail-fast', tally(2, 0, 4), 'met'],
    [{ quorum: 5 }, 'fail-fast', tally(2, 0, 0), 'missed'],
    [{ quorum: 5 }, 'ignore', tally(2, 0, 0), 'met'],
    ['all', 'fail-fast', tally(1, 0, 0, 2), 'met'],
    ['any', 'fail-fast', tally(0, 0, 1, 1), 'open'],
    ['any', 'fail-fast', tally(0, 1, 0, 1), 'met'],
    [{ quorum: 2 }, 'fail-fast', tally(1, 1, 0, 1), 'met'],
    [{ quorum: 3 }, 'fail-fast', tally(1, 1, 0, 1), 'missed'],
    [{ quorum: 2 }, 'wait', tally(0, 1, 0, 1), 'missed'],
  ])('of %j with %s over %j: %s', (completion, onChildFailure, children, ruling) => {
    expect(judge({ completion, onChildFailure }, children)).toBe(ruling);
  });

  const rules = fc.record({
    completion: fc.oneof(fc.constantFrom<CompletionRule>('all', 'any'), fc.integer({ min: 1, max: 5 }).map((quorum): CompletionRule => ({ quorum }))),
    onChildFailure: fc.constantFrom<ChildFailureRule>('fail-fast', 'wait', 'ignore'),
  });
  const tallies = fc.record({ done: fc.nat(5), excused: fc.nat(2), failed: fc.nat(5), open: fc.nat(5) });

  it('always decides once nothing is open', () => {
    fc.assert(fc.property(rules, tallies, (rule, children) => { expect(judge(rule, { ...children, open: 0 })).not.toBe('open'); }));
  });

  it('never takes a decision back, whatever becomes of the children that are open', () => {
    fc.assert(fc.property(rules, tallies, fc.array(fc.boolean(), { maxLength: 5 }), (rule, start, ends) => {
      const first = judge(rule, start);
      fc.pre(first !== 'open');
      let now = start;
      for (const isWell of ends.slice(0, start.open)) {
        now = { ...now, done: now.done + Number(isWell), failed: now.failed + Number(!isWell), open: now.open - 1 };
        if (rule.onChildFailure !== 'wait') expect(judge(rule, now)).toBe(first);
      }
    }));
  });

  it('never fails for children where failures are ignored', () => {
    fc.assert(fc.property(rules, tallies, (rule, children) => { expect(judge({ ...rule, onChildFailure: 'ignore' }, children)).not.toBe('missed'); }));
  });
});

describe('implicitKey', () => {
  it('is told from names that somebody gave', () => {
    expect([isImplicitKey(implicitKey('abc', 0)), isImplicitKey('abc'), isImplicitKey(null), isImplicitKey(undefined)]).toEqual([true, false, false, false]);
  });

  it('differs by fingerprint and by count', () => {
    expect(new Set([implicitKey('a', 0), implicitKey('a', 1), implicitKey('b', 0)]).size).toBe(3);
  });
});
