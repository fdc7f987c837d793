import type { TaskIsolation } from '../types/Isolation.ts';
import { parseJson } from '../types/Json.ts';
import { isImplicitKey } from '../types/Subtasks.ts';
import type { Task, TaskProgress } from '../types/Task.ts';
import type { NewTask, TaskRecord } from '../types/TaskStore.ts';

/** A stored task as the public API shows it. `progress` is the live one, if the task runs here. */
export function toTask(record: TaskRecord, progress?: TaskProgress, isolation?: TaskIsolation): Task {
  const {
    inputJson, resultJson: result, key, overrides: _overrides, orderKey: _orderKey, fence: _fence, owner: _owner, lineage: _lineage, joins: _joins, rules: _rules,
    isJoining: _isJoining, isClosing: _isClosing, ...rest
  } = record;
  // What `run` of a waiting task returned is not its result yet.
  const resultJson = record.state === 'completed' ? result : undefined;
  return {
    ...rest,
    ...(key === undefined || isImplicitKey(key) ? {} : { key }),
    input: parseJson(inputJson),
    ...(resultJson === undefined ? {} : { result: parseJson(resultJson) }),
    ...(progress === undefined ? {} : { progress }),
    ...(isolation === undefined ? {} : { isolation }),
  };
}

/** A task that is about to be stored, as `onTaskCreate` sees it. */
export function newTaskView(task: NewTask): Task {
  return toTask({ ...task, state: 'queued', attempt: 0, interruptions: 0, fence: 0 });
}
