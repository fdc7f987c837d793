import type { TaskSystem, TaskSystemDeps } from './index.ts';
import type { TaskSystemOptions } from './types/Options.ts';

/**
 * Opens a task system on `options.root` and takes over what an earlier one left there: tasks that were running when it died are
 * queued again. Everything that runs tasks is loaded by the first call, so that an app which only imports the package, for a type
 * or an error code, pays next to nothing.
 * @throws TaskSystemError `OPTIONS_INVALID`, `TOOL_INVALID`, or a `STORE_…` code when the database cannot be used.
 */
export async function createTaskSystem(options: TaskSystemOptions, deps: Partial<TaskSystemDeps> = {}): Promise<TaskSystem> {
  const system = await import('./index.ts');
  return system.createTaskSystem(options, deps);
}
