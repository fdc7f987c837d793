import type { ClaimDeliveries, DeadLetterFilter, DeliveryReport, ReplayOrder } from '../../../types/WebhookOutbox.ts';
import type { PruneOrder } from '../../../types/TaskStore.ts';
import { numberOf, textOf } from '../rows.ts';
import type { Row } from '../wire.ts';
import type { EngineState } from '../EngineState.ts';
import { dueOf, setHealth } from './endpoints.ts';
import type { OutboxReply } from './wire.ts';

/** How much longer than a new message one that is sent again waits for its turn: an outage must not delay what happens after it. */
const NEW_FIRST_MS = 60_000;

const DUE = (retry: 0 | 1): string => `SELECT * FROM (SELECT id, due_at + ${String(retry * NEW_FIRST_MS)} AS rank
  FROM webhook_messages INDEXED BY webhook_due WHERE endpoint_id = ? AND retry = ${String(retry)} AND due_at <= ? ORDER BY due_at, id LIMIT ?)`;
const CANDIDATES = `SELECT id FROM (${DUE(0)} UNION ALL ${DUE(1)}) ORDER BY rank, id LIMIT ?`;
const TAKE = 'UPDATE webhook_messages SET lease = ?, due_at = ? WHERE id = ? RETURNING id, endpoint_id, attempts, event';
const MINE = 'WHERE id = ? AND lease = ?';
const CHANGED = 'RETURNING endpoint_id, task_id, ordered';
const DELIVERED = `DELETE FROM webhook_messages ${MINE} ${CHANGED}`;
const RETRY = `UPDATE webhook_messages SET lease = NULL, due_at = ?, attempts = attempts + 1, retry = 1, attempt = ? ${MINE} AND died_at IS NULL ${CHANGED}`;
const RELEASE = `UPDATE webhook_messages SET lease = NULL, due_at = ? ${MINE} AND died_at IS NULL ${CHANGED}`;
const DIE = `UPDATE webhook_messages SET lease = NULL, due_at = NULL, died_at = coalesce(died_at, ?), attempts = attempts + 1, attempt = ? ${MINE} ${CHANGED}`;
// The oldest message of a task is the one that is due. When it goes, the next one takes its place.
const PROMOTE = `UPDATE webhook_messages SET due_at = ? WHERE due_at IS NULL AND id = (
  SELECT min(id) FROM webhook_messages WHERE endpoint_id = ? AND task_id = ? AND ordered = 1 AND died_at IS NULL)`;
const LETTER = 'id, endpoint_id, attempts, created_at, died_at, attempt, event';
const LETTERS = (where: string): string => `SELECT ${LETTER} FROM webhook_messages WHERE ${where} died_at IS NOT NULL AND (died_at, id) < (?, ?)
  ORDER BY died_at DESC, id DESC LIMIT ?`;
const REVIVE = 'UPDATE webhook_messages SET died_at = NULL, due_at = ?, attempts = 0, retry = 0, lease = NULL WHERE died_at IS NOT NULL AND';
const LINE_UP = `UPDATE webhook_messages SET due_at = NULL WHERE endpoint_id = ? AND ordered = 1 AND died_at IS NULL AND lease IS NULL AND attempts = 0
  AND due_at = ? AND EXISTS (SELECT 1 FROM webhook_messages AS older WHERE older.endpoint_id = webhook_messages.endpoint_id
    AND older.task_id = webhook_messages.task_id AND older.ordered = 1 AND older.died_at IS NULL AND older.id < webhook_messages.id)`;
const OLD_LETTERS = `DELETE FROM webhook_messages WHERE id IN (
  SELECT id FROM webhook_messages WHERE died_at IS NOT NULL AND (died_at, id) < (?, ?) ORDER BY died_at, id LIMIT ?)`;
const NEWEST_BEYOND = 'SELECT died_at, id FROM webhook_messages WHERE died_at IS NOT NULL ORDER BY died_at DESC, id DESC LIMIT 1 OFFSET ?';

/** Takes messages that are due. */
export function claim(state: EngineState, { lease, time, until, wanted }: ClaimDeliveries): OutboxReply {
  const rows = wanted.flatMap(({ endpointId, limit }) => (
    state.database.all(CANDIDATES, endpointId, time, limit, endpointId, time, limit, limit).flatMap((row) => state.database.all(TAKE, lease, until, numberOf(row, 'id')))
  ));
  return { rows, due: dueOf(state, wanted.map(({ endpointId }) => endpointId)) };
}

/** Writes how sending went, when the lease is still good. */
export function report(state: EngineState, order: DeliveryReport): OutboxReply {
  const { endpointId, time, health, outcome } = order;
  const row = written(state, order);
  if (row === undefined) return {};
  if (health !== undefined) setHealth(state, endpointId, health, null);
  if (numberOf(row, 'ordered') === 1 && (outcome === 'delivered' || outcome === 'dead')) state.database.run(PROMOTE, time, endpointId, textOf(row, 'task_id'));
  return { due: dueOf(state, [endpointId]) };
}

function written({ database }: EngineState, { id, lease, time, outcome, dueAt, attempt }: DeliveryReport): Row | undefined {
  const attemptJson = attempt === undefined ? null : JSON.stringify(attempt);
  switch (outcome) {
    case 'delivered': return database.get(DELIVERED, id, lease);
    case 'retry': return database.get(RETRY, dueAt ?? time, attemptJson, id, lease);
    case 'dead': return database.get(DIE, time, attemptJson, id, lease);
    case 'released': return database.get(RELEASE, dueAt ?? time, id, lease);
  }
}

/** Dead letters, the latest death first. */
export function deadLetters({ database }: EngineState, { endpointId, limit, after }: DeadLetterFilter): OutboxReply {
  const start = [after?.diedAt ?? Number.MAX_SAFE_INTEGER, after?.id ?? Number.MAX_SAFE_INTEGER, limit] as const;
  return { rows: endpointId === undefined ? database.all(LETTERS(''), ...start) : database.all(LETTERS('endpoint_id = ? AND'), endpointId, ...start) };
}

/** One dead letter. */
export function deadLetter({ database }: EngineState, id: number): OutboxReply {
  return { rows: database.all(`SELECT ${LETTER} FROM webhook_messages WHERE id = ? AND died_at IS NOT NULL`, id) };
}

/** Makes dead letters due again. Those of one task, where their order counts, line up behind the oldest. */
export function replay({ database, log }: EngineState, { time, id, endpointId, since }: ReplayOrder): OutboxReply {
  const count = id === undefined
    ? database.run(`${REVIVE} endpoint_id = ? AND created_at >= ?`, time, endpointId ?? '', since ?? 0)
    : database.run(`${REVIVE} id = ?`, time, id);
  const owners = endpointId === undefined ? [...log.outbox.endpoints.keys()] : [endpointId];
  for (const owner of owners) database.run(LINE_UP, owner, time);
  return { count };
}

/** Removes the oldest dead letters, by age and by count. */
export function pruneDeadLetters({ database }: EngineState, { before, keep, batch }: PruneOrder): void {
  const beyond = database.get(NEWEST_BEYOND, keep);
  const byCount = beyond === undefined ? [-1, 0] as const : [numberOf(beyond, 'died_at'), numberOf(beyond, 'id') + 1] as const;
  const [diedAt, id] = byCount[0] >= before ? byCount : [before, 0];
  database.run(OLD_LETTERS, diedAt, id, batch);
}
