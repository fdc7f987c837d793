import { join } from 'node:path';
import type { IsolationLevel, JsonValue, TaskSystem, TaskTypeOptions } from 'task-system';
import { CASES } from './cases.ts';
import type { Scenario } from './scenarios.ts';

const HANDLERS = join(import.meta.dirname, '../handlers');
/** A verdict comes long before, on the slowest machine. */
const PLENTY_MS = 600_000;

/** The task types of scenarios at a level, each by the id of its case. */
export function typesOf(scenarios: readonly Scenario[], app: string, level: IsolationLevel): Record<string, TaskTypeOptions> {
  return Object.fromEntries(scenarios.map((scenario) => [scenario.id, typeOf(scenario, app, level)]));
}

/** Lets one hostile task loose; resolves with how it ended: the word that it returned, or the code of its error. */
export async function letLoose(system: TaskSystem, { id, kind, input, isCancelled }: Scenario): Promise<string> {
  const handle = await system.submit({ type: id, input: { kind, ...input } });
  if (isCancelled !== true) return handle.result().then(wordOf, codeOf);
  const stop = system.events.on('task:start', ({ taskId }) => { if (taskId === handle.id) void handle.cancel(); });
  // It may have started before anybody listened.
  if ((await system.get(handle.id))?.state === 'running') void handle.cancel();
  try {
    return await handle.result().then(wordOf, codeOf);
  } finally {
    stop();
  }
}

/** A limit of time that is not to be met at this level does not decide either: a slow machine may need more for what comes before. */
function typeOf({ id, file, limits = {}, env, timeoutMs = PLENTY_MS }: Scenario, app: string, level: IsolationLevel): TaskTypeOptions {
  const module = file === undefined ? join(app, 'misbehaves.mjs') : join(HANDLERS, file);
  const right = CASES.find((known) => known.id === id)?.outcomes[level] ?? '';
  const { cpuMs, ...others } = limits;
  return {
    module, timeoutMs: right.includes('TASK_TIMEOUT') ? timeoutMs : PLENTY_MS, stopGraceMs: 0,
    limits: { ...others, ...(cpuMs !== undefined && right.includes('TASK_LIMIT_CPU') ? { cpuMs } : {}) }, ...(env === undefined ? {} : { env }),
  };
}

function wordOf(result: JsonValue): string {
  return typeof result === 'string' ? result : JSON.stringify(result);
}

/** The code of the verdict; where the handler itself failed, of what it failed of. */
function codeOf(error: unknown): string {
  const codes = [error, error instanceof Error ? error.cause : undefined].map((each) => (each instanceof Error && 'code' in each ? String(each.code) : undefined));
  return (codes[0] === 'TASK_FAILED' ? codes[1] : undefined) ?? codes[0] ?? String(error);
}
