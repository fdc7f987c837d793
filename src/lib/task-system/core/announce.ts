import type { TaskEvents } from '../realtime/EventEmitter.ts';
import { isTerminalEvent } from '../types/Events.ts';
import type { Committed } from '../types/TaskStore.ts';

/** Emits the events of changes in the order in which they were stored; before the end of a task with children, how far these came. */
export function announce(events: Pick<TaskEvents, 'emit' | 'emitTransient'>, changes: readonly Committed[]): void {
  const stored = changes.flatMap(({ task, events: own }) => own.map((event) => ({ event, progress: task.progress })));
  for (const { event, progress } of stored.toSorted((a, b) => a.event.offset - b.event.offset)) {
    if (isTerminalEvent(event) && progress?.total !== undefined) events.emitTransient(event, { type: 'task:progress', data: progress });
    events.emit(event);
  }
}
