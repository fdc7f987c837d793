import { APPROVAL_STATES, type Approval, type ApprovalAnswer } from '../../../types/Approvals.ts';
import type { ApprovalCommitted, ApprovalFilter, ApprovalRequest, ApprovalStore, ApprovalVerdict } from '../../../types/ApprovalStore.ts';
import { TaskSystemError } from '../../../types/Errors.ts';
import type { TaskEvent } from '../../../types/Events.ts';
import { parseJson } from '../../../types/Json.ts';
import type { OpQueue } from '../OpQueue.ts';
import type { Row } from '../Row.ts';
import { numberOf, optionalNumber, optionalText, ownJson, textOf } from '../rows.ts';
import type { ApprovalOp, ApprovalReply } from './wire.ts';

/** The approvals of a SQLite store. */
export class SqliteApprovals implements ApprovalStore {
  readonly #queue: OpQueue;

  constructor(queue: OpQueue) {
    this.#queue = queue;
  }

  async ask(request: ApprovalRequest): Promise<ApprovalCommitted | undefined> {
    return committed(await this.#perform(['ask', request]));
  }

  async take(id: string, fence: number): Promise<boolean> {
    return (await this.#perform(['take', id, fence])).taken === true;
  }

  async decide(id: string, verdict: ApprovalVerdict, time: number): Promise<ApprovalCommitted | undefined> {
    return committed(await this.#perform(['decide', id, verdict, time]));
  }

  async expire(time: number): Promise<{ readonly ended: readonly ApprovalCommitted[]; readonly nextDue?: number }> {
    const { rows = [], events = [], nextDue } = await this.#perform(['expire', time]);
    const ended = rows.map((row, index) => ({ approval: toApproval(row), events: events.slice(index, index + 1).map((text) => ownJson<TaskEvent>(text)) }));
    return { ended, ...(nextDue === undefined ? {} : { nextDue }) };
  }

  async get(id: string): Promise<Approval | undefined> {
    return (await this.#perform(['get', id])).rows?.map(toApproval)[0];
  }

  async list(filter: ApprovalFilter): Promise<readonly Approval[]> {
    return ((await this.#perform(['list', filter])).rows ?? []).map(toApproval);
  }

  async #perform(op: ApprovalOp): Promise<ApprovalReply> {
    return (await this.#queue.ask(['approvals', op])).approvals ?? {};
  }
}

function committed({ rows = [], events = [] }: ApprovalReply): ApprovalCommitted | undefined {
  const [row] = rows;
  return row === undefined ? undefined : { approval: toApproval(row), events: events.map((text) => ownJson<TaskEvent>(text)) };
}

function toApproval(row: Row): Approval {
  const endedAt = optionalNumber(row, 'ended_at');
  const answer = answerOf(row);
  return {
    id: textOf(row, 'id'), taskId: textOf(row, 'task_id'), project: textOf(row, 'project'), taskType: textOf(row, 'task_type'), attempt: numberOf(row, 'attempt'),
    tool: textOf(row, 'tool'), input: parseJson(textOf(row, 'input')), rule: textOf(row, 'rule'), reason: textOf(row, 'reason'), state: stateOf(row),
    createdAt: numberOf(row, 'created_at'), deadline: numberOf(row, 'deadline'), ...(endedAt === undefined ? {} : { endedAt }), ...(answer === undefined ? {} : { answer }),
  };
}

function answerOf(row: Row): ApprovalAnswer | undefined {
  const [by, reason] = [optionalText(row, 'answered_by'), optionalText(row, 'comment')];
  if (by === undefined) return undefined;
  return { by, ...(reason === undefined ? {} : { reason }), remember: optionalText(row, 'remember') === 'task' ? 'task' : 'once' };
}

function stateOf(row: Row): Approval['state'] {
  const text = textOf(row, 'state');
  const state = APPROVAL_STATES.find((name) => name === text);
  if (state === undefined) throw new TaskSystemError('STORE_CORRUPT', `No approval is ${JSON.stringify(text)}`, { column: 'state' });
  return state;
}
