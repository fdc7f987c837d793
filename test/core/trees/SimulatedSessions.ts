import { HandlerSubtasks } from '../../../src/lib/task-system/core/HandlerSubtasks.ts';
import { outcomeOf, type Outcome, type TerminationReason } from '../../../src/lib/task-system/core/outcome.ts';
import type { AttemptPorts, OpenSession, ReadyProcess, RunningSession, SessionMaker } from '../../../src/lib/task-system/core/Sessions.ts';
import type { StopReason } from '../../../src/lib/task-system/core/TaskSession.ts';
import { isolationOf } from '../../../src/lib/task-system/policy/sandbox/isolation.ts';
import { serializeError, TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';
import type { JsonValue } from '../../../src/lib/task-system/types/Json.ts';
import type { Subtask } from '../../../src/lib/task-system/types/Subtasks.ts';
import type { HostMethod } from '../../../src/lib/task-system/types/Protocol.ts';
import type { ResolvedTaskType } from '../../../src/lib/task-system/types/ResolvedOptions.ts';
import type { StartContext } from '../../../src/lib/task-system/types/Context.ts';
import type { TaskRecord } from '../../../src/lib/task-system/types/TaskStore.ts';
import { FakeProcess } from '../FakeProcess.ts';
import { turns } from '../until.ts';
import { submissionOf, type Plan } from './plans.ts';
import type { SimulatedHost } from './SimulatedHost.ts';

const MAX_RESULT_BYTES = 1_000_000;

/** Sessions without processes: each task does in this process what its plan says, one step at a time. */
export class SimulatedSessions implements SessionMaker {
  readonly #host: SimulatedHost;
  readonly #planOf: (input: JsonValue) => Plan;
  readonly #idOf: (plan: Plan) => number;
  readonly #process = new FakeProcess('simulated');
  #working = 0;
  /** The most tasks that were at work at any moment, those that wait for children not counted. */
  peak = 0;
  /** How often a handler was called. */
  runs = 0;

  constructor(host: SimulatedHost, planOf: (input: JsonValue) => Plan, idOf: (plan: Plan) => number) {
    this.#host = host;
    this.#planOf = planOf;
    this.#idOf = idOf;
  }

  ready(): Promise<ReadyProcess> {
    return Promise.resolve({ attemptName: '', child: this.#process, workspace: '' });
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  prepare(task: TaskRecord, type: ResolvedTaskType, _context: StartContext, ports: AttemptPorts): Promise<OpenSession> {
    this.runs++;
    const plan = this.#planOf(JSON.parse(task.inputJson) as JsonValue);
    const session = new SimulatedSession(task, plan, task.overrides.timeoutMs ?? type.timeoutMs, {
      host: this.#host, call: ports.call, idOf: this.#idOf,
      works: (by) => { this.#working += by; this.peak = Math.max(this.peak, this.#working); },
    });
    return Promise.resolve({ session, workspace: '', isolation: isolationOf('process'), warning: undefined, dispose: () => undefined });
  }
}

interface SimulatedPorts {
  readonly host: SimulatedHost;
  readonly call: AttemptPorts['call'];
  readonly idOf: (plan: Plan) => number;
  /** One more task, or one less, is at work. */
  readonly works: (by: 1 | -1) => void;
}

class SimulatedSession implements RunningSession {
  readonly progress = undefined;
  readonly usage = undefined;
  readonly #task: TaskRecord;
  readonly #plan: Plan;
  readonly #timeoutMs: number;
  readonly #ports: SimulatedPorts;
  readonly #ending = new AbortController();
  readonly #over = Promise.withResolvers<undefined>();
  readonly #subtasks = new HandlerSubtasks((method, params) => this.#call(method, params));
  #reason: TerminationReason | undefined;
  #isGone = false;
  #isStopped = false;
  #isAtWork = false;
  #waits = 0;

  constructor(task: TaskRecord, plan: Plan, timeoutMs: number, ports: SimulatedPorts) {
    this.#task = task;
    this.#plan = plan;
    this.#timeoutMs = timeoutMs;
    this.#ports = ports;
  }

  async run(): Promise<Outcome> {
    const timer = this.#ports.host.clock.setTimer(this.#timeoutMs, () => { this.stop({ kind: 'timeout', timeoutMs: this.#timeoutMs }); });
    this.#count();
    void this.#handle().then((reason) => { this.#conclude(reason); });
    await this.#over.promise;
    timer.cancel();
    // Until its process is gone.
    await this.#ports.host.step();
    this.#isGone = true;
    this.#count();
    return outcomeOf(this.#reason ?? { kind: 'shutdown' }, this.#task.id, '', MAX_RESULT_BYTES);
  }

  stop(reason: StopReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#ending.abort();
    // From now on it is its end that is waited for, and no work: it may have given its slot.
    this.#isStopped = true;
    this.#count();
    void this.#ports.host.step().then(() => { this.#over.resolve(undefined); });
  }

  #conclude(reason: TerminationReason): void {
    this.#reason ??= reason;
    // A handler that returns or throws while it waits for another child ends without a slot.
    if (this.#waits > 0) this.#isStopped = true;
    this.#ending.abort();
    this.#over.resolve(undefined);
  }

  async #handle(): Promise<TerminationReason> {
    try {
      const result = this.#task.isJoining === true ? await this.#join() : await this.#perform();
      await this.#step();
      return { kind: 'result', json: JSON.stringify(result), ...(this.#plan.mode === 'join' && this.#task.isJoining !== true ? { joins: true } : {}) };
    } catch (error) {
      return { kind: 'failure', error: serializeError(TaskSystemError.isInstance(error) ? error : new TaskSystemError('TASK_FAILED', String(error))) };
    }
  }

  async #perform(): Promise<JsonValue> {
    const { children, failures, hasKeys, hangs } = this.#plan;
    const spawned: Subtask[] = [];
    for (const [index, child] of children.entries()) {
      await this.#step();
      spawned.push(await this.#subtasks.spawn({ type: 'node', input: this.#ports.idOf(child), ...submissionOf(child), ...(hasKeys ? { key: `child ${String(index)}` } : {}) }));
    }
    await this.#step();
    if (hangs) await new Promise(() => {});
    const tries = this.#task.attempt - this.#task.interruptions - (this.#task.joins ?? 0);
    if (tries <= failures) throw new Error('as planned');
    return this.#wait(spawned);
  }

  #wait(spawned: readonly Subtask[]): Promise<JsonValue> {
    const { all, any, settled } = this.#subtasks;
    switch (this.#plan.mode) {
      case 'return':
      case 'join': return Promise.resolve(spawned.length);
      case 'all': return all().then((results) => [...results]);
      case 'each': return Promise.all(spawned.map((child) => child.result()));
      case 'settled': return settled().then((outcomes) => outcomes.map(({ state }) => state));
      case 'any': return spawned.length === 0 ? Promise.resolve(null) : any();
    }
  }

  async #join(): Promise<JsonValue> {
    await this.#step();
    return (await this.#subtasks.outcomes()).map(({ state }) => state);
  }

  /** A step of the handler; after the end of its process there is none. */
  async #step(): Promise<void> {
    await this.#ports.host.step();
    if (this.#isGone) await new Promise(() => {});
  }

  async #call(method: HostMethod, params: JsonValue): Promise<JsonValue> {
    if (this.#isGone) await new Promise(() => {});
    if (method !== 'wait') return this.#ask(method, params);
    this.#waits++;
    this.#count();
    try {
      return await this.#ask(method, params);
    } finally {
      this.#waits--;
      this.#count();
    }
  }

  /** An answer takes its time to another process: what the host does in the turn in which it gives it comes first. */
  async #ask(method: HostMethod, params: JsonValue): Promise<JsonValue> {
    try {
      return await this.#ports.call(method, params, { workspace: '', signal: this.#ending.signal });
    } finally {
      await turns(1);
    }
  }

  /** Whether it is at work has changed, or not. */
  #count(): void {
    const isAtWork = this.#waits === 0 && !this.#isStopped && !this.#isGone;
    if (isAtWork !== this.#isAtWork) this.#ports.works(isAtWork ? 1 : -1);
    this.#isAtWork = isAtWork;
  }
}
