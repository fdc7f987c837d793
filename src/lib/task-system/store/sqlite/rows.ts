import { TaskSystemError, type SerializedError } from '../../types/Errors.ts';
import type { EventDraft } from '../../types/Events.ts';
import type { JsonObject } from '../../types/Json.ts';
import type { FamilyRules } from '../../types/Subtasks.ts';
import type { TaskProgress, TaskUsage } from '../../types/Task.ts';
import { TASK_STATES, transition, type TaskState } from '../../types/TaskState.ts';
import type { TaskIsolation } from '../../types/Isolation.ts';
import type { NewTask, Settlement, TaskOverrides, TaskRecord } from '../../types/TaskStore.ts';
import type { NewTaskRow, Row, WireDraft, WireSettlement } from './wire.ts';

/** The columns that `create` fills, in the order of {@link NewTaskRow}. */
export const NEW_TASK_COLUMNS = [
  'id', 'type', 'project', 'state', 'ready', 'order_key', 'priority', 'max_attempts', 'attempt', 'fence', 'owner', 'parent_id', 'root_id',
  'retry_of', 'idempotency_key', 'created_at', 'run_at', 'started_at', 'overrides', 'metadata', 'input', 'spawn_key',
  'weight', 'rules', 'lineage',
] as const;

/** The columns of a task as they are read, ready for a SELECT or RETURNING. */
export const TASK_COLUMNS = [...NEW_TASK_COLUMNS, 'seq', 'interruptions', 'finished_at', 'progress', 'usage', 'error', 'result', 'isolation', 'joins', 'joining', 'closing', 'verdict', 'notes'].join(', ');

/** The same without what may be large. */
export const LIGHT_COLUMNS = TASK_COLUMNS.replace(', input,', ", 'null' AS input,").replace(', result,', ', NULL AS result,').replace(/, notes$/, ', NULL AS notes');

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** The record of a task that is being created; running already when `claimAs` is given. */
export function newRecord(task: NewTask, claimAs: string | undefined): TaskRecord {
  const record = { ...task, state: 'queued', attempt: 0, interruptions: 0, fence: 0 } as const satisfies TaskRecord;
  if (claimAs === undefined) return record;
  return { ...record, state: transition(task.id, 'queued', 'running'), attempt: 1, fence: 1, owner: claimAs, startedAt: task.createdAt };
}

/** The row of a new record. */
export function toRow(record: TaskRecord): NewTaskRow {
  const ready = record.state === 'queued' && (record.runAt ?? 0) <= record.createdAt ? 1 : 0;
  return [
    record.id, record.type, record.project, record.state, ready, record.orderKey, record.priority, record.maxAttempts, record.attempt,
    record.fence, record.owner ?? null, record.parentId ?? null, record.rootId, record.retryOf ?? null, record.idempotencyKey ?? null,
    record.createdAt, record.runAt ?? null, record.startedAt ?? null, objectText(record.overrides), objectText(record.metadata),
    record.inputJson, record.key ?? null, record.weight ?? null, record.rules === undefined ? null : JSON.stringify(record.rules),
    record.lineage === undefined ? null : JSON.stringify(record.lineage),
  ];
}

/** The record that a row holds. */
export function toRecord(row: Row): TaskRecord {
  const record: Mutable<TaskRecord> = {
    id: textOf(row, 'id'),
    type: textOf(row, 'type'),
    project: textOf(row, 'project'),
    state: stateOf(row),
    inputJson: textOf(row, 'input'),
    priority: numberOf(row, 'priority'),
    orderKey: numberOf(row, 'order_key'),
    attempt: numberOf(row, 'attempt'),
    maxAttempts: numberOf(row, 'max_attempts'),
    interruptions: numberOf(row, 'interruptions'),
    fence: numberOf(row, 'fence'),
    rootId: textOf(row, 'root_id'),
    createdAt: numberOf(row, 'created_at'),
    overrides: ownJson<TaskOverrides>(optionalText(row, 'overrides') ?? '{}'),
    metadata: ownJson<JsonObject>(optionalText(row, 'metadata') ?? '{}'),
  };
  addOptional(record, row);
  return record;
}

/** A settlement as it travels. */
export function toWireSettlement(settlement: Settlement): WireSettlement {
  const { taskId, fence, to, time, resultJson, error, progress, usage, isolation, runAt, interrupted, event, joins, excused, notesJson } = settlement;
  return [
    taskId, fence, to, time, resultJson ?? null, error === undefined ? null : JSON.stringify(error),
    progress === undefined ? null : JSON.stringify(progress), runAt ?? null, interrupted === true ? 1 : 0, toWireDraft(event),
    usage === undefined ? null : JSON.stringify(usage), isolation === undefined ? null : JSON.stringify(isolation),
    joins === true ? 1 : 0, excused ?? [], notesJson ?? null,
  ];
}

/** An event draft as it travels. */
export function toWireDraft(draft: EventDraft): WireDraft {
  return [draft.type, JSON.stringify(draft.data)];
}

/** A column that holds text. */
export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw unreadable(column, value);
  return value;
}

/** A column that holds text or nothing. */
export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : textOf(row, column);
}

/** A column that holds a number. */
export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== 'number') throw unreadable(column, value);
  return value;
}

/** A column that holds a number or nothing. */
export function optionalNumber(row: Row, column: string): number | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : numberOf(row, column);
}

/** Reads JSON text that this library wrote itself: it has the type that it had then, and is not checked again. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it stored there
export function ownJson<Type>(text: string): Type {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- see above
  return JSON.parse(text);
}

function addOptional(record: Mutable<TaskRecord>, row: Row): void {
  const resultJson = optionalText(row, 'result');
  const owner = optionalText(row, 'owner');
  const parentId = optionalText(row, 'parent_id');
  const retryOf = optionalText(row, 'retry_of');
  const key = optionalText(row, 'spawn_key');
  const idempotencyKey = optionalText(row, 'idempotency_key');
  const runAt = optionalNumber(row, 'run_at');
  const startedAt = optionalNumber(row, 'started_at');
  const finishedAt = optionalNumber(row, 'finished_at');
  const error = optionalText(row, 'error');
  const progress = optionalText(row, 'progress');
  const usage = optionalText(row, 'usage');
  const isolation = optionalText(row, 'isolation');
  addFamily(record, row);
  if (resultJson !== undefined) record.resultJson = resultJson;
  if (owner !== undefined) record.owner = owner;
  if (parentId !== undefined) record.parentId = parentId;
  if (retryOf !== undefined) record.retryOf = retryOf;
  if (key !== undefined) record.key = key;
  if (idempotencyKey !== undefined) record.idempotencyKey = idempotencyKey;
  if (runAt !== undefined) record.runAt = runAt;
  if (startedAt !== undefined) record.startedAt = startedAt;
  if (finishedAt !== undefined) record.finishedAt = finishedAt;
  if (error !== undefined) record.error = ownJson<SerializedError>(error);
  if (progress !== undefined) record.progress = ownJson<TaskProgress>(progress);
  if (usage !== undefined) record.usage = ownJson<TaskUsage>(usage);
  if (isolation !== undefined) record.isolation = ownJson<TaskIsolation>(isolation);
}

function addFamily(record: Mutable<TaskRecord>, row: Row): void {
  const weight = optionalNumber(row, 'weight');
  const rules = optionalText(row, 'rules');
  const lineage = optionalText(row, 'lineage');
  const joins = optionalNumber(row, 'joins') ?? 0;
  const notes = optionalText(row, 'notes');
  if (weight !== undefined) record.weight = weight;
  if (rules !== undefined) record.rules = ownJson<FamilyRules>(rules);
  if (lineage !== undefined) record.lineage = ownJson<readonly string[]>(lineage);
  if (joins > 0) record.joins = joins;
  if (notes !== undefined) record.notesJson = notes;
  if (row['joining'] === 1) record.isJoining = true;
  if (row['closing'] === 1) record.isClosing = true;
}

/** The state that a row is in. */
export function stateOf(row: Row): TaskState {
  const text = textOf(row, 'state');
  const state = TASK_STATES.find((name) => name === text);
  if (state === undefined) throw unreadable('state', text);
  return state;
}

/** Most tasks have no metadata and no overrides: nothing is stored for `{}`. */
function objectText(value: object): string | null {
  for (const _key in value) return JSON.stringify(value);
  return null;
}

function unreadable(column: string, value: unknown): TaskSystemError {
  return new TaskSystemError('STORE_CORRUPT', `Column "${column}" holds ${value === null ? 'nothing' : typeof value}`, { column });
}
