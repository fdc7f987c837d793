import type { TaskEvent } from '../../types/Events.ts';
import type { TreeChange, TreeCommitted } from '../../types/FamilyStore.ts';
import type { Committed, TaskRecord } from '../../types/TaskStore.ts';
import { ownJson, toRecord } from './rows.ts';
import type { Reply, WireChange } from './wire.ts';

/** The only change of a reply. */
export function firstChange(reply: Reply): Committed | undefined {
  const change = reply.changes?.[0];
  return change === undefined ? undefined : toCommitted(change);
}

/** What happened to a task, which may not be the first thing that happened: its children may have been cancelled before. */
export function treeChange(reply: Reply, taskId: string): TreeCommitted | undefined {
  const changes = (reply.changes ?? []).map(toTreeChange);
  const own = changes.findLastIndex(({ task }) => task.id === taskId);
  const change = changes[own];
  if (change === undefined) return undefined;
  const events = changes.flatMap(({ task, events: some }) => (task.id === taskId ? some : []));
  return { task: change.task, from: changes.find(({ task }) => task.id === taskId)?.from ?? change.from, events, others: changes.filter(({ task }) => task.id !== taskId), stops: reply.stops ?? [] };
}

/** A change that follows from another one. */
export function toTreeChange(change: WireChange): TreeChange {
  return { ...toCommitted(change), from: change.from ?? 'running' };
}

/** The first task of a reply. */
export function firstRecord(reply: Reply): TaskRecord | undefined {
  const row = reply.rows?.[0];
  return row === undefined ? undefined : toRecord(row);
}

/** A change as the port tells it. */
export function toCommitted(change: WireChange): Committed {
  return { task: toRecord(change.row), events: change.events.map((text) => ownJson<TaskEvent>(text)) };
}

/** The events of a reply. */
export function eventsOf(reply: Reply): readonly TaskEvent[] {
  return (reply.events ?? []).map((text) => ownJson<TaskEvent>(text));
}
