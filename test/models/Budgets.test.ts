import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budgets } from '../../src/lib/task-system/models/Budgets.ts';
import type { BudgetOptions, SpendLimits } from '../../src/lib/task-system/types/Budgets.ts';
import { resolveBudgets } from '../../src/lib/task-system/types/resolveModels.ts';
import type { TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { makeLogger, makeRecord, makeType } from '../core/makers.ts';
import { rejectionOf } from '../support/thrown.ts';
import { TestCaller, TestLedger } from './makers.ts';
import { poll } from './poll.ts';

const never = new AbortController().signal;
const UNBOUND: SpendLimits = { modelCalls: false, inputTokens: false, outputTokens: false, cost: false, toolCalls: false, turns: false };
const DAY = 86_400_000;

interface Setting {
  readonly budgets?: BudgetOptions;
  readonly types?: Readonly<Record<string, SpendLimits>>;
  readonly tasks?: readonly TaskRecord[];
  readonly ledger?: TestLedger;
  readonly clock?: FakeClock;
}

function make({ budgets = {}, types = {}, tasks = [], ledger = new TestLedger(), clock = new FakeClock() }: Setting = {}): { readonly budgets: Budgets; readonly ledger: TestLedger; readonly clock: FakeClock; readonly logger: ReturnType<typeof makeLogger> } {
  const logger = makeLogger();
  const made = new Budgets({
    options: { budgets: resolveBudgets(budgets), types: new Map(Object.entries(types).map(([name, budget]) => [name, makeType({ name, budget })])) },
    ledger, clock, logger, find: (taskId) => Promise.resolve(tasks.find(({ id }) => id === taskId)),
  });
  return { budgets: made, ledger, clock, logger };
}

/** A root with a child and a grandchild. */
const root = makeRecord({ id: 'root', rootId: 'root', type: 'lead' });
const child = makeRecord({ id: 'child', rootId: 'root', parentId: 'root', type: 'worker' });
const grandchild = makeRecord({ id: 'grandchild', rootId: 'root', parentId: 'child', type: 'worker' });
const family = [root, child, grandchild];

describe('Budgets.charge', () => {
  it('counts for the task, its ancestors and its project', async () => {
    const { budgets, ledger } = make({ tasks: family });
    await budgets.charge(new TestCaller(grandchild), { toolCalls: 2 });
    expect([...ledger.rows].map(([key, { toolCalls }]) => [key.replace(/^project:.*:/, 'project:'), toolCalls])).toEqual([
      ['own:grandchild', 2], ['total:grandchild', 2], ['total:child', 2], ['total:root', 2], ['project:acme', 2],
    ]);
  });

  it('refuses what would go over, and counts nothing of it', async () => {
    const { budgets, ledger } = make({ budgets: { task: { toolCalls: 2 } } });
    const caller = new TestCaller();
    await budgets.charge(caller, { toolCalls: 2 });
    const before = structuredClone([...ledger.rows]);
    await expect(rejectionOf(budgets.charge(caller, { toolCalls: 1 }))).resolves.toMatchObject({
      code: 'BUDGET_SPENT', retryable: false, details: { budget: 'budgets.task', kind: 'toolCalls', limit: 2, spent: 2, taskId: 'task-1' },
    });
    expect([...ledger.rows]).toEqual(before);
  });

  it('takes 0 for nothing at all', async () => {
    const { budgets } = make({ budgets: { task: { toolCalls: 0 } } });
    await expect(budgets.charge(new TestCaller(), { toolCalls: 1 })).rejects.toThrow('toolCalls 0');
  });

  it('takes false for any amount', async () => {
    const { budgets } = make({ budgets: { task: UNBOUND, tree: UNBOUND, project: UNBOUND } });
    await expect(budgets.charge(new TestCaller(), { toolCalls: 1e9 })).resolves.toBeUndefined();
  });

  it('lets children draw from the budget of their parent\'s type', async () => {
    const { budgets } = make({ tasks: family, types: { lead: { toolCalls: 3 } } });
    await budgets.charge(new TestCaller(root), { toolCalls: 1 });
    await budgets.charge(new TestCaller(child), { toolCalls: 2 });
    await expect(rejectionOf(budgets.charge(new TestCaller(grandchild), { toolCalls: 1 }))).resolves.toMatchObject({ details: { budget: 'tasks.lead.budget' } });
  });

  it('bounds the whole tree, however many tasks there are', async () => {
    const { budgets } = make({ tasks: family, budgets: { tree: { toolCalls: 2 } } });
    await budgets.charge(new TestCaller(root), { toolCalls: 1 });
    await budgets.charge(new TestCaller(child), { toolCalls: 1 });
    await expect(rejectionOf(budgets.charge(new TestCaller(grandchild), { toolCalls: 1 }))).resolves.toMatchObject({ details: { budget: 'budgets.tree' } });
  });

  it('does not charge a task for its parent', async () => {
    const { budgets } = make({ tasks: family, types: { worker: { toolCalls: 1 } } });
    await budgets.charge(new TestCaller(root), { toolCalls: 5 });
    await expect(budgets.charge(new TestCaller(child), { toolCalls: 1 })).resolves.toBeUndefined();
  });

  it('bounds a project over all its tasks, and no other project', async () => {
    const { budgets } = make({ budgets: { project: { toolCalls: 1 } } });
    await budgets.charge(new TestCaller({ id: 'a', rootId: 'a' }), { toolCalls: 1 });
    await expect(rejectionOf(budgets.charge(new TestCaller({ id: 'b', rootId: 'b' }), { toolCalls: 1 }))).resolves.toMatchObject({ details: { budget: 'budgets.project' } });
    await expect(budgets.charge(new TestCaller({ id: 'c', rootId: 'c', project: 'other' }), { toolCalls: 1 })).resolves.toBeUndefined();
  });

  it('begins anew for a project when its time is over, for a task never', async () => {
    const { budgets, clock } = make({ budgets: { project: { toolCalls: 1 }, task: { toolCalls: 2 } }, clock: new FakeClock(10 * DAY) });
    const caller = new TestCaller();
    await budgets.charge(caller, { toolCalls: 1 });
    clock.advance(DAY);
    await budgets.charge(caller, { toolCalls: 1 });
    clock.advance(DAY);
    await expect(rejectionOf(budgets.charge(caller, { toolCalls: 1 }))).resolves.toMatchObject({ details: { budget: 'budgets.task' } });
  });

  it('goes on where an earlier host has stopped', async () => {
    const { ledger, budgets } = make({ budgets: { task: { toolCalls: 2 } } });
    await budgets.charge(new TestCaller(), { toolCalls: 2 });
    const { budgets: later } = make({ budgets: { task: { toolCalls: 2 } }, ledger });
    await expect(rejectionOf(later.charge(new TestCaller(), { toolCalls: 1 }))).resolves.toMatchObject({ code: 'BUDGET_SPENT', details: { spent: 2 } });
  });

  it('goes on in the next attempt', async () => {
    const { budgets } = make({ budgets: { task: { toolCalls: 2 } } });
    const first = new TestCaller();
    await budgets.charge(first, { toolCalls: 2 });
    first.end();
    await expect(rejectionOf(budgets.charge(new TestCaller({ attempt: 2 }), { toolCalls: 1 }))).resolves.toMatchObject({ code: 'BUDGET_SPENT' });
  });

  it('tells once when 80 % are spent', async () => {
    const { budgets } = make({ budgets: { task: { toolCalls: 10 } } });
    const caller = new TestCaller();
    for (let call = 0; call < 7; call++) await budgets.charge(caller, { toolCalls: 1 });
    expect(caller.events).toEqual([]);
    for (let call = 0; call < 3; call++) await budgets.charge(caller, { toolCalls: 1 });
    expect(caller.of('task:warning')).toEqual([{ code: 'BUDGET_NEARLY_SPENT', message: 'budgets.task: 80 % of toolCalls are spent (8 of 10)' }]);
  });

  it('tells of a store that cannot be written, and goes on', async () => {
    const ledger = new TestLedger();
    const failing = Object.assign(ledger, { charge: () => Promise.reject(new Error('disk full')) });
    const { budgets, logger } = make({ ledger: failing });
    await budgets.charge(new TestCaller(), { toolCalls: 1 });
    await poll(() => logger.lines).toMatchObject([{ level: 'error', message: 'what task task-1 spent could not be written' }]);
  });
});

describe('Budgets.admit', () => {
  const guess = { inputTokens: 100, outputTokens: 100 };

  it('counts the call at once, and what it took at its end', async () => {
    const { budgets, ledger } = make();
    const { finish } = await budgets.admit(new TestCaller(), { modelCalls: 1, turns: 1 }, guess, never);
    expect(ledger.rows.get('own:task-1')).toMatchObject({ modelCalls: 1, turns: 1, inputTokens: 0 });
    finish({ inputTokens: 70, outputTokens: 30, cost: 0.5 });
    expect(ledger.rows.get('own:task-1')).toEqual({ modelCalls: 1, turns: 1, inputTokens: 70, outputTokens: 30, cost: 0.5, toolCalls: 0 });
  });

  it.each(['inputTokens', 'outputTokens', 'cost'] as const)('lets no call through when the %s are spent', async (kind) => {
    const { budgets } = make({ budgets: { task: { [kind]: 100 } } });
    const caller = new TestCaller();
    (await budgets.admit(caller, { modelCalls: 1 }, {}, never)).finish({ [kind]: 100 });
    await expect(rejectionOf(budgets.admit(caller, { modelCalls: 1 }, {}, never))).resolves.toMatchObject({ code: 'BUDGET_SPENT', details: { kind, spent: 100 } });
  });

  it('lets the last call go over, as nobody knows before what it takes', async () => {
    const { budgets } = make({ budgets: { task: { outputTokens: 100 } } });
    const caller = new TestCaller();
    (await budgets.admit(caller, { modelCalls: 1 }, {}, never)).finish({ outputTokens: 99 });
    (await budgets.admit(caller, { modelCalls: 1 }, {}, never)).finish({ outputTokens: 50 });
    await expect(rejectionOf(budgets.admit(caller, { modelCalls: 1 }, {}, never))).resolves.toMatchObject({ details: { spent: 149, limit: 100 } });
  });

  it('says how much is left for the answer', async () => {
    const { budgets } = make({ budgets: { task: { outputTokens: 100 } } });
    const caller = new TestCaller();
    const { finish, outputTokensLeft } = await budgets.admit(caller, { modelCalls: 1 }, {}, never);
    finish({ outputTokens: 60 });
    expect([outputTokensLeft, (await budgets.admit(caller, { modelCalls: 1 }, {}, never)).outputTokensLeft]).toEqual([100, 40]);
  });

  it('waits for a call under way that may use up what is left', async () => {
    const { budgets } = make({ budgets: { tree: { outputTokens: 150 } }, tasks: family });
    const first = await budgets.admit(new TestCaller(root), { modelCalls: 1 }, guess, never);
    const second = await budgets.admit(new TestCaller(root), { modelCalls: 1 }, guess, never);
    let isIn = false;
    const third = budgets.admit(new TestCaller(child), { modelCalls: 1 }, guess, never).then((admission) => { isIn = true; return admission; });
    first.finish({ outputTokens: 10 });
    await third.then(() => undefined, () => undefined);
    expect(isIn).toBe(true);
    second.finish({ outputTokens: 150 });
    (await third).finish({});
    await expect(rejectionOf(budgets.admit(new TestCaller(child), { modelCalls: 1 }, guess, never))).resolves.toMatchObject({ code: 'BUDGET_SPENT' });
  });

  it('tells who waited that nothing is left', async () => {
    const { budgets } = make({ budgets: { task: { outputTokens: 100 } } });
    const caller = new TestCaller();
    const { finish } = await budgets.admit(caller, { modelCalls: 1 }, guess, never);
    const second = budgets.admit(caller, { modelCalls: 1 }, guess, never);
    finish({ outputTokens: 100 });
    await expect(rejectionOf(second)).resolves.toMatchObject({ code: 'BUDGET_SPENT' });
  });

  it('lets go of who does not wait any more', async () => {
    const { budgets } = make({ budgets: { task: { outputTokens: 100 } } });
    const caller = new TestCaller();
    await budgets.admit(caller, { modelCalls: 1 }, guess, never);
    const controller = new AbortController();
    const second = budgets.admit(caller, { modelCalls: 1 }, guess, controller.signal);
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
  });

  it('is overspent by one call at most, however many ask at once', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 500 }), async (calls, limit) => {
      const { budgets, ledger } = make({ budgets: { tree: { outputTokens: limit } }, tasks: family });
      await Promise.all(calls.map(async (outputTokens, index) => {
        const caller = new TestCaller(family[index % 3]);
        const admission = await budgets.admit(caller, { modelCalls: 1 }, { outputTokens: 100 }, never).catch(() => undefined);
        await new Promise((resolve) => { setImmediate(resolve); });
        admission?.finish({ outputTokens });
      }));
      expect(ledger.rows.get('total:root')?.outputTokens ?? 0).toBeLessThan(limit + 100);
    }), { numRuns: 60 });
  });

  it('reads each account once while somebody draws from it, and again when everybody has left', async () => {
    const { budgets, ledger } = make();
    const caller = new TestCaller();
    await budgets.charge(caller, { toolCalls: 1 });
    await budgets.charge(caller, { toolCalls: 1 });
    const reads = ledger.reads;
    caller.end();
    await budgets.charge(new TestCaller({ attempt: 2 }), { toolCalls: 1 });
    expect([reads, ledger.reads]).toEqual([3, 5]);
  });
});
