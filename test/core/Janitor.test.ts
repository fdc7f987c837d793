import { describe, expect, it } from 'vitest';
import { Janitor } from '../../src/lib/task-system/core/Janitor.ts';
import { Workspaces } from '../../src/lib/task-system/core/Workspaces.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { PruneOrder, TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import { makeLogger, makeStore } from './makers.ts';
import { turns, until } from './until.ts';

const INTERVAL = 5 * 60_000;
const BATCH = 500;

type Removed = Awaited<ReturnType<TaskStore['prune']>>;

/** Workspaces that only count how often they are swept. */
class CountedWorkspaces extends Workspaces {
  readonly sweeps: (readonly [number, number])[] = [];

  override sweep(keepFailedMs: number, keepLogsMs: number): Promise<void> {
    this.sweeps.push([keepFailedMs, keepLogsMs]);
    return Promise.resolve();
  }
}

function setUp(prune: (order: PruneOrder, call: number) => Promise<Removed> = () => Promise.resolve({ tasks: 0, events: 0 })) {
  const clock = new FakeClock();
  const logger = makeLogger();
  const orders: PruneOrder[] = [];
  const store = makeStore({ prune: (order) => { orders.push(order); return prune(order, orders.length); } });
  const workspaces = new CountedWorkspaces('/nowhere', clock, logger);
  const options = parseTaskSystemOptions({ root: '/nowhere', tasks: { research: { module: '/research.js' } }, storage: { retention: { maxAgeMs: 10_000, maxCount: 77 } }, workspaces: { keepFailedMs: 5_000 } });
  const artifacts = { sweeps: 0, sweep: () => { artifacts.sweeps++; return Promise.resolve(); } };
  return { clock, logger, orders, workspaces, artifacts, janitor: new Janitor({ options, store, workspaces, artifacts, clock, logger }) };
}

describe('Janitor', () => {
  it('does nothing at first, so that start-up is not slowed down', async () => {
    const { clock, janitor, orders } = setUp();
    janitor.start();
    clock.advance(INTERVAL - 1);
    await turns();
    expect(orders).toEqual([]);
    await janitor.close();
  });

  it('tidies up once per interval', async () => {
    const { clock, janitor, orders, workspaces } = setUp();
    janitor.start();
    for (let round = 1; round <= 3; round++) {
      clock.advance(INTERVAL);
      await turns();
      expect([orders.length, workspaces.sweeps.length]).toEqual([round, round]);
    }
    await janitor.close();
  });

  it('removes by age and count, as the options say', async () => {
    const { clock, janitor, orders, workspaces } = setUp();
    await janitor.tidy();
    expect(orders).toEqual([{ before: clock.now() - 10_000, keep: 77, batch: BATCH }]);
    expect(workspaces.sweeps).toEqual([[5_000, 10_000]]);
  });

  it('removes what tasks have kept that are gone, after they went', async () => {
    const sweeps: number[] = [];
    const { janitor, artifacts } = setUp(() => { sweeps.push(artifacts.sweeps); return Promise.resolve({ tasks: 0, events: 0 }); });
    await janitor.tidy();
    expect([sweeps, artifacts.sweeps]).toEqual([[0], 1]);
  });

  it.each([['tasks', { tasks: BATCH, events: 3 }], ['events', { tasks: 0, events: BATCH }]])('goes on in batches while there are more %s', async (_name, full) => {
    const { janitor, orders } = setUp((_order, call) => Promise.resolve(call < 4 ? full : { tasks: 1, events: 1 }));
    await janitor.tidy();
    expect(orders).toHaveLength(4);
  });

  it('says that it failed, and tries again at the next round', async () => {
    const { clock, janitor, logger, orders, workspaces } = setUp((_order, call) => (call === 1 ? Promise.reject(new Error('disk full')) : Promise.resolve({ tasks: 0, events: 0 })));
    janitor.start();
    clock.advance(INTERVAL);
    await turns();
    expect(logger.lines).toMatchObject([{ level: 'warn', details: { error: { message: 'disk full' } } }]);
    clock.advance(INTERVAL);
    await turns();
    expect([orders.length, workspaces.sweeps.length]).toEqual([2, 1]);
    await janitor.close();
  });

  it('begins no round while one is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<Removed>();
    const { clock, janitor, orders } = setUp(() => promise);
    janitor.start();
    clock.advance(INTERVAL * 5);
    await turns();
    expect([orders.length, clock.pendingTimers]).toEqual([1, 0]);
    resolve({ tasks: 0, events: 0 });
    await until(() => clock.pendingTimers === 1);
    await janitor.close();
  });

  it('waits for the round under way when it is closed, and ends it after the batch', async () => {
    const { promise, resolve } = Promise.withResolvers<Removed>();
    const { clock, janitor, orders, workspaces } = setUp(() => promise);
    janitor.start();
    clock.advance(INTERVAL);
    let isClosed = false;
    const closing = janitor.close().then(() => { isClosed = true; });
    await turns();
    expect(isClosed).toBe(false);
    resolve({ tasks: BATCH, events: BATCH });
    await closing;
    expect([orders.length, workspaces.sweeps.length, clock.pendingTimers]).toEqual([1, 0, 0]);
  });

  it('never comes again after it was closed', async () => {
    const { clock, janitor, orders } = setUp();
    janitor.start();
    await janitor.close();
    janitor.start();
    clock.advance(INTERVAL * 3);
    await turns();
    expect([orders.length, clock.pendingTimers]).toEqual([0, 0]);
  });
});
