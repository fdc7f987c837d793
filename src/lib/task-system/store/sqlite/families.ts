import { TaskSystemError, type SerializedError } from '../../types/Errors.ts';
import { DEFAULT_RULES, judge, type CancelCause, type FamilyRules, type Ruling } from '../../types/Subtasks.ts';
import { transition } from '../../types/TaskState.ts';
import type { StopOrder } from '../../types/FamilyStore.ts';
import { storedError, type EngineState } from './EngineState.ts';
import { subjectOf } from './EventLog.ts';
import { FamilyReader, type Ending, type Eviction, type Verdict } from './FamilyReader.ts';
import { numberOf, optionalNumber, optionalText, ownJson, stateOf, TASK_COLUMNS, textOf } from './rows.ts';
import type { Reply, Row, WireChange, WireDraft } from './wire.ts';

const MAX_RESULT_IN_EVENT = 8_192;

const GET = `SELECT ${TASK_COLUMNS} FROM tasks WHERE id = ?`;
// Narrow: the head of a family may have a large input, and is looked at whenever one of many children ends.
const PEEK = 'SELECT parent_id, state, owner, closing, rules FROM tasks WHERE id = ?';
const HAS_CHILDREN = 'SELECT 1 FROM tasks INDEXED BY tasks_parent WHERE parent_id = ? LIMIT 1';
const OPEN = `SELECT ${TASK_COLUMNS} FROM tasks INDEXED BY tasks_open WHERE parent_id = ? AND finished_at IS NULL ORDER BY rowid`;
const EXCUSE = 'UPDATE tasks SET excused = 1 WHERE id = ? AND parent_id = ? AND excused = 0';
const FINISH = `UPDATE tasks SET state = ?, ready = 0, owner = NULL, verdict = NULL, closing = 0, finished_at = ?, result = ?, error = ?, progress = ?
  WHERE id = ? RETURNING ${TASK_COLUMNS}`;
const WAIT = `UPDATE tasks SET state = 'waiting', ready = 0, owner = NULL, verdict = ?, closing = ?, result = ?, error = ? WHERE id = ? RETURNING ${TASK_COLUMNS}`;
const JOIN = `UPDATE tasks SET state = 'queued', ready = 1, run_at = NULL, owner = NULL, verdict = NULL, closing = 0, joining = 1, joins = joins + 1, result = ?
  WHERE id = ? RETURNING ${TASK_COLUMNS}`;

/**
 * Ends tasks as their trees demand, in one transaction: an ended task never has an open child. A task that is to end before its
 * children waits for them with a verdict, and the last of them ends it.
 */
export class FamilyWriter {
  readonly #state: EngineState;
  readonly #time: number;
  readonly #family: FamilyReader;
  readonly #changes: WireChange[] = [];
  readonly #stops: StopOrder[] = [];
  /** The host whose processes live; every other one is dead. Undefined: all live. */
  readonly #livingOwner: string | undefined;

  constructor(state: EngineState, time: number, livingOwner?: string) {
    this.#state = state;
    this.#time = time;
    this.#family = new FamilyReader(state.database);
    this.#livingOwner = livingOwner;
  }

  /** What was done, in order. */
  get reply(): Reply {
    return this.#stops.length === 0 ? { changes: this.#changes } : { changes: this.#changes, stops: this.#stops };
  }

  /** Notes a change that was made elsewhere in the same transaction. */
  note(change: WireChange): void {
    this.#changes.push(change);
  }

  /** Ends a task, or lets it wait for its children with its verdict. */
  end(row: Row, ending: Ending, excused: readonly string[] = []): void {
    const id = textOf(row, 'id');
    if (this.#state.database.get(HAS_CHILDREN, id) === undefined) {
      this.#finish(row, ending.verdict === 'join' ? { ...ending, verdict: 'completed' } : ending);
      return;
    }
    for (const childId of excused) this.#state.database.run(EXCUSE, childId, id);
    if (ending.verdict === 'completed' || ending.verdict === 'join') this.#endByRules(row, ending);
    else this.#endAlone(row, ending);
  }

  /** Cancels a task for the sake of its tree. */
  evict(row: Row, { cause, reason }: Eviction): void {
    this.end(row, cancellation(row, { cause, reason }, this.#time));
  }

  /** A handler returned: from now on its children decide. */
  #endByRules(row: Row, ending: Ending): void {
    const tally = this.#family.tally(row);
    const ruling = judge(rulesOf(row), tally);
    if (ruling === 'missed') {
      this.#miss(row);
    } else if (ruling === 'met' && tally.open === 0) {
      this.#finishOrJoin(row, ending);
    } else {
      const waiting = this.#wait(row, ending, ruling === 'met');
      if (ruling === 'met') this.#close(waiting, { cause: 'siblings', reason: 'its siblings have met the rule of their parent' });
    }
  }

  /** The rule of a task cannot be met any more. Its children may have been cancelled for an end above it: then so is it, and has not failed. */
  #miss(row: Row): void {
    const eviction = this.#family.evictionOf(row);
    if (eviction === undefined) this.#endAlone(row, this.#family.failureOf(row), 'siblings');
    else this.evict(row, eviction);
  }

  /** Ends a task whatever its children do; those that are open are cancelled first. */
  #endAlone(row: Row, ending: Ending, cause: CancelCause = 'parent'): void {
    const id = textOf(row, 'id');
    if (!this.#family.hasOpen(id)) {
      this.#finish(row, ending);
      return;
    }
    const reason = cause === 'siblings' ? 'the rule of its parent cannot be met any more' : `its parent ${describe(ending)}`;
    this.#close(this.#wait(row, ending, true), { cause, reason });
  }

  /** Cancels what is left of a family whose outcome is known, and ends its head if nothing of it lives. */
  #close(head: Row, eviction: Eviction): void {
    const id = textOf(head, 'id');
    this.#evictChildren(id, eviction);
    if (!this.#family.hasOpen(id)) this.#settleWaiting(head);
  }

  #evictChildren(parentId: string, eviction: Eviction): void {
    const children = this.#state.database.all(OPEN, parentId);
    if (children.length === 0) return;
    // Made once for all of them: to note where an error comes from takes as long as to write a row.
    const error = cancelError(eviction);
    for (const child of children) this.#evictChild(child, eviction, error);
  }

  #evictChild(child: Row, { cause, reason }: Eviction, error: SerializedError): void {
    const id = textOf(child, 'id');
    const below = { cause: 'parent', reason: `its parent was cancelled: ${reason}` } as const;
    if (this.#isAlive(child)) {
      this.#stops.push({ taskId: id, reason, cause });
      this.#evictChildren(id, below);
      return;
    }
    const isClosing = numberOf(child, 'closing') === 1;
    const ending = cancellation(child, { cause, reason }, this.#time, error);
    if (!this.#family.hasOpen(id)) {
      this.#finish(child, ending, false);
      return;
    }
    // One that is about to end by itself keeps its own outcome.
    if (!isClosing) this.#wait(child, ending, true);
    this.#evictChildren(id, below);
    const now = this.#state.database.get(GET, id);
    if (now !== undefined && !this.#family.hasOpen(id)) this.#settleWaiting(now, false);
  }

  #isAlive(row: Row): boolean {
    const owner = optionalText(row, 'owner');
    return owner !== undefined && (this.#livingOwner === undefined || owner === this.#livingOwner);
  }

  /** A task has ended: its parent may have waited for that. */
  tellParent(child: Row): void {
    const parentId = optionalText(child, 'parent_id');
    const peek = parentId === undefined ? undefined : this.#state.database.get(PEEK, parentId);
    if (parentId === undefined || peek?.['state'] !== 'waiting' || peek['owner'] !== null) return;
    const hasOpen = this.#family.hasOpen(parentId);
    const isClosing = numberOf(peek, 'closing') === 1;
    const rules = rulesOf(peek);
    // The usual case needs no counting: one of many went well.
    if (hasOpen && (isClosing || (rules.completion === 'all' && child['state'] === 'completed'))) return;
    const parent = this.#returned(this.#state.database.get(GET, parentId), parentId);
    if (isClosing) this.#settleWaiting(parent);
    else this.#rule(parent, judge(rules, this.#family.tally(parent)), hasOpen);
  }

  #rule(parent: Row, ruling: Ruling, hasOpen: boolean): void {
    if (ruling === 'open') return;
    if (ruling === 'missed') this.#miss(parent);
    else if (hasOpen) this.#close(this.#wait(parent, storedEnding(parent), true), { cause: 'siblings', reason: 'its siblings have met the rule of their parent' });
    else this.#settleWaiting(parent);
  }

  /** The last child of a waiting task has ended. */
  #settleWaiting(row: Row, tell = true): void {
    const ending = storedEnding(row);
    if (ending.verdict === 'completed' || ending.verdict === 'join') this.#finishOrJoin(row, ending, tell);
    else this.#finish(row, ending, tell);
  }

  #finishOrJoin(row: Row, ending: Ending, tell = true): void {
    if (ending.verdict !== 'join') {
      this.#finish(row, ending, tell);
      return;
    }
    const from = stateOf(row);
    const id = textOf(row, 'id');
    transition(id, from, 'queued');
    const joining = this.#returned(this.#state.database.get(JOIN, ending.resultJson ?? null, id), id);
    this.#log(joining, from, ['task:resume', '{}']);
  }

  #wait(row: Row, { verdict, resultJson = null, errorJson = null }: Ending, isClosing: boolean): Row {
    const id = textOf(row, 'id');
    const from = stateOf(row);
    const hasWaited = from === 'waiting' && row['owner'] === null;
    if (from !== 'waiting') transition(id, from, 'waiting');
    const waiting = this.#returned(this.#state.database.get(WAIT, verdict, isClosing ? 1 : 0, resultJson, errorJson, id), id);
    if (hasWaited) this.#changes.push({ row: waiting, events: [], from });
    else this.#log(waiting, from, ['task:wait', JSON.stringify({ children: this.#family.tally(row).open })]);
    return waiting;
  }

  #finish(row: Row, ending: Ending, tell = true): void {
    const { verdict, errorJson = null } = ending;
    const id = textOf(row, 'id');
    const from = stateOf(row);
    const to = verdict === 'join' ? 'completed' : verdict;
    transition(id, from, to);
    const resultJson = ending.resultJson ?? this.#family.groupResult(row, to);
    const ended = this.#returned(this.#state.database.get(FINISH, to, this.#time, resultJson, errorJson, this.#family.lastProgress(row, to), id), id);
    this.#log(ended, from, ending.event ?? finalEvent(row, { ...ending, resultJson }, this.#time));
    if (tell) this.tellParent(ended);
  }

  #log(row: Row, from: ReturnType<typeof stateOf>, draft: WireDraft): void {
    this.#changes.push({ row, events: this.#state.log.append(subjectOf(row), this.#time, [draft]), from });
  }

  #returned(row: Row | undefined, taskId: string): Row {
    if (row !== undefined) return row;
    throw new TaskSystemError('STORE_CORRUPT', `Task "${taskId}" cannot be found again`, { taskId });
  }
}

/** The end of a task that is cancelled. */
function cancellation(row: Row, { cause, reason }: Eviction, time: number, like = cancelError({ cause, reason })): Ending {
  const error = { ...like, details: { taskId: textOf(row, 'id'), ...like.details } };
  const data = { reason, durationMs: row['owner'] === null && row['state'] === 'queued' ? 0 : durationOf(row, time), ...(cause === 'request' ? {} : { cause }) };
  return { verdict: 'cancelled', errorJson: JSON.stringify(error), event: ['task:cancel', JSON.stringify(data)] };
}

/** The error of tasks that are cancelled for one reason, without their ids. */
function cancelError({ cause, reason }: Eviction): SerializedError {
  return storedError(new TaskSystemError('TASK_CANCELLED', `Reason: ${reason}`, { reason, ...(cause === 'request' ? {} : { cause }) }));
}

/** How a waiting task is to end. */
function storedEnding(row: Row): Ending {
  const verdict = VERDICTS.find((name) => name === row['verdict']) ?? 'completed';
  return { verdict, resultJson: optionalText(row, 'result') ?? null, errorJson: optionalText(row, 'error') ?? null };
}

const VERDICTS = ['completed', 'failed', 'cancelled', 'join'] as const satisfies readonly Verdict[];

/** The final event of a task whose end was decided before. */
function finalEvent(row: Row, { verdict, resultJson, errorJson }: Ending, time: number): WireDraft {
  const durationMs = durationOf(row, time);
  if (verdict === 'completed' || verdict === 'join') {
    const text = resultJson ?? 'null';
    const resultBytes = Buffer.byteLength(text);
    const start = `{"durationMs":${String(durationMs)},"resultBytes":${String(resultBytes)}`;
    return ['task:complete', resultBytes <= MAX_RESULT_IN_EVENT ? `${start},"result":${text}}` : `${start}}`];
  }
  const error = ownJson<SerializedError>(errorJson ?? '{"name":"Error","message":""}');
  if (verdict === 'failed') return ['task:error', JSON.stringify({ durationMs, error })];
  const { reason = '', cause } = { ...error.details };
  return ['task:cancel', JSON.stringify({ reason, durationMs, ...(cause === undefined ? {} : { cause }) })];
}

function durationOf(row: Row, time: number): number {
  return Math.max(0, time - (optionalNumber(row, 'started_at') ?? numberOf(row, 'created_at')));
}

function rulesOf(row: Row): FamilyRules {
  const rules = optionalText(row, 'rules');
  return rules === undefined ? DEFAULT_RULES : ownJson<FamilyRules>(rules);
}

function describe({ verdict, errorJson }: Ending): string {
  const error = ownJson<SerializedError>(errorJson ?? '{"name":"Error","message":""}');
  if (error.code === 'TASK_TIMEOUT') return 'is out of time';
  const reason = error.details?.['reason'];
  return verdict === 'cancelled' ? `was cancelled: ${typeof reason === 'string' ? reason : error.message}` : 'failed';
}

