import { accessSync, constants, statSync } from 'node:fs';
import { TaskSystemError } from '../../types/Errors.ts';
import { Database } from './Database.ts';
import { numberOf } from './rows.ts';
import { requireKnownVersion, schemaVersion } from './schema.ts';

/** A database of up to this many pages (32 MiB) is checked whole when it is opened; that takes some tens of milliseconds. */
const FULL_CHECK_PAGES = 8_192;

/** SQLite takes a file that is shorter than its shortest page for an empty database, and would write over it. */
const SHORTEST_FILE = 512;

/** Columns that a table or an index is sorted by: the way to their smallest and largest value leads down both edges of its tree. */
const EDGES = [
  ['seq', 'tasks'], ['offset', 'events'], ['id', 'tasks'], ['task_id', 'events'], ['project', 'tasks WHERE ready = 1'], ['state', 'tasks'],
] as const;

/**
 * Looks at a database before it is opened for writing, through a connection that cannot write: what is refused here was not touched.
 * Damage that this does not see is reported by the operation that meets it.
 *
 * @throws TaskSystemError `STORE_VERSION` for a newer schema, `STORE_CORRUPT` for a database of something else or a damaged one.
 */
export function inspectFile(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  // Asked for here, because a connection that only reads would leave files behind that cannot be written either.
  accessSync(path, constants.W_OK);
  if (size < SHORTEST_FILE) throw new TaskSystemError('STORE_CORRUPT', `"${path}" has only ${String(size)} bytes`, { path });
  const database = new Database(path, { timeoutMs: 1_000, readOnly: true });
  try {
    const version = schemaVersion(database);
    requireKnownVersion(version, path);
    if (version === 0) requireEmpty(database, path);
    else checkPages(database, path);
  } finally {
    database.close();
  }
}

function requireEmpty(database: Database, path: string): void {
  if (numberOf(database.get('SELECT count(*) AS n FROM sqlite_schema'), 'n') === 0) return;
  throw new TaskSystemError('STORE_CORRUPT', `"${path}" is the database of something else`, { path });
}

function checkPages(database: Database, path: string): void {
  const pages = numberOf(database.get('PRAGMA page_count'), 'page_count');
  if (pages > FULL_CHECK_PAGES) {
    for (const [column, rows] of EDGES) {
      for (const edge of ['min', 'max']) database.get(`SELECT ${edge}(${column}) AS edge FROM ${rows}`);
    }
    return;
  }
  const verdict = database.get('PRAGMA quick_check(1)')?.['quick_check'];
  if (verdict !== 'ok') throw new TaskSystemError('STORE_CORRUPT', `"${path}": ${String(verdict)}`, { path });
}
