import { expect, it } from 'vitest';
import { openMemoryStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { LEAF, type Plan } from './plans.ts';
import { startHost } from './startHost.ts';

const CHILD: Plan = { ...LEAF, hangs: true, timeoutMs: 500_000 };
/** Fails, and is tried again a little later, while its child goes on. */
const PARENT: Plan = { ...LEAF, failures: 1, maxAttempts: 2, timeoutMs: 400, hasKeys: true, children: [CHILD] };

it('a child that runs before its parent does, in a host after the one that died, has no more time than its parent', async () => {
  const [clock, store, plans] = [new FakeClock(), await openMemoryStore(), [PARENT, CHILD]];
  const first = await startHost('first', store, clock, plans, 2);
  const parent = await first.submit(PARENT);
  await first.settle();
  const [, child] = await store.families.tree(parent.id);
  await expect(store.get(parent.id)).resolves.toMatchObject({ state: 'queued', attempt: 1 });
  await expect(store.get(child?.id ?? '')).resolves.toMatchObject({ state: 'running' });
  await first.die();

  const second = await startHost('second', store, clock, plans, 2);
  await second.settle();
  await expect(store.get(child?.id ?? '')).resolves.toMatchObject({ state: 'running', attempt: 2 });
  await expect(store.get(parent.id)).resolves.toMatchObject({ state: 'queued', attempt: 1 });
  clock.advance(400);
  await second.settle();
  await expect(store.get(child?.id ?? '')).resolves.toMatchObject({ state: 'cancelled', error: { details: { cause: 'parent' } } });
  await store.close();
});
