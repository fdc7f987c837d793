import { randomUUID } from 'node:crypto';
import { TaskSystemError } from '../../types/Errors.ts';
import type { Database } from './Database.ts';
import { numberOf } from './rows.ts';

/**
 * Numbered, forward-only: entry N takes a database from version N to N + 1. An entry that was released is never edited.
 *
 * Each index is paid for at every `create`; those that hold only some rows cost nothing for the others. `ready` is 1 for tasks that
 * may be claimed: delayed ones live in an index of their own until `promoteDue` moves them. Wide columns stand last, so that reading
 * the narrow ones never walks through their overflow pages.
 */
const MIGRATIONS: readonly string[] = [`
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE paused (scope TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    project TEXT NOT NULL,
    state TEXT NOT NULL,
    ready INTEGER NOT NULL,
    order_key REAL NOT NULL,
    priority INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    owner TEXT,
    parent_id TEXT,
    root_id TEXT NOT NULL,
    retry_of TEXT,
    idempotency_key TEXT,
    created_at INTEGER NOT NULL,
    run_at INTEGER,
    started_at INTEGER,
    finished_at INTEGER,
    interruptions INTEGER NOT NULL DEFAULT 0,
    overrides TEXT,
    progress TEXT,
    metadata TEXT,
    error TEXT,
    input TEXT NOT NULL,
    result TEXT
  );
  CREATE INDEX tasks_ready ON tasks (project, order_key) WHERE ready = 1;
  CREATE INDEX tasks_delayed ON tasks (run_at) WHERE ready = 0 AND state = 'queued';
  CREATE INDEX tasks_project ON tasks (project, state);
  CREATE INDEX tasks_state ON tasks (state);
  CREATE INDEX tasks_parent ON tasks (parent_id) WHERE parent_id IS NOT NULL;
  CREATE INDEX tasks_finished ON tasks (finished_at) WHERE finished_at IS NOT NULL;
  CREATE UNIQUE INDEX tasks_idempotency ON tasks (project, idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE TABLE events (
    offset INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX events_task ON events (task_id);
`, `
  ALTER TABLE tasks ADD COLUMN usage TEXT;
`, `
  CREATE TABLE webhook_endpoints (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    health TEXT NOT NULL
  );
  CREATE TABLE webhook_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    ordered INTEGER NOT NULL,
    due_at INTEGER,
    retry INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease TEXT,
    created_at INTEGER NOT NULL,
    died_at INTEGER,
    attempt TEXT,
    event TEXT NOT NULL
  );
  CREATE INDEX webhook_due ON webhook_messages (endpoint_id, retry, due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX webhook_order ON webhook_messages (endpoint_id, task_id) WHERE ordered = 1 AND died_at IS NULL;
  CREATE INDEX webhook_dead ON webhook_messages (died_at) WHERE died_at IS NOT NULL;
  CREATE INDEX webhook_dead_of ON webhook_messages (endpoint_id, died_at) WHERE died_at IS NOT NULL;
`, `
  ALTER TABLE tasks ADD COLUMN isolation TEXT;
`, `
  ALTER TABLE tasks ADD COLUMN spawn_key TEXT;
  CREATE UNIQUE INDEX tasks_key ON tasks (parent_id, spawn_key) WHERE spawn_key IS NOT NULL;
  CREATE INDEX tasks_tree ON tasks (root_id) WHERE parent_id IS NOT NULL;
`, `
  CREATE TABLE spend (
    account TEXT PRIMARY KEY,
    task_id TEXT,
    model_calls REAL NOT NULL,
    input_tokens REAL NOT NULL,
    output_tokens REAL NOT NULL,
    cost REAL NOT NULL,
    tool_calls REAL NOT NULL,
    turns REAL NOT NULL,
    time INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX spend_task ON spend (task_id) WHERE task_id IS NOT NULL;
  CREATE INDEX spend_time ON spend (time) WHERE task_id IS NULL;
  CREATE TRIGGER spend_ends AFTER DELETE ON tasks BEGIN
    DELETE FROM spend WHERE task_id = old.id AND task_id IS NOT NULL;
  END;
`, `
  ALTER TABLE tasks ADD COLUMN weight REAL;
  ALTER TABLE tasks ADD COLUMN rules TEXT;
  ALTER TABLE tasks ADD COLUMN lineage TEXT;
  ALTER TABLE tasks ADD COLUMN joins INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE tasks ADD COLUMN joining INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE tasks ADD COLUMN excused INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE tasks ADD COLUMN verdict TEXT;
  ALTER TABLE tasks ADD COLUMN closing INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX tasks_open ON tasks (parent_id) WHERE parent_id IS NOT NULL AND finished_at IS NULL;
`, `
  CREATE TABLE approvals (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    task_id TEXT NOT NULL,
    project TEXT NOT NULL,
    task_type TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    tool TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    scope TEXT,
    taken_by INTEGER,
    created_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    ended_at INTEGER,
    answered_by TEXT,
    remember TEXT,
    comment TEXT,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    input TEXT NOT NULL
  );
  CREATE INDEX approvals_task ON approvals (task_id);
  CREATE INDEX approvals_due ON approvals (deadline) WHERE state = 'open';
  CREATE TRIGGER approvals_end AFTER DELETE ON tasks BEGIN
    DELETE FROM approvals WHERE task_id = old.id;
  END;
`, `
  ALTER TABLE tasks ADD COLUMN notes TEXT;
  CREATE INDEX tasks_notes ON tasks (finished_at) WHERE notes IS NOT NULL AND finished_at IS NOT NULL;
`];

/** The version that this library writes. */
const SCHEMA_VERSION = MIGRATIONS.length;

/** The version of a database; 0 for an empty one. */
export function schemaVersion(database: Database): number {
  return numberOf(database.get('PRAGMA user_version'), 'user_version');
}

/** Refuses a database that a newer version of the library wrote. Throws `STORE_VERSION`. */
export function requireKnownVersion(version: number, path: string): void {
  if (version <= SCHEMA_VERSION) return;
  throw new TaskSystemError('STORE_VERSION', `"${path}" has version ${String(version)}, this library knows up to ${String(SCHEMA_VERSION)}`, {
    path, version, known: SCHEMA_VERSION,
  });
}

/** Brings a database to {@link SCHEMA_VERSION}, in one transaction, and gives a new one its epoch. */
export function migrate(database: Database): void {
  database.exec('BEGIN IMMEDIATE');
  const version = schemaVersion(database);
  for (const step of MIGRATIONS.slice(version)) database.exec(step);
  if (version < SCHEMA_VERSION) {
    database.exec(`PRAGMA user_version = ${String(SCHEMA_VERSION)}`);
    database.run('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)', 'epoch', randomUUID());
    database.run('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)', 'prunedOffset', 0);
  }
  database.exec('COMMIT');
}
