import { expect, it } from 'vitest';
import { openMemoryStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import type { Timer } from '../../../src/lib/task-system/types/Ports.ts';
import { parseTaskSystemOptions } from '../../../src/lib/task-system/types/parseOptions.ts';
import { turns } from '../until.ts';
import { makeEngine } from './makeEngine.ts';
import { LEAF } from './plans.ts';
import { SimulatedHost } from './SimulatedHost.ts';
import { SimulatedSessions } from './SimulatedSessions.ts';

/** Time passes, and a busy host has not looked at its timers yet. */
class LateClock extends FakeClock {
  override setTimer(): Timer {
    return { cancel: () => undefined };
  }
}

it('a task that is due, but not counted yet, does not take the turn of another one when it is cancelled', async () => {
  const clock = new LateClock();
  const host = new SimulatedHost(clock);
  const store = await openMemoryStore();
  const options = parseTaskSystemOptions({ root: '/nowhere', queue: { maxConcurrent: 1 }, tasks: { node: { module: new URL('file:///node.js') } } });
  const { runner, submitter } = makeEngine('host', options, store, host, new SimulatedSessions(host, () => LEAF, () => 0));
  const answered = async <Value>(work: Promise<Value>): Promise<Value> => {
    const open = new Set([work]);
    void work.finally(() => { open.clear(); });
    while (open.size > 0) {
      await turns(1);
      await host.serve(host.asked);
    }
    return work;
  };
  const submit = (delayMs?: number): Promise<{ readonly id: string }> => answered(submitter.accept({ type: 'node', input: 0, ...(delayMs === undefined ? {} : { delayMs }) }));

  await answered(runner.start());
  const running = await submit();
  const waiting = await submit();
  const delayed = await submit(10);
  clock.advance(20);
  await expect(answered(runner.cancel(delayed.id, 'not needed'))).resolves.toBe(true);
  while (host.asked + host.steps > 0) {
    if (host.steps > 0) host.goOn(0);
    await host.serve(host.asked);
    await turns(3);
  }
  const states = await Promise.all([running, waiting, delayed].map(async ({ id }) => (await store.get(id))?.state));
  expect(states).toEqual(['completed', 'completed', 'cancelled']);
  await store.close();
});
