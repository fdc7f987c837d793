import type { TaskEvent, TaskState } from 'task-system';

/** What is known of one task from the live feed alone. */
export interface BoardRow {
  readonly id: string;
  readonly type: string;
  readonly project: string;
  /** What it works on, once it or its parent said so. */
  readonly label: string | undefined;
  readonly priority: number;
  readonly state: TaskState;
  /** How often it was started. */
  readonly attempts: number;
  /** Attempts that ended with the host. */
  readonly interruptions: number;
  readonly percent: number;
  readonly message: string;
  readonly createdAt: number;
  /** When the attempt that runs now was started. */
  readonly startedAt: number | undefined;
  /** From submission to the first start, in milliseconds. */
  readonly waitedMs: number | undefined;
  /** All finished attempts together, in milliseconds. */
  readonly ranMs: number;
  readonly finishedAt: number | undefined;
  /** Time of the last event about it. */
  readonly seenAt: number;
}

/** Follows tasks by their events. Events may come twice (after a reconnect); they must come in order. */
export class TaskBoard {
  readonly #rows = new Map<string, BoardRow>();
  readonly #labels = new Map<string, string>();
  #mostRunning = 0;
  #offset = -1;

  /** All tasks, in the order in which they were first seen. */
  get rows(): readonly BoardRow[] {
    return [...this.#rows.values()];
  }

  /** The most tasks that were running at the same time. */
  get mostRunning(): number {
    return this.#mostRunning;
  }

  /** How many tasks are in a state. */
  count(state: TaskState): number {
    return this.rows.filter((row) => row.state === state).length;
  }

  /** What is known of one task. */
  get(id: string): BoardRow | undefined {
    return this.#rows.get(id);
  }

  /** Takes an event in. Returns the row before and after it, or undefined when it is an old one. */
  apply(event: TaskEvent): { readonly before: BoardRow | undefined; readonly after: BoardRow } | undefined {
    const isStored = event.seq === undefined;
    if (isStored && event.offset <= this.#offset) return undefined;
    if (isStored) this.#offset = event.offset;
    this.#learnLabels(event);
    const before = this.#rows.get(event.taskId);
    const base = before ?? emptyRow(event);
    const after = { ...base, ...changes(base, event), label: this.#labels.get(event.taskId), seenAt: event.time };
    this.#rows.set(event.taskId, after);
    this.#mostRunning = Math.max(this.#mostRunning, this.count('running'));
    return { before, after };
  }

  /** A task tells its own label with its progress; a report tells those of the scans it has started with its result. */
  #learnLabels(event: TaskEvent): void {
    if (event.type === 'task:progress') this.#learn(event.taskId, field(event.data.data, 'label'));
    if (event.type !== 'task:complete') return;
    const scans = field(event.data.result, 'scans');
    if (!Array.isArray(scans)) return;
    for (const scan of scans) {
      const id = field(scan, 'id');
      if (typeof id !== 'string') continue;
      this.#learn(id, field(scan, 'label'));
      const row = this.#rows.get(id);
      if (row !== undefined) this.#rows.set(id, { ...row, label: this.#labels.get(id) });
    }
  }

  #learn(id: string, label: unknown): void {
    if (typeof label === 'string') this.#labels.set(id, label);
  }
}

/** Whether a task in this state has ended. */
export function isOver(state: TaskState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

function emptyRow(event: TaskEvent): BoardRow {
  return {
    id: event.taskId, type: event.taskType, project: event.project, label: undefined, priority: 0,
    // A task that was started before anybody watched is first seen by its progress.
    state: event.attempt > 0 ? 'running' : 'queued',
    attempts: event.attempt, interruptions: 0, percent: 0, message: '', createdAt: event.time, startedAt: undefined,
    waitedMs: undefined, ranMs: 0, finishedAt: undefined, seenAt: event.time,
  };
}

function changes(row: BoardRow, event: TaskEvent): Partial<BoardRow> {
  switch (event.type) {
    case 'task:create': return { state: 'queued', priority: event.data.priority, createdAt: event.time };
    case 'task:start': return {
      state: 'running', attempts: event.attempt, startedAt: event.time, percent: 0, message: '', waitedMs: row.waitedMs ?? event.time - row.createdAt,
    };
    case 'task:progress': return isOver(row.state) ? {} : { percent: event.data.percent, message: event.data.message ?? '' };
    case 'task:retry': return retried(row, event);
    case 'task:wait': return { state: 'waiting', ...stopped(row, event.time) };
    case 'task:resume': return { state: 'running', startedAt: event.time };
    case 'task:complete': return { state: 'completed', percent: 100, finishedAt: event.time, ...stopped(row, event.time) };
    case 'task:error': return { state: 'failed', message: event.data.error.message, finishedAt: event.time, ...stopped(row, event.time) };
    case 'task:cancel': return { state: 'cancelled', message: event.data.reason, finishedAt: event.time, ...stopped(row, event.time) };
    default: return {};
  }
}

function retried(row: BoardRow, event: Extract<TaskEvent, { readonly type: 'task:retry' }>): Partial<BoardRow> {
  const isInterrupted = event.data.cause === 'interrupted';
  return {
    state: 'queued',
    percent: 0,
    message: isInterrupted ? 'interrupted, goes on' : `tried again after: ${event.data.error.message}`,
    interruptions: row.interruptions + (isInterrupted ? 1 : 0),
    // When the host died, nobody saw the end of the attempt: count up to the last sign of life.
    ...stopped(row, isInterrupted ? row.seenAt : event.time),
  };
}

function stopped(row: BoardRow, time: number): Pick<BoardRow, 'startedAt' | 'ranMs'> {
  return { startedAt: undefined, ranMs: row.ranMs + (row.startedAt === undefined ? 0 : Math.max(0, time - row.startedAt)) };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
