import { openSqliteStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { newTaskOf } from './newTaskOf.ts';

/** Creates, claims and settles tasks for ever. Prints a line for each thing that was acknowledged, after it was. */
const [, , directory = '', prefix = ''] = process.argv;
const store = await openSqliteStore({ directory, lockTimeoutMs: 0 });
/** Resolves when the line has left the process. Written at once it would be refused while the reader is behind. */
const say = (line: string): Promise<void> => new Promise((resolve) => { process.stdout.write(`${line}\n`, () => { resolve(); }); });
for (let round = 0; ; round++) {
  const ids = Array.from({ length: 1 + (round * 7) % 40 }, (_, index) => `${prefix}-${String(round)}-${String(index)}`);
  const work = ids.map(async (id) => {
    await store.create(newTaskOf(id));
    await say(`created ${id}`);
    const claimed = await store.claimNext('acme', prefix, Date.now());
    if (claimed === undefined) return;
    const { task } = claimed;
    await say(`claimed ${task.id}`);
    if (round % 3 === 0) return;
    await store.settle({ taskId: task.id, fence: task.fence, to: 'completed', time: Date.now(), event: { type: 'task:complete', data: { durationMs: 1, resultBytes: 0 } } });
    await say(`completed ${task.id}`);
  });
  await Promise.all(work);
}
