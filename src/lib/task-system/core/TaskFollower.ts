import type { TaskEvents } from '../realtime/EventEmitter.ts';
import { isTerminalEvent, type TaskEvent } from '../types/Events.ts';
import type { TerminalState } from '../types/TaskState.ts';

const END_STATES = { 'task:complete': 'completed', 'task:error': 'failed', 'task:cancel': 'cancelled' } as const;

type Listener = (event: TaskEvent) => void;

/** Hands the events of single tasks to who follows them: one listener on the emitter, however many tasks are followed. */
export class TaskFollower {
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(events: TaskEvents) {
    events.on('*', (event) => {
      const listeners = this.#listeners.get(event.taskId);
      if (listeners !== undefined) for (const listener of [...listeners]) listener(event);
    });
  }

  /** Calls `listener` when the task ends; returns a function that ends that. */
  onEnd(taskId: string, listener: (state: TerminalState) => void): () => void {
    return this.follow(taskId, (event) => { if (isTerminalEvent(event)) listener(END_STATES[event.type]); });
  }

  /** Calls `listener` with each event of the task; returns a function that ends it. */
  follow(taskId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(taskId) ?? new Set();
    this.#listeners.set(taskId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(taskId) === listeners) this.#listeners.delete(taskId);
    };
  }
}
