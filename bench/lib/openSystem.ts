import path from 'node:path';
import { createTaskSystem, type QueueOptions, type TaskSystem } from 'task-system';

let opened = 0;

/** The handlers that benchmarks run. */
export const HANDLERS = { firstLine: handler('firstLine'), noop: handler('noop'), burn: handler('burn'), chatty: handler('chatty') };

/** The peers start plain processes: against them ours are plain ones too. A sandbox of the kernel hides process numbers besides. */
const SANDBOX = { level: 'process' } as const;

/** Opens a task system as an app would: but for the sandbox every option not given has its default, so it is durable and uses a thread. */
export async function openSystem(directory: string, queue: QueueOptions = {}): Promise<TaskSystem> {
  const root = path.join(directory, `system-${String(opened++)}`);
  return createTaskSystem({ root, queue, sandbox: SANDBOX, tasks: typesOf(HANDLERS) });
}

/** The same on a directory that has been used already. */
export function reopenSystem(root: string, queue: QueueOptions = {}): Promise<TaskSystem> {
  return createTaskSystem({ root, queue, sandbox: SANDBOX, tasks: typesOf(HANDLERS) });
}

function typesOf(handlers: Readonly<Record<string, URL>>): Record<string, { readonly module: URL }> {
  return Object.fromEntries(Object.entries(handlers).map(([name, module]) => [name, { module }]));
}

function handler(name: string): URL {
  return new URL(`../handlers/${name}.mjs`, import.meta.url);
}
