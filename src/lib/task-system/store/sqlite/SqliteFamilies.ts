import type { SerializedError } from '../../types/Errors.ts';
import type { EventDraft, TaskEvent } from '../../types/Events.ts';
import type { FamilyNumbers, FamilyStore, TreeChange, TreeCommitted } from '../../types/FamilyStore.ts';
import { transition, type TaskState } from '../../types/TaskState.ts';
import type { Committed, Created, NewTask, TaskRecord, TreeBounds } from '../../types/TaskStore.ts';
import type { OpQueue } from './OpQueue.ts';
import { eventsOf, firstChange, firstRecord, toTreeChange, treeChange } from './replies.ts';
import { newRecord, toRecord, toRow, toWireDraft } from './rows.ts';

/** The trees of a SQLite store. */
export class SqliteFamilies implements FamilyStore {
  readonly #queue: OpQueue;

  constructor(queue: OpQueue) {
    this.#queue = queue;
  }

  async createGroup(task: NewTask, children: readonly NewTask[], bounds?: TreeBounds): Promise<Created & { readonly others: readonly TreeChange[] }> {
    const record: TaskRecord = { ...newRecord(task, undefined), state: transition(task.id, 'queued', 'waiting') };
    const reply = await this.#queue.ask(['createGroup', toRow(record), children.map((child) => toRow(newRecord(child, undefined))), bounds ?? null]);
    const existing = firstRecord(reply);
    if (existing !== undefined) return { existed: true, task: existing, events: [], others: [] };
    return { existed: false, task: record, events: eventsOf(reply), others: (reply.changes ?? []).map(toTreeChange) };
  }

  async failWaiting(taskId: string, error: SerializedError, time: number): Promise<TreeCommitted | undefined> {
    return treeChange(await this.#queue.ask(['failWaiting', taskId, JSON.stringify(error), time]), taskId);
  }

  async park(taskId: string, fence: number, children: number, time: number): Promise<Committed | undefined> {
    return firstChange(await this.#queue.ask(['park', taskId, fence, children, time]));
  }

  async unpark(taskId: string, fence: number, time: number): Promise<Committed | undefined> {
    return firstChange(await this.#queue.ask(['unpark', taskId, fence, time]));
  }

  async statesOf(taskIds: readonly string[]): Promise<ReadonlyMap<string, TaskState>> {
    return new Map((await this.#queue.ask(['statesOf', taskIds])).states ?? []);
  }

  async unremembered(limit: number): Promise<readonly TaskRecord[]> {
    return ((await this.#queue.ask(['unremembered', limit])).rows ?? []).map(toRecord);
  }

  async remembered(taskId: string, events: readonly EventDraft[], time: number): Promise<readonly TaskEvent[] | undefined> {
    const reply = await this.#queue.ask(['remembered', taskId, events.map(toWireDraft), time]);
    return reply.events === undefined ? undefined : eventsOf(reply);
  }

  async childrenOf(parentId: string): Promise<ReadonlyMap<string, TaskState>> {
    return new Map((await this.#queue.ask(['childrenOf', parentId])).states ?? []);
  }

  async tree(rootId: string): Promise<readonly TaskRecord[]> {
    return ((await this.#queue.ask(['tree', rootId])).rows ?? []).map(toRecord);
  }

  async numbers(rootId: string): Promise<FamilyNumbers> {
    return (await this.#queue.ask(['familyNumbers', rootId])).numbers ?? { counts: [], active: [] };
  }

  async queued(limit: number): Promise<readonly TaskRecord[]> {
    return ((await this.#queue.ask(['queued', limit])).rows ?? []).map(toRecord);
  }
}
