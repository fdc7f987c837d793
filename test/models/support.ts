import { onTestFinished } from 'vitest';
import { ScriptedModel, type Script } from '../../examples/scripted/ScriptedModel.ts';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { ModelOptions } from '../../src/lib/task-system/types/Models.ts';
import type { TaskSystemOptions, TaskTypeOptions } from '../../src/lib/task-system/types/Options.ts';
import { openSystem, recordEvents, recordingLogger, temporaryDirectory } from '../core/support.ts';

/** The key that no task may see. */
export const KEY = 'sk-secret-4f9a1c77e0b2';

/** A server that answers by a script until the test is over. */
export async function startModel(script: Script, apiKey: string = KEY): Promise<ScriptedModel> {
  const server = await ScriptedModel.start(script, { apiKey });
  onTestFinished(() => server.close());
  return server;
}

/** A system whose tasks of type `asks` can call a scripted model, without waits between repetitions. */
export async function openWithModel(script: Script, settings: Partial<ModelOptions> = {}, type: Partial<TaskTypeOptions> = {}, rest: Partial<TaskSystemOptions> = {}): Promise<{
  readonly system: TaskSystem;
  readonly server: ScriptedModel;
  readonly events: readonly TaskEvent[];
  readonly root: string;
}> {
  const server = await startModel(script);
  const root = rest.root ?? temporaryDirectory();
  const system = await openSystem({
    root,
    // Looking for stronger walls takes longer than most tests; those of secrets say so.
    sandbox: { level: 'process' },
    logger: recordingLogger(),
    tasks: { asks: { module: new URL('./handlers/asks.mjs', import.meta.url), ...type } },
    models: { default: { baseURL: server.baseURL, apiKey: KEY, model: 'scripted-1', ...settings } },
    ...rest,
  }, { random: () => 0 });
  return { system, server, root, events: recordEvents(system) };
}
