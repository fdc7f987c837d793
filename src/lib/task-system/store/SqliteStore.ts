import type { SpendLedger } from '../types/Budgets.ts';
import { TaskSystemError } from '../types/Errors.ts';
import type { EventDraft, TaskEvent } from '../types/Events.ts';
import type { TreeCommitted } from '../types/FamilyStore.ts';
import type { Logger } from '../types/Ports.ts';
import type { SnapshotFilter } from '../types/Snapshots.ts';
import type { CancelCause } from '../types/Subtasks.ts';
import type {
  Committed, Created, NewTask, ProjectCounts, PruneOrder, RecoverOrder, Settlement, StoreSnapshot, TaskFilter, TaskRecord, TaskRecordPage, TaskStore,
  TreeBounds,
} from '../types/TaskStore.ts';
import { threadEntryUrl } from './sqlite/entryUrl.ts';
import { OpQueue } from './sqlite/OpQueue.ts';
import { SqliteApprovals } from './sqlite/approvals/SqliteApprovals.ts';
import { ledgerOf } from './sqlite/spending.ts';
import { SqliteOutbox } from './sqlite/outbox/SqliteOutbox.ts';
import { eventsOf, firstChange, firstRecord, toCommitted, treeChange } from './sqlite/replies.ts';
import { SqliteFamilies } from './sqlite/SqliteFamilies.ts';
import { newRecord, numberOf, toRecord, toRow, toWireDraft, toWireSettlement } from './sqlite/rows.ts';
import type { Row, StoreChannel } from './sqlite/wire.ts';

/** How a SQLite store is opened. */
export interface SqliteStoreOptions {
  /** Directory of `tasks.db` and `lock.db`; created when missing. `':memory:'` keeps everything in memory, in this thread. */
  readonly directory: string;
  /** How long to wait for another system that has the directory, in milliseconds, before `STORE_LOCKED`. */
  readonly lockTimeoutMs: number;
  /** Is told when the thread of the database is lost. @defaultValue silence */
  readonly logger?: Logger;
  /** Whether a thread of its own owns the database, so that no commit holds up the event loop of the host. @defaultValue true */
  readonly thread?: boolean;
  /** How many operations of one tick are gathered before they are sent to the database. @defaultValue 1_000 */
  readonly batchSize?: number;
}

/** What only tests and measurements set. */
export interface SqliteStoreSeams {
  /** The file that the thread runs instead of the library's own. */
  readonly threadEntry?: URL;
  /** Upper bound on the size of the database, in pages of 4 KiB. */
  readonly maxPages?: number;
}

const BATCH_SIZE = 1_000;
const MAX_LIMIT = 1_000;

/**
 * Opens the store of a directory, which then belongs to it alone until it is closed or the process ends.
 *
 * @throws TaskSystemError `STORE_LOCKED`, `STORE_READ_ONLY`, `STORE_FULL`, `STORE_CORRUPT`, `STORE_VERSION` or `STORE_FAILED`.
 */
export async function openSqliteStore(options: SqliteStoreOptions, seams: SqliteStoreSeams = {}): Promise<TaskStore> {
  const channel = await openChannel(options, seams);
  return new SqliteStore(channel, options.batchSize ?? BATCH_SIZE);
}

/** A store that lives in memory and dies with the process: for tests of code that uses one. */
export function openMemoryStore(): Promise<TaskStore> {
  return openSqliteStore({ directory: ':memory:', lockTimeoutMs: 0 });
}

/** Both ways are loaded on demand: a host with a thread never loads `node:sqlite` itself. */
async function openChannel(options: SqliteStoreOptions, seams: SqliteStoreSeams): Promise<StoreChannel> {
  const { directory, lockTimeoutMs, thread = true, logger } = options;
  const settings = { directory, lockTimeoutMs, ...(seams.maxPages === undefined ? {} : { maxPages: seams.maxPages }) };
  if (thread && directory !== ':memory:') {
    const { openThreadChannel } = await import('./sqlite/ThreadChannel.ts');
    return openThreadChannel(seams.threadEntry ?? threadEntryUrl(), settings, logger);
  }
  const [{ openEngine }, { InlineChannel }] = await Promise.all([import('./sqlite/Engine.ts'), import('./sqlite/InlineChannel.ts')]);
  return new InlineChannel(await openEngine(settings));
}

/** The port on top of a channel: turns calls into operations and rows into records. */
class SqliteStore implements TaskStore {
  readonly epoch: string;
  readonly openingOffset: number;
  readonly outbox: SqliteOutbox;
  readonly ledger: SpendLedger;
  readonly families: SqliteFamilies;
  readonly approvals: SqliteApprovals;
  readonly #queue: OpQueue;

  constructor(channel: StoreChannel, batchSize: number) {
    this.epoch = channel.epoch;
    this.openingOffset = channel.openingOffset;
    this.#queue = new OpQueue(channel, batchSize);
    this.ledger = ledgerOf(this.#queue);
    this.outbox = new SqliteOutbox(this.#queue);
    this.families = new SqliteFamilies(this.#queue);
    this.approvals = new SqliteApprovals(this.#queue);
  }

  async create(task: NewTask, claimAs?: string, bounds?: TreeBounds): Promise<Created> {
    const record = newRecord(task, claimAs);
    const reply = await this.#queue.ask(['create', toRow(record), bounds ?? null]);
    const existing = firstRecord(reply);
    return existing === undefined ? { existed: false, task: record, events: eventsOf(reply) } : { existed: true, task: existing, events: [] };
  }

  async claimNext(project: string, owner: string, time: number): Promise<Committed | undefined> {
    return firstChange(await this.#queue.ask(['claimNext', project, owner, time]));
  }

  async settle(settlement: Settlement): Promise<TreeCommitted | undefined> {
    return treeChange(await this.#queue.ask(['settle', toWireSettlement(settlement)]), settlement.taskId);
  }

  async cancelQueued(taskId: string, reason: string, time: number, cause: CancelCause = 'request'): Promise<TreeCommitted | undefined> {
    return treeChange(await this.#queue.ask(['cancelQueued', taskId, reason, time, cause]), taskId);
  }

  async append(taskId: string, fence: number, events: readonly EventDraft[], time: number): Promise<readonly TaskEvent[] | undefined> {
    const reply = await this.#queue.ask(['append', taskId, fence, events.map(toWireDraft), time]);
    return reply.events === undefined ? undefined : eventsOf(reply);
  }

  async promoteDue(time: number): Promise<{ readonly ready: readonly { readonly project: string; readonly count: number }[]; readonly nextDue?: number }> {
    const { ready = [], nextDue } = await this.#queue.ask(['promoteDue', time]);
    return { ready, ...(nextDue === undefined ? {} : { nextDue }) };
  }

  async recover(order: RecoverOrder): Promise<readonly Committed[]> {
    const { changes = [] } = await this.#queue.ask(['recover', order]);
    return changes.map(toCommitted);
  }

  async get(taskId: string): Promise<TaskRecord | undefined> {
    return firstRecord(await this.#queue.ask(['get', taskId]));
  }

  async list(filter: TaskFilter): Promise<TaskRecordPage> {
    const { cursor, ...rest } = filter;
    requireLimit(filter.limit);
    const before = cursor === undefined ? null : readCursor(cursor);
    const { rows = [] } = await this.#queue.ask(['list', rest, before]);
    const page = rows.slice(0, filter.limit);
    const last = page.at(-1);
    return { tasks: page.map(toRecord), ...(rows.length > page.length && last !== undefined ? { nextCursor: writeCursor(last) } : {}) };
  }

  async snapshot(filter: SnapshotFilter): Promise<StoreSnapshot> {
    const { rows = [], offset = 0 } = await this.#queue.ask(['snapshot', filter]);
    return { tasks: rows.map(toRecord), offset };
  }

  async counts(): Promise<readonly ProjectCounts[]> {
    return (await this.#queue.ask(['counts'])).counts ?? [];
  }

  async readEvents(offset: number, limit: number, taskId?: string): Promise<readonly TaskEvent[] | undefined> {
    const reply = await this.#queue.ask(['readEvents', offset, limit, taskId ?? null]);
    return reply.events === undefined ? undefined : eventsOf(reply);
  }

  async setPaused(project: string | undefined, paused: boolean): Promise<void> {
    await this.#queue.ask(['setPaused', project ?? null, paused]);
  }

  async paused(): Promise<readonly (string | undefined)[]> {
    return (await this.#queue.ask(['paused'])).paused ?? [];
  }

  async prune(order: PruneOrder): Promise<{ readonly tasks: number; readonly events: number }> {
    return (await this.#queue.ask(['prune', order])).pruned ?? { tasks: 0, events: 0 };
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}

function requireLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return;
  throw new TaskSystemError('OPTIONS_INVALID', `limit: expected an integer from 1 to ${String(MAX_LIMIT)}, got ${String(limit)}`, { limit });
}

/** A cursor names the last row of its page; what it says inside is nobody's business. */
function writeCursor(row: Row): string {
  return Buffer.from(`task:${String(numberOf(row, 'seq'))}`).toString('base64url');
}

function readCursor(cursor: string): number {
  const match = /^task:([1-9]\d{0,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  // Decoding skips what is not base64: the text must also be the one that was given out.
  if (match === null || Buffer.from(match[0]).toString('base64url') !== cursor) {
    throw new TaskSystemError('CURSOR_INVALID', `The cursor is "${cursor.slice(0, 100)}"`);
  }
  return Number(match[1]);
}
