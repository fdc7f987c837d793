import type { EventEnvelope } from '../../../types/Events.ts';
import { isWanted, type StoredEndpoint } from '../../../types/WebhookOutbox.ts';
import type { Database } from '../Database.ts';
import { ownJson, textOf } from '../rows.ts';

const ENDPOINTS = 'SELECT settings, health FROM webhook_endpoints ORDER BY seq';
const WAITING = 'SELECT 1 FROM webhook_messages WHERE endpoint_id = ? AND task_id = ? AND ordered = 1 AND died_at IS NULL LIMIT 1';
const INSERT = `INSERT INTO webhook_messages (endpoint_id, task_id, ordered, due_at, created_at, event) VALUES (?, ?, ?, ?, ?, ?)`;

/** What decides who is told of an event, and when. */
export type WrittenEvent = Pick<EventEnvelope, 'taskId' | 'project' | 'time'> & { readonly type: string };

/**
 * Writes the messages of an event, in the transaction that stores the event. It is called for every event of every task, so the
 * endpoints are kept in memory: without any, it costs nothing.
 */
export class OutboxWriter {
  readonly #database: Database;
  #endpoints: Map<string, StoredEndpoint> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The endpoints, oldest first. */
  get endpoints(): ReadonlyMap<string, StoredEndpoint> {
    return this.#load();
  }

  /** Writes a message for each endpoint that wants the event. */
  add(event: WrittenEvent, text: string): void {
    const endpoints = this.#load();
    if (endpoints.size === 0) return;
    for (const endpoint of endpoints.values()) {
      if (isWanted(endpoint, event)) this.#insert(endpoint, event, text);
    }
  }

  /** Takes note of an endpoint that was written. */
  note(endpoint: StoredEndpoint): void {
    this.#load().set(endpoint.settings.id, endpoint);
  }

  /** Takes note that an endpoint was removed. */
  drop(endpointId: string): void {
    this.#load().delete(endpointId);
  }

  /** Forgets what may have been taken back by a rollback. */
  reset(): void {
    this.#endpoints = undefined;
  }

  #insert({ settings: { id, order } }: StoredEndpoint, { taskId, time }: WrittenEvent, text: string): void {
    const isOrdered = order === 'task';
    const isBehind = isOrdered && this.#database.get(WAITING, id, taskId) !== undefined;
    this.#database.run(INSERT, id, taskId, isOrdered ? 1 : 0, isBehind ? null : time, time, text);
  }

  #load(): Map<string, StoredEndpoint> {
    this.#endpoints ??= new Map(this.#database.all(ENDPOINTS).map((row) => {
      const endpoint = { settings: ownJson<StoredEndpoint['settings']>(textOf(row, 'settings')), health: ownJson<StoredEndpoint['health']>(textOf(row, 'health')) };
      return [endpoint.settings.id, endpoint];
    }));
    return this.#endpoints;
  }
}
