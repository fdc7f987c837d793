import { createHash } from 'node:crypto';
import { aborted } from '../tools/runTool.ts';
import type { Approval, ApprovalAnswer } from '../types/Approvals.ts';
import type { ApprovalCommitted, ApprovalFilter, ApprovalVerdict } from '../types/ApprovalStore.ts';
import { canonicalJson } from '../types/canonicalJson.ts';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { TaskEvent } from '../types/Events.ts';
import type { HookVerdict } from '../types/Hooks.ts';
import type { Caller } from '../types/HostCalls.ts';
import type { JsonValue } from '../types/Json.ts';
import { once } from '../types/once.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import type { Task } from '../types/Task.ts';
import type { TaskStore } from '../types/TaskStore.ts';
import { unlessAborted } from '../types/unlessAborted.ts';
import { DueTimer } from './DueTimer.ts';
import { IdleSlot } from './IdleSlot.ts';
import { toTask } from './records.ts';
import type { Permit } from './ToolAttempt.ts';
import type { AskedCall } from './ToolBroker.ts';

/** How many calls of one attempt may wait for answers. */
const MAX_ASKED = 64;
/** When the store failed, it is asked again after this. */
const SWEEP_AGAIN_MS = 5_000;

/** What the approvals work with. */
export interface ApprovalPorts {
  readonly store: Pick<TaskStore, 'approvals' | 'get'>;
  readonly emit: (event: TaskEvent) => void;
  /** Asks whoever answers by program. Never rejects. */
  readonly askHooks: (task: Task, approval: Approval) => Promise<HookVerdict | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What somebody answers. */
export interface Answer extends ApprovalAnswer {
  readonly state: 'allowed' | 'denied';
}

/** An attempt that asks for approvals. */
interface AskingAttempt {
  readonly slot: IdleSlot;
  /** How many of its calls are not answered yet. Counted from the beginning: storing a request takes a while. */
  asked: number;
}

/**
 * Calls of tools that wait for somebody's yes. Requests and answers are stored, with their events, before anything follows from them: a
 * task whose host died finds both again, and an answer that counts once is given to one call.
 */
export class Approvals {
  readonly #ports: ApprovalPorts;
  readonly #followers = new Map<string, Set<(approval: Approval) => void>>();
  readonly #attempts = new WeakMap<AbortSignal, AskingAttempt>();
  readonly #due: DueTimer;

  constructor(ports: ApprovalPorts) {
    this.#ports = ports;
    this.#due = new DueTimer(ports.clock, () => { void this.#sweep(); });
  }

  /** Ends what nobody answered in time while no host ran. */
  open(): Promise<void> {
    return this.#sweep();
  }

  /** Nothing expires any more. */
  close(): void {
    this.#due.close();
  }

  /**
   * Waits until a call is allowed, without the slot of its attempt.
   * @throws TaskSystemError `APPROVAL_DENIED`, `APPROVAL_EXPIRED`, `APPROVAL_CLOSED`, `TOOL_BUSY`, `WAITING_FULL`, `TOOL_ABORTED`.
   */
  readonly ask = async (caller: Caller, call: AskedCall): Promise<Permit> => {
    const attempt = this.#attemptOf(caller);
    if (attempt.asked >= MAX_ASKED) throw new TaskSystemError('TOOL_BUSY', `${call.tool}: ${String(MAX_ASKED)} calls wait for answers`, { tool: call.tool });
    attempt.asked++;
    try {
      return await this.#permit(caller, call, attempt.slot);
    } finally {
      attempt.asked--;
    }
  };

  /**
   * Answers an approval, or the only one that a task asks for. An answer that was given before is given again without effect.
   * @throws TaskSystemError `APPROVAL_NOT_FOUND`, `APPROVAL_AMBIGUOUS`, `APPROVAL_CLOSED`, `APPROVAL_EXPIRED`.
   */
  async answer(target: string, answer: Answer): Promise<Approval> {
    const { store, clock } = this.#ports;
    const id = await this.#idOf(target);
    const committed = await store.approvals.decide(id, answer, clock.now());
    if (committed !== undefined) {
      this.#publish(committed);
      return committed.approval;
    }
    await this.#sweep();
    const known = await store.approvals.get(id);
    if (known === undefined) throw notFound(target);
    if (known.state === answer.state) return known;
    // One that is still open was due as well: there are more of them than end at once, or the store failed.
    if (known.state === 'expired' || known.state === 'open') throw new TaskSystemError('APPROVAL_EXPIRED', `${known.tool} of task ${known.taskId} was to be answered earlier`, { approvalId: id, taskId: known.taskId, deadline: known.deadline });
    throw new TaskSystemError('APPROVAL_CLOSED', `${known.tool} of task ${known.taskId} is ${known.state} already${byWhom(known.answer)}`, {
      approvalId: id, taskId: known.taskId, state: known.state, ...(known.answer === undefined ? {} : { by: known.answer.by }),
    });
  }

  /** Approvals, newest first. */
  list(filter: ApprovalFilter): Promise<readonly Approval[]> {
    return this.#ports.store.approvals.list(filter);
  }

  async #permit(caller: Caller, call: AskedCall, slot: IdleSlot): Promise<Permit> {
    for (;;) {
      const approval = await this.#request(caller, call);
      const isOpen = approval.state === 'open';
      const ended = isOpen ? await this.#answered(caller, approval, slot) : approval;
      // Whoever was answered has its slot again.
      if (!isOpen && ended.state === 'allowed') await slot.begin();
      const isMine = await this.#take(caller, ended, slot);
      if (ended.state !== 'allowed') throw refusal(call.tool, ended);
      if (isMine) return { approvalId: ended.id, done: once(() => { slot.done(); }) };
      slot.done();
    }
  }

  async #request({ task, signal }: Caller, { tool, input, shown, decision, timeoutMs }: AskedCall): Promise<Approval> {
    const { store, clock } = this.#ports;
    const time = clock.now();
    const asked = await store.approvals.ask({
      taskId: task.id, fence: task.fence, tool, input: shown, fingerprint: fingerprintOf(input), rule: decision.rule, reason: decision.reason, time, deadline: time + timeoutMs,
      ...(decision.scope === undefined ? {} : { scope: decision.scope }),
    });
    if (asked === undefined) throw aborted(tool, signal.reason);
    this.#publish(asked);
    return asked.approval;
  }

  /** Waits for the end of an open approval. */
  async #answered(caller: Caller, approval: Approval, slot: IdleSlot): Promise<Approval> {
    const { promise: followed, resolve } = Promise.withResolvers<Approval>();
    const forget = this.#follow(approval.id, resolve);
    const promise = unlessAborted(followed, caller.signal, (reason) => aborted(approval.tool, reason));
    promise.catch(() => undefined);
    try {
      // Followed first, looked at second: an answer in between is seen by one of the two.
      const now = await this.#ports.store.approvals.get(approval.id);
      if (now !== undefined && now.state !== 'open') resolve(now);
      this.#due.wakeAt(approval.deadline);
      if (await Promise.race([promise, this.#askHooks(caller, approval)]) === undefined) return await slot.wait(promise, ({ state }) => state === 'allowed');
      const ended = await promise;
      if (ended.state === 'allowed') await slot.begin();
      return ended;
    } catch (error) {
      if (TaskSystemError.isInstance(error) && error.code === 'WAITING_FULL') await this.#decide(approval.id, { state: 'closed', by: 'the host', reason: error.message, remember: 'once' });
      throw error;
    } finally {
      forget();
    }
  }

  /** @returns undefined when no hook has an opinion. */
  async #askHooks({ task }: Caller, approval: Approval): Promise<HookVerdict | undefined> {
    const said = await this.#ports.askHooks(toTask(task), approval);
    if (said === undefined) return undefined;
    const { decision, by = 'a hook', reason, remember = 'once' } = said;
    await this.#decide(approval.id, { state: decision === 'allow' ? 'allowed' : 'denied', by, remember, ...(reason === undefined ? {} : { reason }) });
    return said;
  }

  async #decide(id: string, verdict: ApprovalVerdict): Promise<void> {
    const committed = await this.#ports.store.approvals.decide(id, verdict, this.#ports.clock.now());
    if (committed !== undefined) this.#publish(committed);
  }

  /** Uses an answer up, if it counts once. */
  async #take({ task }: Caller, { id, state }: Approval, slot: IdleSlot): Promise<boolean> {
    try {
      return (state === 'allowed' || state === 'denied') && await this.#ports.store.approvals.take(id, task.fence);
    } catch (error) {
      if (state === 'allowed') slot.done();
      throw error;
    }
  }

  async #idOf(target: string): Promise<string> {
    const { approvals } = this.#ports.store;
    const found = await approvals.list({ taskId: target, state: 'open', limit: 2 });
    if (found.length > 1) throw new TaskSystemError('APPROVAL_AMBIGUOUS', `Task ${target}`, { taskId: target });
    return found[0]?.id ?? target;
  }

  #follow(id: string, listener: (approval: Approval) => void): () => void {
    const listeners = this.#followers.get(id) ?? new Set();
    this.#followers.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#followers.get(id) === listeners) this.#followers.delete(id);
    };
  }

  #publish({ approval, events }: ApprovalCommitted): void {
    for (const event of events) this.#ports.emit(event);
    if (approval.state !== 'open') for (const listener of this.#followers.get(approval.id) ?? []) listener(approval);
  }

  /** Ends what nobody answered in time. */
  async #sweep(): Promise<void> {
    const { store, clock, logger } = this.#ports;
    try {
      const { ended, nextDue } = await store.approvals.expire(clock.now());
      for (const each of ended) this.#publish(each);
      if (nextDue !== undefined) this.#due.wakeAt(nextDue);
    } catch (error) {
      logger.warn('approvals that nobody gave in time could not be ended; trying again', { error: serializeError(error) });
      this.#due.wakeAt(clock.now() + SWEEP_AGAIN_MS);
    }
  }

  #attemptOf({ signal, giveSlot }: Caller): AskingAttempt {
    const known = this.#attempts.get(signal);
    if (known !== undefined) return known;
    const attempt = { slot: new IdleSlot(() => giveSlot(0)), asked: 0 };
    this.#attempts.set(signal, attempt);
    return attempt;
  }
}

/** The same for the same arguments in whatever order, and for no others. */
export function fingerprintOf(input: JsonValue): string {
  return createHash('sha256').update(canonicalJson(input)).digest('base64url');
}

function refusal(tool: string, { id, state, answer, deadline, reason }: Approval): TaskSystemError {
  if (state === 'expired') return new TaskSystemError('APPROVAL_EXPIRED', `${tool}: ${reason}, and nobody answered in time`, { tool, approvalId: id, deadline });
  if (state === 'closed') return new TaskSystemError('APPROVAL_CLOSED', `${tool}: it does not wait any more`, { tool, approvalId: id, state });
  const why = answer?.reason === undefined ? '' : `: ${answer.reason}`;
  return new TaskSystemError('APPROVAL_DENIED', `${tool}: denied${byWhom(answer)}${why}`, {
    tool, approvalId: id, ...(answer === undefined ? {} : { by: answer.by }), ...(answer?.reason === undefined ? {} : { reason: answer.reason }),
  });
}

function byWhom(answer: ApprovalAnswer | undefined): string {
  return answer === undefined ? '' : ` by ${answer.by}`;
}

function notFound(target: string): TaskSystemError {
  return new TaskSystemError('APPROVAL_NOT_FOUND', `Id: ${target}`, { id: target });
}
