import { taskOfApproval, type AnswerOptions } from '../../types/Approvals.ts';
import { serializeError, TaskSystemError } from '../../types/Errors.ts';
import type { Logger } from '../../types/Ports.ts';
import { DEFAULTS } from '../../types/ResolvedOptions.ts';
import type { Task } from '../../types/Task.ts';
import type { TaskControl } from '../../types/TaskControl.ts';
import type { CommandFrame, DoneFrame, ServerFrame, TaskSummary, WireTopic } from '../../types/Wire.ts';
import type { Outbox } from './Outbox.ts';
import type { FeedSubject, Permissions } from './Permissions.ts';

/** What {@link Commands} needs. */
export interface CommandsOptions {
  readonly control: TaskControl | undefined;
  readonly permissions: Permissions;
  /** Who the client is, for the log. */
  readonly name: () => string;
  readonly outbox: Outbox;
  readonly logger: Logger;
}

const MAX_UNDER_WAY = 16;
/** Commands whose answers may be large. */
const LARGE: readonly CommandFrame['type'][] = ['get', 'list', 'approvals'];

/** The commands of one connection. */
export class Commands {
  readonly #options: CommandsOptions;
  #underWay = 0;
  /** Resolves when no answer is being read or written. Answers may be large: only one of them is in memory at a time. */
  #reading: Promise<void> = Promise.resolve();

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** Carries out a command if it is allowed, and answers it. Never rejects. */
  async run(frame: CommandFrame): Promise<void> {
    const { control, outbox } = this.#options;
    if (control === undefined) {
      outbox.send({ type: 'err', code: 'unsupported', message: 'This server takes no commands.', ref: frame.id });
      return;
    }
    if (this.#underWay >= MAX_UNDER_WAY) {
      outbox.send({ type: 'err', code: 'limit', message: `At most ${String(MAX_UNDER_WAY)} commands at a time.`, ref: frame.id });
      return;
    }
    this.#underWay += 1;
    try {
      await this.#answer(frame, control);
    } catch (error) {
      outbox.send(this.#refusalOf(frame.id, error));
    } finally {
      this.#underWay -= 1;
    }
  }

  async #answer(frame: CommandFrame, control: TaskControl): Promise<void> {
    const { permissions, outbox, name } = this.#options;
    for (const { topic, subject } of demandsOf(frame)) {
      if (await permissions.may(frame.type, topic, subject)) continue;
      outbox.send({ type: 'err', code: 'forbidden', message: `The command "${frame.type}" is not allowed here.`, ref: frame.id });
      return;
    }
    if (LARGE.includes(frame.type)) await this.#inTurn(async () => { await outbox.sendPaced(JSON.stringify(await perform(frame, control, name))); });
    else outbox.send(await perform(frame, control, name));
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#reading.then(work);
    this.#reading = turn.catch(() => undefined);
    await turn;
  }

  #refusalOf(ref: string, thrown: unknown): ServerFrame {
    if (!TaskSystemError.isInstance(thrown)) {
      this.#options.logger.error('A command of a client of the live feed failed.', { error: serializeError(thrown) });
      return { type: 'err', code: 'failed', message: 'The command failed.', ref };
    }
    // Without stack and cause: they are for the host's own log.
    const { name, message, code, details, retryable } = thrown;
    return { type: 'err', code: 'command', message, ref, error: { name, message, code, details, retryable } };
  }
}

async function perform(frame: CommandFrame, control: TaskControl, name: () => string): Promise<DoneFrame> {
  const { id: ref } = frame;
  switch (frame.type) {
    case 'submit': return { type: 'done', ref, command: 'submit', value: { taskId: (await control.submit(frame.options)).id } };
    case 'cancel': return { type: 'done', ref, command: 'cancel', value: { cancelled: await control.cancel(frame.taskId, frame.reason ?? 'cancelled by a client') } };
    case 'retry': return { type: 'done', ref, command: 'retry', value: { taskId: (await control.retry(frame.taskId)).id } };
    case 'get': return { type: 'done', ref, command: 'get', value: { task: await control.get(frame.taskId) ?? null } };
    case 'list': {
      const { tasks, nextCursor } = await control.list(frame.options ?? {});
      return { type: 'done', ref, command: 'list', value: { tasks: tasks.map(summaryOf), ...(nextCursor === undefined ? {} : { nextCursor }) } };
    }
    case 'approve': {
      await control.approve(frame.approvalId, answerOptions(frame, name()));
      return { type: 'done', ref, command: 'approve', value: { state: 'allowed' } };
    }
    case 'deny': {
      await control.deny(frame.approvalId, answerOptions(frame, name()));
      return { type: 'done', ref, command: 'deny', value: { state: 'denied' } };
    }
    case 'approvals': return { type: 'done', ref, command: 'approvals', value: { approvals: await control.approvals(frame.options ?? {}) } };
  }
}

/** Who answers is known to the server alone: no client speaks for another. */
function answerOptions({ reason, remember }: Extract<CommandFrame, { readonly type: 'approve' | 'deny' }>, by: string): AnswerOptions {
  return { by, ...(reason === undefined ? {} : { reason }), ...(remember === undefined ? {} : { remember }) };
}

/** A task without what may be large. */
export function summaryOf(task: Task): TaskSummary {
  const { input: _input, result: _result, ...summary } = task;
  return summary;
}

interface Demand {
  readonly topic: WireTopic;
  readonly subject?: FeedSubject;
}

/** What must be allowed for a command. Options that are wrong get here too: whoever carries the command out refuses those. */
function demandsOf(frame: CommandFrame): readonly Demand[] {
  if (frame.type === 'submit') {
    const { project = DEFAULTS.submit.project, type, parentId } = frame.options;
    const demand: Demand = { topic: `project:${project}`, subject: { project, taskType: type } };
    // A child can fail its parent: who may submit to a project may not for that reason meddle with the tasks of another.
    return parentId === undefined ? [demand] : [demand, { topic: `task:${parentId}` }];
  }
  if (frame.type === 'approve' || frame.type === 'deny') return [{ topic: `task:${taskOfApproval(frame.approvalId) ?? ''}` }];
  if (frame.type === 'approvals') return [{ topic: topicOf(frame.options?.project, frame.options?.taskId) }];
  if (frame.type !== 'list') return [{ topic: `task:${frame.taskId}` }];
  return [{ topic: topicOf(frame.options?.project, frame.options?.parentId) }];
}

function topicOf(project: string | undefined, taskId: string | undefined): WireTopic {
  if (project !== undefined) return `project:${project}`;
  return taskId === undefined ? 'tasks' : `task:${taskId}`;
}
