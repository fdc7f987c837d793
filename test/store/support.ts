import { onTestFinished } from 'vitest';
import { openMemoryStore, openSqliteStore, type SqliteStoreOptions, type SqliteStoreSeams } from '../../src/lib/task-system/store/SqliteStore.ts';
import type { EventDraft, TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { Committed, Created, NewTask, Settlement, TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import { temporaryDirectory } from '../support/files.ts';

/** What an adapter can do beyond the contract that all share. */
export interface StoreCapabilities {
  /** Whether a store can be opened again with what it held. */
  readonly persistent: boolean;
}

/** A store under test. */
export interface StoreUnderTest {
  readonly store: TaskStore;
  /** Closes the store and opens what it wrote again. */
  readonly reopen: () => Promise<TaskStore>;
}

/** Opens a new, empty store for one test, which is closed when the test ends. */
export type OpenStore = () => Promise<StoreUnderTest>;

/** Opens the SQLite store of a directory for one test. */
export async function openFor(directory: string, options: Partial<SqliteStoreOptions> = {}, seams: SqliteStoreSeams = {}): Promise<TaskStore> {
  const store = await openSqliteStore({ directory, lockTimeoutMs: 0, thread: false, ...options }, seams);
  onTestFinished(() => store.close().catch(() => {}));
  return store;
}

/** Opens SQLite stores in new directories. */
export function fileStores(thread: boolean): OpenStore {
  return async () => {
    const directory = temporaryDirectory();
    let store = await openFor(directory, { thread });
    return {
      store,
      reopen: async () => {
        await store.close();
        store = await openFor(directory, { thread });
        return store;
      },
    };
  };
}

/** Opens stores in memory. */
export const memoryStores: OpenStore = async () => {
  const store = await openMemoryStore();
  onTestFinished(() => store.close());
  return { store, reopen: () => Promise.reject(new Error('a store in memory cannot be opened again')) };
};

/** A task with nothing special about it; `createdAt` and `orderKey` are 1,000. */
export function newTask(id: string, rest: Partial<NewTask> = {}): NewTask {
  return {
    id, type: 'echo', project: 'acme', inputJson: '{"a":1}', priority: 0, orderKey: 1_000, maxAttempts: 1, overrides: {}, rootId: id,
    metadata: {}, createdAt: 1_000, ...rest,
  };
}

/** Creates tasks in one tick, in order. */
export async function createAll(store: TaskStore, ...tasks: readonly NewTask[]): Promise<readonly Created[]> {
  return Promise.all(tasks.map((task) => store.create(task)));
}

/** Creates a task and claims it. */
export async function start(store: TaskStore, id: string, rest: Partial<NewTask> = {}, owner = 'host'): Promise<Created> {
  return store.create(newTask(id, rest), owner);
}

/** Ends the running attempt of a task, well unless told otherwise. */
export async function end(store: TaskStore, taskId: string, rest: Partial<Settlement> = {}): Promise<Committed | undefined> {
  return store.settle({ taskId, fence: 1, to: 'completed', time: 2_000, event: COMPLETE, ...rest });
}

/** Creates a task that has ended. */
export async function ended(store: TaskStore, id: string, time: number, rest: Partial<NewTask> = {}): Promise<void> {
  await start(store, id, rest);
  await end(store, id, { time });
}

/** The id of the next task of a project, which is then running. */
export async function claim(store: TaskStore, project = 'acme', time = 1_500): Promise<string | undefined> {
  return (await store.claimNext(project, 'host', time))?.task.id;
}

/** Claims until nothing is left. */
export async function claimAll(store: TaskStore, project = 'acme'): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let id = await claim(store, project); id !== undefined; id = await claim(store, project)) ids.push(id);
  return ids;
}

/** All events of the log. */
export async function allEvents(store: TaskStore, taskId?: string): Promise<readonly TaskEvent[]> {
  const events = await store.readEvents(0, 1_000_000, taskId);
  if (events === undefined) throw new Error('the log was pruned');
  return events;
}

/** The types of the events of a task. */
export async function eventTypes(store: TaskStore, taskId: string): Promise<readonly string[]> {
  return (await allEvents(store, taskId)).map(({ type }) => type);
}

/** The end of an attempt that went well. */
export const COMPLETE: EventDraft = { type: 'task:complete', data: { durationMs: 500, resultBytes: 2, result: {} } };

/** The end of an attempt that is tried again. */
export const RETRY: EventDraft = { type: 'task:retry', data: { cause: 'failed', delayMs: 100, error: { name: 'Error', message: 'no' } } };

/** The end of a task that failed. */
export const FAILURE: EventDraft = { type: 'task:error', data: { durationMs: 500, error: { name: 'Error', message: 'no' } } };

/** An event that says something of a running task. */
export function warning(message: string): EventDraft {
  return { type: 'task:warning', data: { code: 'TEST', message } };
}
