import type { ApprovalFilter, ApprovalRequest, ApprovalVerdict } from '../../../types/ApprovalStore.ts';
import type { EngineState } from '../EngineState.ts';
import { subjectOf } from '../EventLog.ts';
import type { Row } from '../Row.ts';
import { LIGHT_COLUMNS, numberOf, optionalNumber, textOf } from '../rows.ts';
import { endDraft } from './closing.ts';
import type { ApprovalOp, ApprovalReply } from './wire.ts';

const MAX_EXPIRED = 500;

const TASK = `SELECT ${LIGHT_COLUMNS} FROM tasks WHERE id = ?`;
// As for all writes of a runner: a parked task has its process, and is as much under its fence as a running one.
const HELD = `${TASK} AND fence = ? AND owner IS NOT NULL AND state IN ('running', 'waiting')`;
// No answer outweighs a no.
const REMEMBERED = `SELECT * FROM approvals WHERE task_id = ? AND tool = ? AND remember = 'task' AND state IN ('allowed', 'denied')
  AND (fingerprint = ? OR scope = ?) ORDER BY state = 'denied' DESC, seq DESC LIMIT 1`;
const SAME = `SELECT * FROM approvals WHERE task_id = ? AND tool = ? AND fingerprint = ?
  AND (state = 'open' OR (remember = 'once' AND ((state IN ('allowed', 'denied') AND taken_by IS NULL) OR (state = 'denied' AND taken_by < ?))))
  ORDER BY seq DESC LIMIT 1`;
const NUMBER = 'SELECT count(*) + 1 AS number FROM approvals WHERE task_id = ?';
const INSERT = `INSERT INTO approvals (id, task_id, project, task_type, attempt, state, tool, fingerprint, scope, rule, reason, created_at, deadline, input)
  VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`;
const TAKE = "UPDATE approvals SET taken_by = ? WHERE id = ? AND (remember = 'task' OR taken_by IS NULL OR (state = 'denied' AND taken_by < ?))";
const DECIDE = `UPDATE approvals SET state = ?, ended_at = ?, answered_by = ?, comment = ?, remember = ? WHERE id = ? AND state = 'open' AND deadline > ?
  RETURNING *`;
const EXPIRE = `UPDATE approvals SET state = 'expired', ended_at = ? WHERE seq IN (
  SELECT seq FROM approvals INDEXED BY approvals_due WHERE state = 'open' AND deadline <= ? ORDER BY deadline LIMIT ${String(MAX_EXPIRED)}) RETURNING *`;
const NEXT_DUE = "SELECT deadline FROM approvals INDEXED BY approvals_due WHERE state = 'open' ORDER BY deadline LIMIT 1";
const GET = 'SELECT * FROM approvals WHERE id = ?';

/** Runs one operation of the approvals. */
export function performApproval(state: EngineState, op: ApprovalOp): ApprovalReply {
  switch (op[0]) {
    case 'ask': return ask(state, op[1]);
    case 'take': return take(state, op[1], op[2]);
    case 'decide': return decide(state, op[1], op[2], op[3]);
    case 'expire': return expire(state, op[1]);
    case 'get': return { rows: some(state.database.get(GET, op[1])) };
    case 'list': return { rows: list(state, op[1]) };
  }
}

function ask({ database, log }: EngineState, request: ApprovalRequest): ApprovalReply {
  const { taskId, fence, tool, fingerprint, scope, rule, reason, deadline, time, input } = request;
  const task = database.get(HELD, taskId, fence);
  if (task === undefined) return {};
  const known = database.get(REMEMBERED, taskId, tool, fingerprint, scope ?? null) ?? database.get(SAME, taskId, tool, fingerprint, numberOf(task, 'attempt'));
  if (known !== undefined) return { rows: [known], events: [] };
  const id = `${taskId}.${String(numberOf(database.get(NUMBER, taskId), 'number'))}`;
  const row = database.get(
    INSERT, id, taskId, textOf(task, 'project'), textOf(task, 'type'), numberOf(task, 'attempt'), tool, fingerprint, scope ?? null, rule, reason, time, deadline, JSON.stringify(input),
  );
  const data = JSON.stringify({ approvalId: id, tool, input, rule, reason, deadline });
  return { rows: some(row), events: log.append(subjectOf(task), time, [['task:approval', data]]) };
}

function take({ database }: EngineState, id: string, fence: number): ApprovalReply {
  const approval = database.get(GET, id);
  const task = approval === undefined ? undefined : database.get(HELD, textOf(approval, 'task_id'), fence);
  if (task === undefined) return { taken: false };
  const attempt = numberOf(task, 'attempt');
  return { taken: database.run(TAKE, attempt, id, attempt) === 1 };
}

function decide({ database, log }: EngineState, id: string, { state: to, by, reason, remember }: ApprovalVerdict, time: number): ApprovalReply {
  const row = database.get(DECIDE, to, time, by, reason ?? null, remember, id, time);
  const task = row === undefined ? undefined : database.get(TASK, textOf(row, 'task_id'));
  return row === undefined || task === undefined ? {} : { rows: [row], events: log.append(subjectOf(task), time, [endDraft(row)]) };
}

function expire({ database, log }: EngineState, time: number): ApprovalReply {
  const rows = database.all(EXPIRE, time, time);
  const events = rows.flatMap((row) => {
    const task = database.get(TASK, textOf(row, 'task_id'));
    return task === undefined ? [] : log.append(subjectOf(task), time, [endDraft(row)]);
  });
  const nextDue = optionalNumber(database.get(NEXT_DUE) ?? {}, 'deadline');
  return { rows, events, ...(nextDue === undefined ? {} : { nextDue }) };
}

function list({ database }: EngineState, { state, taskId, project, limit }: ApprovalFilter): readonly Row[] {
  // Those that are open are few and have an index of their own; the planner would rather have the order.
  const isOpen = state === 'open';
  const index = isOpen && taskId === undefined ? 'INDEXED BY approvals_due' : '';
  const wanted = Object.entries({ state: isOpen ? undefined : state, task_id: taskId, project }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const where = [...(isOpen ? ["state = 'open'"] : []), ...wanted.map(([column]) => `${column} = ?`)].join(' AND ');
  return database.all(`SELECT * FROM approvals ${index} WHERE ${where} ORDER BY seq DESC LIMIT ?`, ...wanted.map(([, value]) => value), limit);
}

function some(row: Row | undefined): readonly Row[] {
  return row === undefined ? [] : [row];
}
