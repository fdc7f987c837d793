import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { serializeError, TaskSystemError } from '../../types/Errors.ts';
import { performApproval } from './approvals/perform.ts';
import { create, createGroup } from './creation.ts';
import { Database } from './Database.ts';
import type { EngineState } from './EngineState.ts';
import { isOwnFault, toStoreError } from './errors.ts';
import { EventLog } from './EventLog.ts';
import { childrenOf, familyNumbers, queued, statesOf, tree, unremembered } from './familyReads.ts';
import { inspectFile } from './inspect.ts';
import { lockDirectory, type DirectoryLock } from './lock.ts';
import { performOutbox } from './outbox/perform.ts';
import { prune } from './prune.ts';
import { counts, get, list, readEvents } from './reads.ts';
import { promoteDue, recover } from './schedule.ts';
import { charge, spent } from './ledger.ts';
import { migrate } from './schema.ts';
import { paused, setPaused } from './settings.ts';
import { snapshot } from './snapshot.ts';
import type { Reply, StoreIdentity, StoreOp } from './wire.ts';
import { append, cancelQueued, claimNext, failWaiting, park, remembered, settle, unpark } from './writes.ts';

/** Where the database of an engine lies and how it is opened. Plain data: it travels to the thread. */
export interface EngineSettings {
  /** Directory of the files, created when missing; `':memory:'` keeps everything in memory. */
  readonly directory: string;
  /** How long to wait for another system to let go, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Upper bound on the size of the database, in pages of 4 KiB; no bound when not given. */
  readonly maxPages?: number;
}

/** How long a statement waits for a tool that writes to the database, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/** WAL frames after which a commit also moves pages into the database (16 MiB): fewer moves than the default, for bursts of creates. */
const CHECKPOINT_PAGES = 4_000;

/** Memory for pages, in KiB: holds the upper levels of every index of a million tasks. */
const CACHE_KIB = 8_192;

/**
 * Opens the database: takes the lock, looks at the file, brings it to the newest schema.
 * @throws TaskSystemError with a `STORE_*` code.
 */
export async function openEngine(settings: EngineSettings): Promise<Engine> {
  const { directory } = settings;
  const inMemory = directory === ':memory:';
  try {
    if (!inMemory) mkdirSync(directory, { recursive: true });
    const lock = inMemory ? undefined : await lockDirectory(directory, settings.lockTimeoutMs);
    try {
      const path = inMemory ? directory : join(directory, 'tasks.db');
      if (!inMemory) createPrivately(path);
      if (!inMemory) inspectFile(path);
      return new Engine(openDatabase(path, settings.maxPages), lock);
    } catch (error) {
      lock?.release();
      throw error;
    }
  } catch (error) {
    throw toStoreError(error, `opening the database in "${directory}"`);
  }
}

/**
 * What tasks work on and the secrets of webhooks are nobody else's business; SQLite gives the files beside a database the same rights.
 * A file that is there keeps those that somebody gave it.
 */
function createPrivately(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
}

/** Whether a value that crossed to the thread is what {@link openEngine} takes. */
export function isEngineSettings(value: unknown): value is EngineSettings {
  return typeof value === 'object' && value !== null
    && 'directory' in value && typeof value.directory === 'string'
    && 'lockTimeoutMs' in value && typeof value.lockTimeoutMs === 'number';
}

/** Runs batches of operations, each batch in one transaction, in whatever thread it was opened in. */
export class Engine implements StoreIdentity {
  readonly epoch: string;
  readonly openingOffset: number;
  readonly #state: EngineState;
  readonly #lock: DirectoryLock | undefined;

  constructor(database: Database, lock: DirectoryLock | undefined) {
    this.#state = { database, log: new EventLog(database) };
    this.#lock = lock;
    this.epoch = this.#state.log.epoch;
    this.openingOffset = this.#state.log.last;
  }

  /**
   * Runs operations in order, in one transaction. Never throws: an operation that fails on its own says so in its reply and leaves
   * its neighbours alone; when the database fails, all of them say so and nothing of them was stored.
   */
  run(ops: readonly StoreOp[]): readonly Reply[] {
    try {
      try {
        return this.#transaction(ops, (op) => this.#attempt(op));
      } catch (error) {
        if (!isOwnFault(error)) throw error;
        // Rare, so that the usual batch need not pay for savepoints: take everything back and find the culprit.
        return this.#transaction(ops, (op) => this.#isolated(op));
      }
    } catch (error) {
      const reply = { error: serializeError(toStoreError(error, 'writing to the database')) };
      return ops.map(() => reply);
    }
  }

  /** Closes the files and lets go of the lock. */
  close(): void {
    try {
      this.#state.database.close();
    } finally {
      this.#lock?.release();
    }
  }

  #transaction(ops: readonly StoreOp[], run: (op: StoreOp) => Reply): readonly Reply[] {
    const { database, log } = this.#state;
    const mark = log.mark();
    try {
      // A transaction that starts with a read cannot wait when a tool writes in between: writers take the lock at once.
      database.run(ops.every(isRead) ? 'BEGIN' : 'BEGIN IMMEDIATE');
      const replies = ops.map(run);
      database.run('COMMIT');
      return replies;
    } catch (error) {
      log.reset(mark);
      database.rollback();
      throw error;
    }
  }

  /** An error of the catalogue was thrown before the operation wrote anything. */
  #attempt(op: StoreOp): Reply {
    try {
      return perform(this.#state, op);
    } catch (error) {
      if (TaskSystemError.isInstance(error)) return { error: serializeError(error) };
      throw error;
    }
  }

  #isolated(op: StoreOp): Reply {
    const { database, log } = this.#state;
    const mark = log.mark();
    database.run('SAVEPOINT operation');
    try {
      const reply = this.#attempt(op);
      database.run('RELEASE operation');
      return reply;
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      log.reset(mark);
      database.run('ROLLBACK TO operation');
      database.run('RELEASE operation');
      return { error: serializeError(toStoreError(error, `running "${op[0]}"`)) };
    }
  }
}

function openDatabase(path: string, maxPages: number | undefined): Database {
  const database = new Database(path, { timeoutMs: BUSY_TIMEOUT_MS });
  try {
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -${String(CACHE_KIB)}; PRAGMA wal_autocheckpoint = ${String(CHECKPOINT_PAGES)};
      PRAGMA journal_size_limit = ${String(CHECKPOINT_PAGES * 4_096)};`);
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${String(maxPages)}`);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const READS: ReadonlySet<StoreOp[0]> = new Set(['get', 'list', 'counts', 'readEvents', 'paused', 'statesOf', 'childrenOf', 'unremembered', 'tree', 'familyNumbers', 'queued', 'spent']);

function isRead(op: StoreOp): boolean {
  return op[0] === 'snapshot' || READS.has(op[0]);
}

function perform(state: EngineState, op: StoreOp): Reply {
  switch (op[0]) {
    case 'create': return create(state, op[1], op[2]);
    case 'claimNext': return claimNext(state, op[1], op[2], op[3]);
    case 'settle': return settle(state, op[1]);
    case 'cancelQueued': return cancelQueued(state, op[1], op[2], op[3], op[4]);
    case 'createGroup': return createGroup(state, op[1], op[2], op[3]);
    case 'failWaiting': return failWaiting(state, op[1], op[2], op[3]);
    case 'park': return park(state, op[1], op[2], op[3], op[4]);
    case 'unpark': return unpark(state, op[1], op[2], op[3]);
    case 'statesOf': return statesOf(state, op[1]);
    case 'unremembered': return unremembered(state, op[1]);
    case 'remembered': return remembered(state, op[1], op[2], op[3]);
    case 'childrenOf': return childrenOf(state, op[1]);
    case 'tree': return tree(state, op[1]);
    case 'familyNumbers': return familyNumbers(state, op[1]);
    case 'queued': return queued(state, op[1]);
    case 'append': return append(state, op[1], op[2], op[3], op[4]);
    case 'promoteDue': return promoteDue(state, op[1]);
    case 'recover': return recover(state, op[1]);
    case 'get': return get(state, op[1]);
    case 'list': return list(state, op[1], op[2]);
    case 'snapshot': return snapshot(state, op[1]);
    case 'counts': return counts(state);
    case 'readEvents': return readEvents(state, op[1], op[2], op[3]);
    case 'setPaused': return setPaused(state, op[1], op[2]);
    case 'paused': return paused(state);
    case 'prune': return prune(state, op[1]);
    case 'spent': return spent(state, op[1]);
    case 'charge': return charge(state, op[1], op[2], op[3]);
    case 'approvals': return { approvals: performApproval(state, op[1]) };
    case 'outbox': return { outbox: performOutbox(state, op[1]) };
  }
}
