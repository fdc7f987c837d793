import { describe, expect, it } from 'vitest';
import { SparePool } from '../../src/lib/task-system/core/SparePool.ts';
import { FakeProcess } from './FakeProcess.ts';
import { turns } from './until.ts';

interface Setup {
  readonly pool: SparePool<string>;
  readonly started: FakeProcess[];
  /** What the pool said was never used. */
  readonly unused: unknown[];
  /** Whether processes cannot be started at the moment. */
  isBroken: boolean;
}

function setUp(size: number): Setup {
  const started: FakeProcess[] = [];
  const unused: unknown[] = [];
  const setup: Setup = {
    started,
    unused,
    isBroken: false,
    pool: new SparePool<string>(size, (kind) => kind, () => {
      if (setup.isBroken) throw new Error('ENOSPC');
      const process = new FakeProcess(`p${started.length}`);
      started.push(process);
      return process;
    }, (spare) => { unused.push(spare); }),
  };
  return setup;
}

describe('SparePool', () => {
  it('starts nothing by itself', async () => {
    const { pool, started } = setUp(3);
    await turns();
    expect([pool.size, started.length]).toEqual([0, 0]);
  });

  it('starts as many as it should have, once', () => {
    const { pool, started } = setUp(3);
    pool.fill('plain');
    pool.fill('plain');
    expect([pool.size, started.length]).toEqual([3, 3]);
  });

  it.each(['resolves', 'rejects'] as const)('starts no successor before what goes first %s', async (end) => {
    const { pool, started } = setUp(1);
    pool.fill('plain');
    const first = Promise.withResolvers<undefined>();
    pool.take('plain', first.promise);
    await turns();
    expect(started.length).toBe(1);
    if (end === 'resolves') first.resolve(undefined);
    else first.reject(new Error('STORE_FULL'));
    await turns();
    expect(started.length).toBe(2);
  });

  it('hands out the one that has waited longest', () => {
    const { pool, started } = setUp(2);
    pool.fill('plain');
    expect([pool.take('plain'), pool.take('plain')]).toEqual([started[0], started[1]]);
  });

  it('hands out each process once', async () => {
    const { pool } = setUp(2);
    pool.fill('plain');
    const taken = new Set<unknown>();
    for (let count = 0; count < 20; count++) {
      taken.add(pool.take('plain'));
      if (count % 3 === 0) await turns(1);
    }
    expect(taken.size).toBe(20);
  });

  it('starts the successor when this turn of the event loop is over, not before', async () => {
    const { pool, started } = setUp(2);
    pool.fill('plain');
    pool.take('plain');
    expect([pool.size, started.length]).toEqual([1, 2]);
    await turns();
    expect([pool.size, started.length]).toEqual([2, 3]);
  });

  it('starts a process when none waits', () => {
    const { pool, started } = setUp(0);
    expect(pool.take('plain')).toBe(started[0]);
    expect(pool.size).toBe(0);
  });

  it('keeps no spares when it is to keep none', async () => {
    const { pool, started } = setUp(0);
    pool.fill('plain');
    pool.take('plain');
    await turns();
    expect(started).toHaveLength(1);
  });
});

describe('SparePool with processes that die', () => {
  it('never hands out one that has died', async () => {
    const { pool, started } = setUp(2);
    pool.fill('plain');
    await started[0]?.die();
    expect(pool.take('plain')).toBe(started[1]);
  });

  it('never hands out one that is gone, though nobody was told yet', () => {
    const { pool, started } = setUp(2);
    pool.fill('a');
    for (const spare of started) spare.isGone = true;
    expect(pool.take('a')).toBe(started[2]);
    expect(pool.size).toBe(2);
  });

  it('hands out the next one that is there', () => {
    const { pool, started } = setUp(3);
    pool.fill('a');
    for (const spare of started.slice(0, 2)) spare.isGone = true;
    expect(pool.take('a')).toBe(started[2]);
  });

  it('does not replace one that dies before the next is taken, so that a broken start is no loop', async () => {
    const { pool, started } = setUp(2);
    pool.fill('plain');
    for (const process of started) await process.die();
    await turns();
    expect([pool.size, started.length]).toEqual([0, 2]);
  });

  it('fills up again with the next that is taken, also when all had died', async () => {
    const { pool, started } = setUp(2);
    pool.fill('plain');
    for (const process of started) await process.die();
    expect(pool.take('plain')).toBe(started[2]);
    await turns();
    expect([pool.size, started.length]).toEqual([2, 5]);
  });

  it('starts no more than one and its spares per task when every process dies', async () => {
    const { pool, started } = setUp(2);
    pool.fill('plain');
    for (let task = 0; task < 10; task++) {
      for (const process of started) await process.die();
      pool.take('plain');
      await turns();
    }
    expect(started.length).toBeLessThanOrEqual(2 + 10 * 3);
  });

  it('says which ended without ever having been used, so that their directories can go', async () => {
    const { pool, started, unused } = setUp(2);
    pool.fill('plain');
    await started[0]?.die();
    expect(unused).toEqual([started[0]]);
  });

  it('does not mind that one dies after it was handed out', async () => {
    const { pool, started, unused } = setUp(1);
    pool.fill('plain');
    pool.take('plain');
    await turns();
    await started[0]?.die();
    expect([pool.size, unused]).toEqual([1, []]);
  });
});

describe('SparePool where processes cannot be started', () => {
  it('tells the one who needs a process', () => {
    const setup = setUp(2);
    setup.isBroken = true;
    expect(() => setup.pool.take('plain')).toThrow('ENOSPC');
  });

  it('keeps the trouble of a spare to itself: nobody waits for it', async () => {
    const setup = setUp(2);
    setup.pool.fill('plain');
    setup.isBroken = true;
    setup.pool.take('plain');
    await turns();
    expect(setup.pool.size).toBe(1);
    setup.isBroken = false;
    setup.pool.take('plain');
    await turns();
    expect(setup.pool.size).toBe(2);
  });
});

describe('SparePool.close', () => {
  it('ends all that wait, and none that were handed out', async () => {
    const { pool, started, unused } = setUp(2);
    pool.fill('plain');
    pool.take('plain');
    await turns();
    await pool.close();
    expect(started.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true, true]);
    expect([pool.size, unused]).toEqual([0, started.slice(1)]);
  });

  it('starts none any more, also not the successor that was about to be', async () => {
    const { pool, started } = setUp(2);
    pool.fill('plain');
    pool.take('plain');
    const closing = pool.close();
    await turns();
    pool.fill('plain');
    await closing;
    expect([started.length, pool.size]).toEqual([2, 0]);
  });
});
