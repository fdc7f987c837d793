import type { TaskSystem } from 'task-system';
import { verify } from './Benchmark.ts';

/** Submits so many tasks that do nothing, and waits until all have ended, each in a process of its own. */
export async function runTasks(system: TaskSystem, count: number, type = 'noop'): Promise<void> {
  const ended = Promise.withResolvers<undefined>();
  const stop = system.events.on('task:complete', countdown(count, () => { ended.resolve(undefined); }));
  const handles = await Promise.all(Array.from({ length: count }, () => system.submit({ type })));
  await ended.promise;
  stop();
  const processes = new Set(await Promise.all(handles.map((handle) => handle.result())));
  verify(processes.size === count, `${String(count)} tasks ran in ${String(processes.size)} processes`);
}

function countdown(from: number, onZero: () => void): () => void {
  let left = from;
  return () => { if (--left === 0) onZero(); };
}
