import type { EndpointDue, StoredEndpoint } from '../../../types/WebhookOutbox.ts';
import type { WebhookHealth } from '../../../types/Webhooks.ts';
import { optionalNumber } from '../rows.ts';
import type { EngineState } from '../EngineState.ts';
import type { OutboxReply } from './wire.ts';

const INSERT = 'INSERT INTO webhook_endpoints (id, settings, health) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET settings = excluded.settings';
const HEALTH = 'UPDATE webhook_endpoints SET health = ? WHERE id = ?';
// Each message that waits is in one of these indexes: it is due at some time, or it is behind another of its task.
const WAITING = `SELECT id FROM webhook_messages INDEXED BY webhook_due WHERE endpoint_id = ? AND due_at IS NOT NULL
  UNION ALL SELECT id FROM webhook_messages INDEXED BY webhook_order WHERE endpoint_id = ? AND ordered = 1 AND died_at IS NULL`;
const DEAD = 'SELECT id FROM webhook_messages INDEXED BY webhook_dead_of WHERE endpoint_id = ? AND died_at IS NOT NULL';
const BURY = `UPDATE webhook_messages SET due_at = NULL, died_at = ? WHERE id IN (${WAITING})`;
const REMOVE = `DELETE FROM webhook_messages WHERE id IN (${WAITING} UNION ALL ${DEAD})`;
// Two steps along an index instead of one over all messages that wait.
const NEXT_DUE = `SELECT (SELECT min(due_at) FROM webhook_messages INDEXED BY webhook_due WHERE endpoint_id = ? AND retry = 0 AND due_at IS NOT NULL) AS fresh,
  (SELECT min(due_at) FROM webhook_messages INDEXED BY webhook_due WHERE endpoint_id = ? AND retry = 1 AND due_at IS NOT NULL) AS again`;

/** All endpoints, oldest first. */
export function endpoints({ log }: EngineState): OutboxReply {
  return { endpoints: [...log.outbox.endpoints.values()] };
}

/** Stores an endpoint, or replaces its settings. */
export function putEndpoint({ database, log }: EngineState, { settings, health }: StoredEndpoint): OutboxReply {
  const known = log.outbox.endpoints.get(settings.id);
  database.run(INSERT, settings.id, JSON.stringify(settings), JSON.stringify(health));
  log.outbox.note({ settings, health: known?.health ?? health });
  return {};
}

/** Replaces how an endpoint does; buries what waits for it, if a time is given. */
export function setHealth(state: EngineState, endpointId: string, health: WebhookHealth, buriedAt: number | null): OutboxReply {
  const known = state.log.outbox.endpoints.get(endpointId);
  if (known === undefined) return { count: 0 };
  state.database.run(HEALTH, JSON.stringify(health), endpointId);
  state.log.outbox.note({ settings: known.settings, health });
  return { count: buriedAt === null ? 0 : state.database.run(BURY, buriedAt, endpointId, endpointId) };
}

/** Removes an endpoint and its messages. */
export function removeEndpoint({ database, log }: EngineState, endpointId: string): OutboxReply {
  const count = database.run('DELETE FROM webhook_endpoints WHERE id = ?', endpointId);
  database.run(REMOVE, endpointId, endpointId, endpointId);
  log.outbox.drop(endpointId);
  return { count };
}

/** What is next for some endpoints; those that nothing waits for are left out. */
export function dueOf({ database }: EngineState, endpointIds: Iterable<string>): readonly EndpointDue[] {
  return [...endpointIds].flatMap((endpointId) => {
    const row = database.get(NEXT_DUE, endpointId, endpointId) ?? {};
    const times = [optionalNumber(row, 'fresh'), optionalNumber(row, 'again')].filter((time) => time !== undefined);
    return times.length === 0 ? [] : [{ endpointId, at: Math.min(...times) }];
  });
}
