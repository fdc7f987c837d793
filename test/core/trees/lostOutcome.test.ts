import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { LEAF } from './plans.ts';
import { startHost } from './startHost.ts';

async function setUp() {
  const store = await openMemoryStore();
  let reads = 0;
  const broken = {
    ...bound(store), settle: () => Promise.reject(new TaskSystemError('STORE_CORRUPT', 'a page of the file')),
    get: (id: string) => { reads++; return store.get(id); },
  };
  const host = await startHost('host', broken, new FakeClock(), [], 1);
  return { ...host, store, reads: () => reads };
}

/** The same store as an object whose methods can be replaced. */
function bound(store: Awaited<ReturnType<typeof openMemoryStore>>) {
  const { epoch, openingOffset, outbox, ledger, approvals, families } = store;
  return {
    epoch, openingOffset, outbox, ledger, approvals, families,
    create: store.create.bind(store), claimNext: store.claimNext.bind(store), cancelQueued: store.cancelQueued.bind(store), append: store.append.bind(store),
    promoteDue: store.promoteDue.bind(store), recover: store.recover.bind(store), list: store.list.bind(store), snapshot: store.snapshot.bind(store), counts: store.counts.bind(store),
    readEvents: store.readEvents.bind(store), setPaused: store.setPaused.bind(store), paused: store.paused.bind(store), prune: store.prune.bind(store), close: store.close.bind(store),
  };
}

describe('cancelling a task whose outcome the store has refused', () => {
  it('is refused as well, instead of asking for ever', async () => {
    const { runner, submit, answered, settle, store, reads } = await setUp();
    const { id } = await submit(LEAF);
    await settle();
    expect((await store.get(id))?.state).toBe('running');
    expect(await rejectionOf(answered(runner.cancel(id, 'not needed')))).toMatchObject({ code: 'STORE_FAILED', details: { taskId: id } });
    expect(reads()).toBeLessThan(5);
    await store.close();
  });

  it('is refused also when it is its own outcome that cannot be stored', async () => {
    const { runner, submit, settle, store } = await setUp();
    const { id } = await submit({ ...LEAF, hangs: true });
    const refused = rejectionOf(runner.cancel(id, 'not needed'));
    await settle();
    expect((await refused).code).toBe('STORE_FAILED');
    await store.close();
  });
});
