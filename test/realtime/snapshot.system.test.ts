import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSystemOptions } from '../../src/lib/task-system/types/Options.ts';
import { openSystem, testOptions } from '../core/support.ts';
import { listen, closeServer, RawClient } from './serverHelpers.ts';

/** A system that runs nothing, so that a test alone decides what happens, and clients of its feed. */
async function openFeed(options: Partial<TaskSystemOptions> = {}) {
  const system = await openSystem(testOptions({ 'echo.mjs': {} }, options));
  await system.queue.pause();
  const { server, url } = await listen();
  const attachment = system.attachWebSocket(server);
  const clients: RawClient[] = [];
  return {
    system,
    client: async (): Promise<RawClient> => {
      const client = new RawClient(`${url}/tasks`);
      clients.push(client);
      return client.hello();
    },
    end: async (): Promise<void> => {
      for (const { socket } of clients) socket.terminate();
      await attachment.detach();
      await closeServer(server);
    },
  };
}

/** What a client knows: the tasks of its snapshot, in however many frames it came, moved on by the events after it. */
function known({ frames, events }: RawClient): { readonly offset: number; readonly open: ReadonlySet<string>; readonly offsets: readonly number[] } {
  const snaps = frames.filter((frame) => frame.type === 'snap');
  const open = new Set(snaps.flatMap(({ tasks }) => tasks.map(({ id }) => id)));
  for (const { type, taskId } of events) {
    if (type === 'task:create') open.add(taskId);
    if (type === 'task:cancel') open.delete(taskId);
  }
  return { offset: snaps[0]?.offset ?? -1, open, offsets: events.map(({ offset }) => offset) };
}

describe('a snapshot of a real system', () => {
  it('and what follows make the whole, without a gap and without a double, whenever it is asked for', async () => {
    const { system, client, end } = await openFeed();
    await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom('submit', 'cancel', 'watch'), { minLength: 1, maxLength: 30 }), async (steps) => {
      const work: Promise<unknown>[] = [];
      const watchers: RawClient[] = [];
      for (const step of steps) {
        // Not awaited: everything is under way at the same time.
        if (step === 'submit') work.push(system.submit({ type: 'echo' }));
        else if (step === 'cancel') work.push(system.list({ state: 'queued', limit: 1 }).then(({ tasks: [task] }) => (task === undefined ? undefined : system.cancel(task.id))));
        else {
          const watcher = await client();
          watchers.push(watcher);
          work.push(watcher.subscribe('a', ['tasks'], { snapshot: true }));
        }
      }
      await Promise.all(work);
      const open = new Set((await system.list({ state: 'queued', limit: 1_000 })).tasks.map(({ id }) => id));
      for (const watcher of watchers) {
        await watcher.sync();
        const { offset, offsets, open: seen } = known(watcher);
        expect(offsets).toEqual(offsets.map((_, index) => offset + 1 + index));
        expect(seen).toEqual(open);
        watcher.socket.terminate();
      }
    }), { numRuns: 40 });
    await end();
  }, 240_000);

  it('of more tasks than go into one frame has all of them', async () => {
    const { system, client, end } = await openFeed();
    const ids = await Promise.all(Array.from({ length: 300 }, async () => (await system.submit({ type: 'echo' })).id));
    const watcher = await client();
    await watcher.subscribe('a', ['tasks'], { snapshot: true });
    expect(watcher.frames.filter(({ type }) => type === 'snap').length).toBeGreaterThan(1);
    expect(known(watcher).open).toEqual(new Set(ids));
    await end();
  });

  it('of a tree has all of it', async () => {
    const { system, client, end } = await openFeed();
    const root = await system.submit({ type: 'echo' });
    const children = await Promise.all([1, 2, 3].map(() => system.submit({ type: 'echo', parentId: root.id })));
    const grandchild = await system.submit({ type: 'echo', parentId: children[0]?.id ?? '' });
    await system.submit({ type: 'echo' });
    const peer = await client();
    await peer.subscribe('a', [`tree:${root.id}`], { snapshot: true });
    const snap = peer.frames.find((frame) => frame.type === 'snap');
    expect(new Set(snap?.type === 'snap' ? snap.tasks.map(({ id }) => id) : [])).toEqual(new Set([root.id, grandchild.id, ...children.map(({ id }) => id)]));
    await end();
  });

  it('of a tree of more tasks than there may be of any other kind has all of it, beside newer ones', async () => {
    const { system, client, end } = await openFeed({ subtasks: { maxChildren: 1_200, maxTasks: 1_300 } });
    const root = await system.submit({ type: 'echo' });
    const children = await Promise.all(Array.from({ length: 1_200 }, () => system.submit({ type: 'echo', parentId: root.id })));
    const newer = await system.submit({ type: 'echo', project: 'acme' });
    const peer = await client();
    await peer.subscribe('a', [`tree:${root.id}`, 'project:acme'], { snapshot: true });
    const seen = peer.frames.flatMap((frame) => (frame.type === 'snap' ? frame.tasks.map(({ id }) => id) : []));
    expect(seen).toHaveLength(1_202);
    expect(new Set(seen)).toEqual(new Set([newer.id, root.id, ...children.map(({ id }) => id)]));
    await end();
  }, 240_000);
});
