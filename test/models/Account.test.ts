import { describe, expect, it } from 'vitest';
import { Account, findNearlySpent, findReserved, findSpent, leftOf, NO_SPEND, type Bound } from '../../src/lib/task-system/models/Account.ts';
import type { Spend, SpendLimits } from '../../src/lib/task-system/types/Budgets.ts';

const spend = (more: Partial<Spend>): Spend => ({ ...NO_SPEND, ...more });

function bound(limits: SpendLimits, spent: Partial<Spend> = {}, budget = 'budgets.task'): Bound {
  return { account: new Account('a', 't', spend(spent)), budget, limits };
}

describe('Account', () => {
  it('adds what is charged to what was spent before', () => {
    const account = new Account('a', 't', spend({ turns: 2, cost: 0.5 }));
    account.charge(spend({ turns: 1, inputTokens: 7 }));
    expect(account.spent).toEqual(spend({ turns: 3, cost: 0.5, inputTokens: 7 }));
  });

  it('keeps what is set aside apart from what is spent', () => {
    const account = new Account('a', 't', NO_SPEND);
    account.reserve(spend({ outputTokens: 9 }));
    expect([account.spent, account.reserved]).toEqual([NO_SPEND, spend({ outputTokens: 9 })]);
  });

  it('gives back what was set aside', () => {
    const account = new Account('a', 't', NO_SPEND);
    account.reserve(spend({ outputTokens: 9, modelCalls: 1 }));
    account.release(spend({ outputTokens: 4, modelCalls: 1 }));
    expect(account.reserved).toEqual(spend({ outputTokens: 5 }));
  });

  it('does not change the spending that it was made with', () => {
    const start = spend({ turns: 1 });
    new Account('a', 't', start).charge(spend({ turns: 1 }));
    expect(start.turns).toBe(1);
  });
});

describe('findSpent', () => {
  it('lets the last one through that fits exactly', () => {
    expect(findSpent([bound({ toolCalls: 3 }, { toolCalls: 2 })], spend({ toolCalls: 1 }), [])).toBeUndefined();
  });

  it('finds what would go over by what is wanted', () => {
    expect(findSpent([bound({ toolCalls: 3 }, { toolCalls: 3 })], spend({ toolCalls: 1 }), [])).toMatchObject({ kind: 'toolCalls', limit: 3 });
  });

  it('finds what is used up although nobody can say how much is wanted', () => {
    expect(findSpent([bound({ inputTokens: 10 }, { inputTokens: 10 })], NO_SPEND, ['inputTokens'])).toMatchObject({ kind: 'inputTokens' });
  });

  it('has room while something is left of what nobody can say', () => {
    expect(findSpent([bound({ inputTokens: 10 }, { inputTokens: 9 })], NO_SPEND, ['inputTokens'])).toBeUndefined();
  });

  it('does not ask about kinds that it was not asked about', () => {
    expect(findSpent([bound({ cost: 1 }, { cost: 5 })], spend({ toolCalls: 1 }), ['inputTokens'])).toBeUndefined();
  });

  it('takes a limit of 0 for nothing at all', () => {
    expect(findSpent([bound({ modelCalls: 0 })], spend({ modelCalls: 1 }), [])).toMatchObject({ limit: 0 });
  });

  it('takes false, and what is left out, for any amount', () => {
    expect(findSpent([bound({ modelCalls: false }, { modelCalls: 1e9, turns: 1e9 })], spend({ modelCalls: 1, turns: 1 }), [])).toBeUndefined();
  });

  it('names the first of several budgets that has no room', () => {
    const bounds = [bound({ turns: 9 }), bound({ turns: 1 }, { turns: 1 }, 'budgets.tree'), bound({ turns: 1 }, { turns: 1 }, 'budgets.project')];
    expect(findSpent(bounds, spend({ turns: 1 }), [])?.bound.budget).toBe('budgets.tree');
  });
});

describe('findReserved', () => {
  const reserved = (spent: number, aside: number): Bound => {
    const one = bound({ outputTokens: 10 }, { outputTokens: spent });
    one.account.reserve(spend({ outputTokens: aside }));
    return one;
  };

  it('finds what calls under way may use up', () => {
    expect(findReserved([reserved(5, 5)], ['outputTokens'])).toMatchObject({ kind: 'outputTokens' });
  });

  it('finds nothing while something would be left', () => {
    expect(findReserved([reserved(5, 4)], ['outputTokens'])).toBeUndefined();
  });

  it('finds nothing where no call is under way, though all is spent', () => {
    expect(findReserved([reserved(10, 0)], ['outputTokens'])).toBeUndefined();
  });

  it('looks only at the kinds that it was asked about', () => {
    expect(findReserved([reserved(5, 5)], ['cost'])).toBeUndefined();
  });
});

describe('findNearlySpent', () => {
  const told = (limits: SpendLimits, before: number, now: number): number => findNearlySpent([bound(limits, { turns: before + now })], spend({ turns: now })).length;

  it('tells when four fifths are reached exactly', () => {
    expect(told({ turns: 10 }, 7, 1)).toBe(1);
  });

  it('tells nothing before', () => {
    expect(told({ turns: 10 }, 6, 1)).toBe(0);
  });

  it('tells once, and not again with the next call', () => {
    expect(told({ turns: 10 }, 8, 1)).toBe(0);
  });

  it('tells also of a step that goes over everything at once', () => {
    expect(told({ turns: 10 }, 0, 50)).toBe(1);
  });

  it('tells nothing of a limit of 0, of which there is no fifth', () => {
    expect(told({ turns: 0 }, 0, 1)).toBe(0);
  });

  it('tells nothing of what has no limit', () => {
    expect(told({ turns: false }, 0, 1)).toBe(0);
  });
});

describe('leftOf', () => {
  it('is the least of all budgets', () => {
    expect(leftOf([bound({ outputTokens: 100 }, { outputTokens: 10 }), bound({ outputTokens: 50 })], 'outputTokens')).toBe(50);
  });

  it('is nothing where more was spent than allowed', () => {
    expect(leftOf([bound({ outputTokens: 10 }, { outputTokens: 15 })], 'outputTokens')).toBe(0);
  });

  it('is unknown where nothing bounds it', () => {
    expect(leftOf([bound({ outputTokens: false }), bound({})], 'outputTokens')).toBeUndefined();
  });
});
