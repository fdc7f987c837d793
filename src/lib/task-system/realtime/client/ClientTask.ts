import { isTerminalEvent, type TaskEvent } from '../../types/Events.ts';
import type { JsonValue } from '../../types/Json.ts';
import type { Task } from '../../types/Task.ts';
import { FeedError } from './FeedError.ts';
import type { FeedSubscription } from './FeedSubscription.ts';

/** A task on the server. */
export interface ClientTask {
  readonly id: string;
  /**
   * The task's result, once it has completed, however often the connection is lost meanwhile. Rejects with the error of the task when
   * it fails, with `TASK_CANCELLED` when it is cancelled. A result above 8 KiB is read by `get`, which must then be allowed.
   * @throws FeedError also `TASK_NOT_FOUND`, `FEED_FORBIDDEN`, `CLIENT_CLOSED`.
   */
  result(): Promise<JsonValue>;
  /** The task as it stands now, or undefined. @throws FeedError `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`. */
  get(): Promise<Task | undefined>;
  /** Cancels the task; true when this is the outcome. @throws FeedError `TASK_NOT_FOUND`, `FEED_FORBIDDEN`, `FEED_REFUSED`, `CLIENT_CLOSED`. */
  cancel(reason?: string): Promise<boolean>;
  /** The task's events from its creation on, then live; ends after the final one. */
  events(): AsyncIterableIterator<TaskEvent, undefined>;
}

/** What a task needs of its client. */
export interface ClientTaskPorts {
  readonly get: (id: string) => Promise<Task | undefined>;
  readonly cancel: (id: string, reason?: string) => Promise<boolean>;
  /** Subscribes to the task from its creation on. `onReset` is called when its events cannot all be had. */
  readonly follow: (id: string, onReset: () => void) => FeedSubscription;
}

/** A task; nothing is sent before one of its methods is called. */
export function clientTask(id: string, ports: ClientTaskPorts): ClientTask {
  return {
    id,
    result: () => resultOf(id, ports),
    get: () => ports.get(id),
    cancel: (reason) => ports.cancel(id, reason),
    events: () => eventsOf(ports.follow(id, () => undefined)),
  };
}

async function* eventsOf(subscription: FeedSubscription): AsyncGenerator<TaskEvent, undefined> {
  for await (const event of subscription) {
    yield event;
    if (isTerminalEvent(event)) return undefined;
  }
  return undefined;
}

/** The log tells the end of most tasks; the task itself is read where the log cannot tell. */
async function resultOf(id: string, ports: ClientTaskPorts): Promise<JsonValue> {
  const { promise, resolve, reject } = Promise.withResolvers<JsonValue>();
  let hasBegun = false;
  const settle = (task: Task | undefined): void => {
    if (task === undefined) reject(new FeedError('TASK_NOT_FOUND', `There is no task ${id}.`, { taskId: id }));
    else if (task.state === 'completed') resolve(task.result ?? null);
    else if (task.error !== undefined && (task.state === 'failed' || task.state === 'cancelled')) reject(FeedError.of(task.error));
  };
  const look = (): void => { ports.get(id).then(settle, reject); };
  const subscription = ports.follow(id, look);
  const stop = subscription.on('*', (event) => {
    hasBegun = true;
    if (event.type === 'task:error') reject(FeedError.of(event.data.error));
    else if (event.type === 'task:cancel') reject(new FeedError('TASK_CANCELLED', `Task ${id} was cancelled: ${event.data.reason}.`, { taskId: id, reason: event.data.reason }));
    else if (event.type === 'task:complete' && event.data.result !== undefined) resolve(event.data.result);
    else if (event.type === 'task:complete') look();
  });
  // A task without any event is none, or its log was pruned.
  subscription.ready.then(() => { if (!hasBegun) look(); }, reject);
  subscription.ended.then(() => { reject(new FeedError('CLIENT_CLOSED', 'The client of the live feed was closed.')); }, reject);
  try {
    return await promise;
  } finally {
    stop();
    subscription.close();
  }
}
