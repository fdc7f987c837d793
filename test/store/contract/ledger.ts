import { describe, expect, it } from 'vitest';
import type { Spend } from '../../../src/lib/task-system/types/Budgets.ts';
import { createAll, ended, newTask, type OpenStore } from '../support.ts';

const spend = (amount: number): Spend => ({ modelCalls: amount, inputTokens: amount * 1_000, outputTokens: amount * 10, cost: amount / 4, toolCalls: 0, turns: amount });

/** `ledger`. */
export function describeLedger(open: OpenStore): void {
  describe('ledger', () => {
    it('knows nothing of who never spent anything', async () => {
      const { store } = await open();
      await expect(store.ledger.spent(['a', 'b'])).resolves.toEqual(new Map());
    });

    it('adds up', async () => {
      const { store } = await open();
      await store.ledger.charge([{ key: 'a' }, { key: 'b' }], spend(1), 1_000);
      await store.ledger.charge([{ key: 'b' }], spend(2), 2_000);
      await expect(store.ledger.spent(['a', 'b', 'c'])).resolves.toEqual(new Map([['a', spend(1)], ['b', spend(3)]]));
    });

    it('counts in the order in which it is told, without waiting', async () => {
      const { store } = await open();
      void store.ledger.charge([{ key: 'a' }], spend(1), 1_000);
      void store.ledger.charge([{ key: 'a' }], spend(1), 1_000);
      await expect(store.ledger.spent(['a'])).resolves.toEqual(new Map([['a', spend(2)]]));
    });

    it('keeps amounts beyond 32 bits', async () => {
      const { store } = await open();
      await store.ledger.charge([{ key: 'a' }], spend(5_000_000_000), 1_000);
      await expect(store.ledger.spent(['a'])).resolves.toEqual(new Map([['a', spend(5_000_000_000)]]));
    });

    it('forgets a task when it is pruned, and not before', async () => {
      const { store } = await open();
      await ended(store, 'a', 2_000);
      await createAll(store, newTask('b'));
      for (const taskId of ['a', 'b']) await store.ledger.charge([{ key: `own:${taskId}`, taskId }], spend(1), 1_000);
      await store.prune({ before: 1_500, keep: 100, batch: 100 });
      await expect(store.ledger.spent(['own:a', 'own:b'])).resolves.toHaveProperty('size', 2);
      await store.prune({ before: 5_000, keep: 0, batch: 100 });
      await expect(store.ledger.spent(['own:a', 'own:b'])).resolves.toEqual(new Map([['own:b', spend(1)]]));
    });

    it('forgets what belongs to no task by its age', async () => {
      const { store } = await open();
      await store.ledger.charge([{ key: 'project:old' }], spend(1), 1_000);
      await store.ledger.charge([{ key: 'project:new' }], spend(1), 3_000);
      await store.prune({ before: 2_000, keep: 100, batch: 100 });
      await expect(store.ledger.spent(['project:old', 'project:new'])).resolves.toEqual(new Map([['project:new', spend(1)]]));
    });
  });
}
