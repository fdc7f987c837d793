import { EventEmitter } from 'eventemitter3';
import { serializeError } from '../types/Errors.ts';
import { type EventDraft, type EventEnvelope, type TaskEvent, type TaskEventMap, EVENT_IS_STORED, isTerminalEvent } from '../types/Events.ts';
import type { Clock, EventSource, Logger } from '../types/Ports.ts';
import { type LiveTask, type TransientEvent, LiveTasks } from './EventEmitter/LiveTasks.ts';

/** A listener of one event, or with `'*'` of every event. It may return a promise; a rejection is logged and counted. */
export type TaskListener<Type extends keyof TaskEventMap> = (...args: TaskEventMap[Type]) => unknown;

/** The task that an unstored event belongs to. */
export type EventSubject = Pick<EventEnvelope, 'taskId' | 'project' | 'taskType' | 'parentId' | 'rootId' | 'attempt'>;

/** What a writer says of an event that is not stored. */
export type TransientDraft = Extract<EventDraft, { readonly type: TransientEvent['type'] }>;

/** What {@link TaskEvents} needs. */
export interface TaskEventsOptions {
  /** Identity of the event log. */
  readonly epoch: string;
  /** Offset of the newest event that is stored already. */
  readonly offset: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the log: stored events after `offset`, oldest first, at most `limit`; undefined when some of them were pruned. */
  readonly readSince: EventSource['readSince'];
}

/**
 * The events of one system. Every listener sees every event in the order of emission, also when a listener emits; one that
 * throws or rejects is logged and counted, and stops neither the others nor the emitter.
 */
export class TaskEvents implements EventSource {
  readonly epoch: string;
  readonly readSince: EventSource['readSince'];
  readonly #emitter = new EventEmitter<Record<keyof TaskEventMap, [event: TaskEvent]>>();
  /** From the guarded function that the emitter holds to the listener that was given; what is not in here was removed. */
  readonly #originals = new WeakMap<object, object>();
  readonly #live = new LiveTasks();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #backlog: TaskEvent[] = [];
  #delivering = false;
  #offset: number;
  #listenerErrors = 0;

  constructor(options: TaskEventsOptions) {
    this.epoch = options.epoch;
    this.readSince = options.readSince;
    this.#offset = options.offset;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Offset of the newest stored event that was emitted (at first: that was stored). */
  get offset(): number {
    return this.#offset;
  }

  /** How many times a listener threw or rejected. */
  get listenerErrors(): number {
    return this.#listenerErrors;
  }

  /** Calls `listener` with each event of `type` (`'*'`: of any type). @returns removes exactly this registration; may be called again. */
  on<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<TaskListener<Type>>): () => void {
    return this.#add(type, listener, (...args) => listener(...args));
  }

  /** Like `on`, for the next event only. */
  once<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<TaskListener<Type>>): () => void {
    const remove = this.#add(type, listener, (...args) => {
      remove();
      return listener(...args);
    });
    return remove;
  }

  /** Removes every registration of `listener` for `type`. */
  off<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<TaskListener<Type>>): void {
    for (const guarded of this.#emitter.listeners(type)) {
      if (this.#originals.get(guarded) === listener) this.#remove(type, guarded);
    }
  }

  /** How many listeners `type` has; those of `'*'` count only for `'*'`. */
  listenerCount(type: keyof TaskEventMap): number {
    return this.#emitter.listenerCount(type);
  }

  /** Delivers an event that came from the store (or was built by `emitTransient`). Never throws. A final event ends what `live` knows. */
  emit(event: TaskEvent): void {
    if (EVENT_IS_STORED[event.type] && event.offset > this.#offset) this.#offset = event.offset;
    if (this.#delivering) {
      this.#backlog.push(event);
      return;
    }
    this.#delivering = true;
    for (let next: TaskEvent | undefined = event; next !== undefined; next = this.#backlog.shift()) this.#deliver(next);
    this.#delivering = false;
  }

  /** Builds an event that is not stored, remembers it for `live` and delivers it. @returns the event. */
  emitTransient(subject: EventSubject, draft: TransientDraft): TransientEvent {
    const { taskId, project, taskType, parentId, rootId, attempt } = subject;
    const envelope: EventEnvelope = {
      epoch: this.epoch,
      offset: this.#offset,
      time: this.#clock.now(),
      taskId,
      project,
      taskType,
      ...(parentId === undefined ? {} : { parentId }),
      rootId,
      attempt,
      seq: this.#live.nextSeq(taskId),
    };
    const event: TransientEvent = { ...envelope, ...draft };
    this.#live.remember(event);
    this.emit(event);
    return event;
  }

  /** Newest progress and usage and the tail of the log (200 lines, 64 Ki characters) of a task that has not ended. */
  live(taskId: string): LiveTask | undefined {
    return this.#live.get(taskId);
  }

  /** Drops what `live` knows of a task and its sequence numbers. Happens by itself when its final event is emitted. */
  forget(taskId: string): void {
    this.#live.forget(taskId);
  }

  #deliver(event: TaskEvent): void {
    if (isTerminalEvent(event)) this.#live.forget(event.taskId);
    this.#emitter.emit(event.type, event);
    this.#emitter.emit('*', event);
  }

  #add<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<TaskListener<Type>>, call: (...args: TaskEventMap[Type]) => unknown): () => void {
    const guarded = (...args: [event: TaskEvent]): void => {
      // eventemitter3 goes on with the list it began with, so a listener that another one removed must be skipped here.
      if (!this.#originals.has(guarded) || !isFor(type, args)) return;
      try {
        const returned = call(...args);
        if (isThenable(returned)) Promise.resolve(returned).catch((error: unknown) => { this.#report(type, error); });
      } catch (error) {
        this.#report(type, error);
      }
    };
    this.#originals.set(guarded, listener);
    this.#emitter.on(type, guarded);
    return () => { this.#remove(type, guarded); };
  }

  #remove(type: keyof TaskEventMap, guarded: (event: TaskEvent) => void): void {
    if (this.#originals.delete(guarded)) this.#emitter.off(type, guarded);
  }

  #report(type: keyof TaskEventMap, error: unknown): void {
    this.#listenerErrors += 1;
    try {
      this.#logger.error(`A listener of "${type}" failed; the other listeners were called all the same.`, { error: serializeError(error) });
    } catch {
      // A logger that throws must not stop the events either; the failure is counted.
    }
  }
}

function isFor<Type extends keyof TaskEventMap>(type: Type, args: [event: TaskEvent]): args is TaskEventMap[Type] {
  return type === '*' || args[0].type === type;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
