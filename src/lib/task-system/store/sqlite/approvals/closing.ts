import { TERMINAL_EVENTS } from '../../../types/Events.ts';
import type { Database } from '../Database.ts';
import type { Row } from '../Row.ts';
import { optionalText, textOf } from '../rows.ts';
import type { WireDraft } from '../wire.ts';

const CLOSE = "UPDATE approvals INDEXED BY approvals_task SET state = 'closed', ended_at = ? WHERE task_id = ? AND state = 'open' RETURNING *";

/** What has to be told before an event: with a task end the calls of it that wait for an answer, in the same transaction. */
export function endsBefore(database: Database, type: string, taskId: string, time: number): readonly WireDraft[] {
  if (!TERMINAL_EVENTS.some((terminal) => terminal === type)) return [];
  return database.all(CLOSE, time, taskId).map(endDraft);
}

/** The event of an approval that is over. */
export function endDraft(row: Row): WireDraft {
  const [by, reason, remember] = [optionalText(row, 'answered_by'), optionalText(row, 'comment'), optionalText(row, 'remember')];
  return ['task:approval:end', JSON.stringify({ approvalId: textOf(row, 'id'), tool: textOf(row, 'tool'), outcome: textOf(row, 'state'), by, reason, remember })];
}
