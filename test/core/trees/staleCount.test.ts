import { expect, it } from 'vitest';
import { openMemoryStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import type { Timer } from '../../../src/lib/task-system/types/Ports.ts';
import { LEAF } from './plans.ts';
import { startHost } from './startHost.ts';

/** Time passes, and a busy host has not looked at its timers yet. */
class LateClock extends FakeClock {
  override setTimer(): Timer {
    return { cancel: () => undefined };
  }
}

it('a task that is due, but not counted yet, does not take the turn of another one when it is cancelled', async () => {
  const [clock, store] = [new LateClock(), await openMemoryStore()];
  const { runner, submit, answered, settle } = await startHost('host', store, clock, [], 1);
  const running = await submit(LEAF);
  const waiting = await submit(LEAF);
  const delayed = await submit(LEAF, { delayMs: 10 });
  clock.advance(20);
  await expect(answered(runner.cancel(delayed.id, 'not needed'))).resolves.toBe(true);
  await settle();
  const states = await Promise.all([running, waiting, delayed].map(async ({ id }) => (await store.get(id))?.state));
  expect(states).toEqual(['completed', 'completed', 'cancelled']);
  await store.close();
});
