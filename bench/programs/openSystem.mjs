// Opens a task system on a directory and prints what it takes: node --expose-gc openSystem.mjs <root>
import { createTaskSystem } from 'task-system';

const start = performance.now();
const system = await createTaskSystem({ root: process.argv[2], queue: { spares: 0 }, tasks: { noop: { module: new URL('../handlers/noop.mjs', import.meta.url) } } });
const openMs = performance.now() - start;
const { projects } = await system.queue.snapshot();
const pending = projects.reduce((sum, { ready }) => sum + ready, 0);
for (let round = 0; round < 4; round++) {
  globalThis.gc();
  await new Promise((resolve) => { setTimeout(resolve, 50); });
}
const { rss, heapUsed } = process.memoryUsage();
console.log(JSON.stringify({ openMs, pending, rssMb: rss / 1e6, heapMb: heapUsed / 1e6 }));
await system.close();
