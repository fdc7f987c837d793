import type { TaskEventOf } from '../../types/Events.ts';

/** An event that is not stored: who listens now gets it, and the newest are kept while the task is live. */
export type TransientEvent = TaskEventOf<'task:progress'> | TaskEventOf<'task:log'> | TaskEventOf<'task:usage'> | TaskEventOf<'task:text'>;

/** What is known of a live task beyond the log of stored events. */
export interface LiveTask {
  /** The newest progress. */
  readonly progress?: TaskEventOf<'task:progress'>;
  /** The newest sample of what the task uses. */
  readonly usage?: TaskEventOf<'task:usage'>;
  /** The newest log lines, oldest first. */
  readonly logs: readonly TaskEventOf<'task:log'>[];
}

/** How much of a live task's log is kept. */
export interface LogTailBounds {
  /** @defaultValue 200 */
  readonly maxLines: number;
  /** Characters of text and data together. @defaultValue 65_536 */
  readonly maxCharacters: number;
}

interface Entry {
  seq: number;
  progress: TaskEventOf<'task:progress'> | undefined;
  usage: TaskEventOf<'task:usage'> | undefined;
  readonly logs: TaskEventOf<'task:log'>[];
  logCharacters: number;
}

const DEFAULT_BOUNDS: LogTailBounds = { maxLines: 200, maxCharacters: 65_536 };

/** The unstored side of live tasks: their sequence numbers, newest progress and usage, and a bounded tail of their logs. */
export class LiveTasks {
  readonly #entries = new Map<string, Entry>();
  readonly #bounds: LogTailBounds;

  constructor(bounds: LogTailBounds = DEFAULT_BOUNDS) {
    this.#bounds = bounds;
  }

  /** How many tasks are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** The next sequence number of a task, from 1. */
  nextSeq(taskId: string): number {
    const entry = this.#entry(taskId);
    entry.seq += 1;
    return entry.seq;
  }

  /** Remembers an event as the newest of its kind, or as the end of the log tail. */
  remember(event: TransientEvent): void {
    const entry = this.#entry(event.taskId);
    if (event.type === 'task:progress') entry.progress = event;
    else if (event.type === 'task:usage') entry.usage = event;
    else if (event.type === 'task:log') this.#appendLog(entry, event);
  }

  /** What is known of a task; undefined when nothing is, or when it was forgotten. */
  get(taskId: string): LiveTask | undefined {
    const entry = this.#entries.get(taskId);
    if (entry === undefined) return undefined;
    return {
      ...(entry.progress === undefined ? {} : { progress: entry.progress }),
      ...(entry.usage === undefined ? {} : { usage: entry.usage }),
      logs: [...entry.logs],
    };
  }

  /** Drops everything about a task. */
  forget(taskId: string): void {
    this.#entries.delete(taskId);
  }

  #entry(taskId: string): Entry {
    const known = this.#entries.get(taskId);
    if (known !== undefined) return known;
    const entry: Entry = { seq: 0, progress: undefined, usage: undefined, logs: [], logCharacters: 0 };
    this.#entries.set(taskId, entry);
    return entry;
  }

  #appendLog(entry: Entry, event: TaskEventOf<'task:log'>): void {
    entry.logs.push(event);
    entry.logCharacters += charactersOf(event);
    while (entry.logs.length > this.#bounds.maxLines || entry.logCharacters > this.#bounds.maxCharacters) {
      const dropped = entry.logs.shift();
      if (dropped === undefined) return;
      entry.logCharacters -= charactersOf(dropped);
    }
  }
}

function charactersOf(event: TaskEventOf<'task:log'>): number {
  return event.data.text.length + (event.data.data === undefined ? 0 : JSON.stringify(event.data.data).length);
}
