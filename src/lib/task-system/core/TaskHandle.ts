import { deserializeError, TaskSystemError } from '../types/Errors.ts';
import { EVENT_IS_STORED, isTerminalEvent, type TaskEvent } from '../types/Events.ts';
import type { JsonValue } from '../types/Json.ts';
import type { TaskHandle } from '../types/System.ts';
import type { Task } from '../types/Task.ts';
import { isTerminal } from '../types/TaskState.ts';
import type { TaskFollower } from './TaskFollower.ts';

const PAGE = 500;

/** What a handle works with. */
export interface HandlePorts {
  readonly follower: TaskFollower;
  readonly get: (taskId: string) => Promise<Task | undefined>;
  readonly cancel: (taskId: string, reason?: string) => Promise<boolean>;
  /** Stored events of the task after `offset`; undefined when some were pruned. */
  readonly readEvents: (taskId: string, offset: number, limit: number) => Promise<readonly TaskEvent[] | undefined>;
  /** Aborted when the system closes. */
  readonly closing: AbortSignal;
}

/** Makes the handle of a task. It holds nothing until one of its methods is called. */
export function createHandle(id: string, ports: HandlePorts): TaskHandle {
  return {
    id,
    result: () => resultOf(id, ports),
    cancel: (reason) => ports.cancel(id, reason),
    events: () => eventsOf(id, ports),
  };
}

async function resultOf(id: string, ports: HandlePorts): Promise<JsonValue> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stopFollowing = ports.follower.follow(id, (event) => { if (isTerminalEvent(event)) resolve(undefined); });
  const wake = (): void => { resolve(undefined); };
  ports.closing.addEventListener('abort', wake, { once: true });
  try {
    // Followed first, looked at second: an end in between is seen by one of the two.
    const now = await read(id, ports);
    if (isTerminal(now.state)) return unwrap(now);
    if (!ports.closing.aborted) await promise;
    const then = await read(id, ports);
    if (isTerminal(then.state)) return unwrap(then);
    throw closedError(id);
  } finally {
    stopFollowing();
    ports.closing.removeEventListener('abort', wake);
  }
}

async function read(id: string, ports: HandlePorts): Promise<Task> {
  const task = await ports.get(id);
  if (task === undefined) throw new TaskSystemError('TASK_NOT_FOUND', `Id: ${id}`, { taskId: id });
  return task;
}

function unwrap(task: Task): JsonValue {
  if (task.state === 'completed') return task.result ?? null;
  throw task.error === undefined ? new TaskSystemError('TASK_FAILED', `Task ${task.id}`, { taskId: task.id }) : deserializeError(task.error);
}

function closedError(id: string): TaskSystemError {
  return new TaskSystemError('SYSTEM_CLOSED', `Task ${id} had not ended`, { taskId: id });
}

/** Registers for live events first and reads the log second, so that nothing falls between; doubles are told by their offset. */
async function* eventsOf(id: string, ports: HandlePorts): AsyncGenerator<TaskEvent, undefined> {
  const live: TaskEvent[] = [];
  let wake = (): void => undefined;
  const stopFollowing = ports.follower.follow(id, (event) => { live.push(event); wake(); });
  const onClose = (): void => { wake(); };
  ports.closing.addEventListener('abort', onClose, { once: true });
  let offset = 0;
  try {
    // Looked at before the log is read: the log of a task that is over by now holds all there will ever be.
    const task = await ports.get(id);
    const isOver = task === undefined || isTerminal(task.state);
    for (let page = await ports.readEvents(id, 0, PAGE); page !== undefined && page.length > 0; page = await ports.readEvents(id, offset, PAGE)) {
      for (const event of page) {
        offset = event.offset;
        yield event;
        if (isTerminalEvent(event)) return undefined;
      }
    }
    if (isOver) return undefined;
    for (;;) {
      for (let event = live.shift(); event !== undefined; event = live.shift()) {
        if (EVENT_IS_STORED[event.type] && event.offset <= offset) continue;
        yield event;
        if (isTerminalEvent(event)) return undefined;
      }
      if (ports.closing.aborted) return undefined;
      await new Promise<void>((resolve) => { wake = resolve; });
    }
  } finally {
    stopFollowing();
    ports.closing.removeEventListener('abort', onClose);
  }
}
