import { TaskSystemError } from '../types/Errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../types/Json.ts';
import { isTerminal, type TaskState } from '../types/TaskState.ts';

/**
 * What a handler waits for: that all of some children have ended (`settled`); that all have completed, or one has not (`all`); that
 * one has completed, or all have ended (`any`).
 */
export interface Condition {
  readonly ids: readonly string[];
  readonly until: 'settled' | 'all' | 'any';
}

const KINDS = ['settled', 'all', 'any'] as const satisfies readonly Condition['until'][];

/** Reads what a child process waits for. @throws TaskSystemError `TASK_NOT_FOUND` for tasks that are not children of the attempt. */
export function parseConditions(params: JsonValue, children: ReadonlySet<string>): readonly Condition[] {
  const list = isJsonObject(params) ? params['conditions'] : undefined;
  if (!Array.isArray(list)) throw malformed();
  return list.map((item: JsonValue) => {
    const until = isJsonObject(item) ? KINDS.find((kind) => kind === item['until']) : undefined;
    const ids = isJsonObject(item) ? item['ids'] : undefined;
    if (until === undefined || !Array.isArray(ids)) throw malformed();
    return { until, ids: ids.map((id: JsonValue) => childId(id, children)) };
  });
}

/** Which conditions are met, by their places, each with the child that decided it. */
export function metConditions(conditions: readonly Condition[], states: ReadonlyMap<string, TaskState>): JsonObject[] {
  return conditions.flatMap((condition, index) => {
    const decided = decide(condition, states);
    return decided === undefined ? [] : [{ index, ...decided }];
  });
}

function decide({ ids, until }: Condition, states: ReadonlyMap<string, TaskState>): JsonObject | undefined {
  const stateOf = (id: string): TaskState => states.get(id) ?? 'failed';
  const failed = ids.find((id) => stateOf(id) === 'failed' || stateOf(id) === 'cancelled');
  const done = ids.find((id) => stateOf(id) === 'completed');
  if (until === 'any' && done !== undefined) return { done };
  if (until === 'all' && failed !== undefined) return { failed };
  return ids.every((id) => isTerminal(stateOf(id))) ? {} : undefined;
}

function childId(id: JsonValue, children: ReadonlySet<string>): string {
  if (typeof id === 'string' && children.has(id)) return id;
  const taskId = typeof id === 'string' ? id : '';
  throw new TaskSystemError('TASK_NOT_FOUND', `No child "${taskId}" was spawned by this attempt`, { taskId });
}

function malformed(): TaskSystemError {
  return new TaskSystemError('TASK_PROTOCOL', 'A wait without conditions');
}
