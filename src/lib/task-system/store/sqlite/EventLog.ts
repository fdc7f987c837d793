import type { EventEnvelope } from '../../types/Events.ts';
import type { Database } from './Database.ts';
import { endsBefore } from './approvals/closing.ts';
import { OutboxWriter } from './outbox/OutboxWriter.ts';
import { numberOf, optionalText, textOf } from './rows.ts';
import type { Row, WireDraft } from './wire.ts';

/** The task that an event is about. */
export type EventSubject = Pick<EventEnvelope, 'taskId' | 'project' | 'taskType' | 'parentId' | 'rootId' | 'attempt'>;

const INSERT = 'INSERT INTO events (offset, time, task_id, body) VALUES (?, ?, ?, ?)';
const READ = 'SELECT offset, body FROM events WHERE offset > ? ORDER BY offset LIMIT ?';
const READ_TASK = 'SELECT offset, body FROM events WHERE task_id = ? AND offset > ? ORDER BY offset LIMIT ?';
const FIRST_OF_TASK = 'SELECT body FROM events WHERE task_id = ? ORDER BY offset LIMIT 1';

/**
 * The log of stored events. Offsets are given here, one after the other, and never again: `prunedOffset` remembers how far the log
 * was cut, also when nothing is left of it.
 */
export class EventLog {
  readonly epoch: string;
  /** Is told of every event that is stored. */
  readonly outbox: OutboxWriter;
  readonly #database: Database;
  #last: number;
  #pruned: number;

  constructor(database: Database) {
    this.#database = database;
    this.outbox = new OutboxWriter(database);
    this.epoch = textOf(database.get("SELECT value FROM meta WHERE name = 'epoch'"), 'value');
    this.#pruned = numberOf(database.get("SELECT value FROM meta WHERE name = 'prunedOffset'"), 'value');
    this.#last = Math.max(this.#pruned, numberOf(database.get('SELECT coalesce(max(offset), 0) AS last FROM events'), 'last'));
  }

  /** Offset of the newest event. */
  get last(): number {
    return this.#last;
  }

  /** Offset of the newest event that was pruned; 0 when none was. */
  get pruned(): number {
    return this.#pruned;
  }

  /** Takes the counters back to what they were; to be called after a rollback, with what {@link mark} said before. */
  reset(mark: { readonly last: number; readonly pruned: number }): void {
    this.#last = mark.last;
    this.#pruned = mark.pruned;
    this.outbox.reset();
  }

  /** What {@link reset} needs. */
  mark(): { readonly last: number; readonly pruned: number } {
    return { last: this.#last, pruned: this.#pruned };
  }

  /**
   * Stores events of a task, in order, with the messages to webhooks that follow from them, and what must be told before: returns the
   * events as JSON texts.
   */
  append(subject: EventSubject, time: number, drafts: readonly WireDraft[]): readonly string[] {
    const all = drafts.flatMap((draft) => [...endsBefore(this.#database, draft[0], subject.taskId, time), draft]);
    return all.map(([type, dataJson]) => {
      const offset = this.#last + 1;
      const envelope = JSON.stringify({ type, time, ...subject });
      const body = `${envelope.slice(0, -1)},"data":${dataJson}}`;
      this.#database.run(INSERT, offset, time, subject.taskId, body);
      this.#last = offset;
      const text = this.#text(offset, body);
      this.outbox.add({ type, time, taskId: subject.taskId, project: subject.project }, text);
      return text;
    });
  }

  /** Events after `offset`, oldest first, as JSON texts; undefined when some of them were pruned. */
  read(offset: number, limit: number): readonly string[] | undefined {
    if (offset < this.#pruned) return undefined;
    return this.#database.all(READ, offset, limit).map((row) => this.#eventOf(row));
  }

  /** The same for one task. Its log is whole, however much was pruned before it, when it still has its first event. */
  readTask(offset: number, limit: number, taskId: string): readonly string[] | undefined {
    if (offset < this.#pruned && !this.#hasFirstEvent(taskId)) return undefined;
    return this.#database.all(READ_TASK, taskId, offset, limit).map((row) => this.#eventOf(row));
  }

  /** Removes the oldest events, `offset` being the last to go; returns how many went. */
  prune(offset: number): number {
    if (offset <= this.#pruned) return 0;
    const removed = this.#database.run('DELETE FROM events WHERE offset <= ?', offset);
    this.#database.run("UPDATE meta SET value = ? WHERE name = 'prunedOffset'", offset);
    this.#pruned = offset;
    return removed;
  }

  #hasFirstEvent(taskId: string): boolean {
    const first = this.#database.get(FIRST_OF_TASK, taskId);
    return first !== undefined && textOf(first, 'body').startsWith('{"type":"task:create",');
  }

  #eventOf(row: Row): string {
    return this.#text(numberOf(row, 'offset'), textOf(row, 'body'));
  }

  /** The stored text leaves out what every event has in common or has as its key. */
  #text(offset: number, body: string): string {
    return `{"epoch":"${this.epoch}","offset":${String(offset)},${body.slice(1)}`;
  }
}

/** The subject of events of a stored task. */
export function subjectOf(row: Row): EventSubject {
  const parentId = optionalText(row, 'parent_id');
  return {
    taskId: textOf(row, 'id'),
    project: textOf(row, 'project'),
    taskType: textOf(row, 'type'),
    ...(parentId === undefined ? {} : { parentId }),
    rootId: textOf(row, 'root_id'),
    attempt: numberOf(row, 'attempt'),
  };
}
