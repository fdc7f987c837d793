import path from 'node:path';
import { createTaskSystem, type IsolationLevel, type QueueOptions, type TaskSystem, type TaskTypeOptions } from 'task-system';
import { rest } from './time.ts';

let opened = 0;

/** The handlers that benchmarks run. */
export const HANDLERS = {
  firstLine: handler('firstLine.mjs'), noop: handler('noop.cjs'), noopModule: handler('noop.mjs'),
  burn: handler('burn.mjs'), chatty: handler('chatty.mjs'), daemon: handler('daemon.mjs'),
};

/** The peers start plain processes: against them ours are plain ones too. */
const LEVEL = 'process';

/** Opens a task system as an app would: but for the sandbox every option not given has its default, so it is durable and uses a thread. */
export async function openSystem(directory: string, queue: QueueOptions = {}, level: IsolationLevel = LEVEL): Promise<TaskSystem> {
  const root = path.join(directory, `system-${String(opened++)}`);
  return createTaskSystem({ root, queue, sandbox: { level }, tasks: typesOf(HANDLERS) });
}

/** The same on a directory that has been used already. */
export function reopenSystem(root: string, queue: QueueOptions = {}): Promise<TaskSystem> {
  return createTaskSystem({ root, queue, sandbox: { level: LEVEL }, tasks: typesOf(HANDLERS) });
}

/** Lets a system come to rest, with its spares ready. */
export async function whenSparesAreUp(system: TaskSystem): Promise<void> {
  while ((await system.queue.snapshot()).spares < 2) await rest(10);
  await rest();
}

function typesOf(handlers: Readonly<Record<string, URL>>): Record<string, TaskTypeOptions> {
  return Object.fromEntries(Object.entries(handlers).map(([name, module]) => [name, name === 'daemon' ? { module, stopGraceMs: 0 } : { module }]));
}

function handler(file: string): URL {
  return new URL(`../handlers/${file}`, import.meta.url);
}
