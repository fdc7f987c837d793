import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../src/lib/task-system/hooks/hookAnswers.ts';

describe('verdictOf', () => {
  it('takes a bare word for a verdict', () => {
    expect([verdictOf('allow'), verdictOf('deny')]).toEqual([{ decision: 'allow' }, { decision: 'deny' }]);
  });

  it('takes no other word, and no true, for a yes', () => {
    expect([verdictOf('yes'), verdictOf('ALLOW'), verdictOf(true), verdictOf(1)]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('takes nothing for no answer', () => {
    expect([verdictOf(undefined), verdictOf(null)]).toEqual([undefined, undefined]);
  });

  it('keeps who said it, why, and for how long', () => {
    const verdict = { decision: 'deny', by: 'anna', reason: 'no', remember: 'task' };
    expect(verdictOf(verdict)).toEqual(verdict);
  });

  it('takes an object with another decision for no answer', () => {
    expect([verdictOf({ decision: 'maybe' }), verdictOf({ by: 'anna' })]).toEqual([undefined, undefined]);
  });

  it('leaves out what is not of its kind', () => {
    expect(verdictOf({ decision: 'allow', by: 7, reason: {}, remember: 'forever', more: 1 })).toEqual({ decision: 'allow' });
  });

  it('remembers nothing where it counts once, as that is what it does anyway', () => {
    expect(verdictOf({ decision: 'allow', remember: 'once' })).toEqual({ decision: 'allow' });
  });

  it('takes a list for no answer', () => {
    expect(verdictOf(['allow'])).toBeUndefined();
  });
});
