import { decideCall, mayEverCall } from '../policy/ToolPolicy.ts';
import { entriesOf, isReservedName, isToolName, readTool, type ReadTool } from '../tools/readTools.ts';
import { aborted, checkInput, invalidInput, MAX_INPUT_BYTES, MAX_OUTPUT_BYTES, runTool, type CheckedInput } from '../tools/runTool.ts';
import type { Redactor } from '../tools/secrets/Redactor.ts';
import { serializeError, TaskSystemError } from '../types/Errors.ts';
import type { Caller } from '../types/HostCalls.ts';
import { isBoundedJson, isJsonObject, type JsonObject, type JsonValue } from '../types/Json.ts';
import { nearest } from '../types/nearest.ts';
import type { PolicyDecision, ResolvedPolicy, ToolLimits } from '../types/Policy.ts';
import type { Clock, Logger } from '../types/Ports.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import type { CallingTask, ToolAnnotations, ToolSet } from '../types/Tools.ts';
import { ToolAttempt, type Permit } from './ToolAttempt.ts';

/** How many host tools one task may have running. */
const MAX_HOST_CALLS = 16;
const MAX_LISTED = 1_024;

/** What the host's side of the tools works with. */
export interface BrokerPorts {
  /** The tools of the host, by name. */
  readonly tools: ReadonlyMap<string, ReadTool>;
  /** What a task may do, by its type and those of its ancestors. When one of them is gone, or it rejects, every call is denied. */
  readonly policyOf: (task: TaskRecord) => ResolvedPolicy | undefined | Promise<ResolvedPolicy | undefined>;
  /** Waits until somebody allows a call that the policy asks for. Rejects when it is not allowed. */
  readonly ask: (caller: Caller, call: AskedCall) => Promise<Permit>;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A call that the policy asks for. */
export interface AskedCall {
  readonly tool: string;
  readonly input: JsonValue;
  /** The input as others may see it. */
  readonly shown: JsonValue;
  readonly decision: PolicyDecision;
  /** How long it waits, in milliseconds. */
  readonly timeoutMs: number;
}

/** A call that may be made. */
interface Admitted {
  readonly limits: ToolLimits;
  readonly permit?: Permit;
}

/** A call as it came. */
interface Taken {
  readonly tool: string;
  readonly input: JsonValue;
  readonly attempt: ToolAttempt;
  readonly policy: ResolvedPolicy | undefined;
}

/**
 * The host's side of every call of a tool. It decides each by the policy of its task, counts, tells of beginning and end, and runs the
 * tools of the host. Nothing that a child says is believed: not the name, not the input, not that a call has ended.
 */
export class ToolBroker {
  readonly #ports: BrokerPorts;
  readonly #attempts = new WeakMap<AbortSignal, ToolAttempt>();

  constructor(ports: BrokerPorts) {
    this.#ports = ports;
  }

  /** A child wants to run a tool of its own: answers with the id of the call and its limits. */
  readonly start = async (caller: Caller, params: JsonValue): Promise<JsonValue> => {
    const { tool, input, attempt, policy } = await this.#take(caller, params);
    if (this.#ports.tools.has(tool)) throw this.#deny(attempt, tool, input, { rule: 'default', reason: `${tool} is a tool of the host and runs nowhere else` });
    const { limits, permit } = await this.#decide(caller, attempt, policy, tool, input);
    const callId = this.#begin(attempt, tool, input, 'task', permit);
    return { callId, ...bounds(limits) };
  };

  /** A child tells that a call of its own has ended, or that it did not begin because its input was wrong. */
  readonly end = async (caller: Caller, params: JsonValue): Promise<null> => {
    const attempt = this.#attemptOf(caller);
    const { callId, tool, outcome, message, outputBytes } = isJsonObject(params) ? params : {};
    const end = {
      outcome: outcome === 'ok' ? 'ok' : 'error',
      ...(typeof message === 'string' ? { message: this.#ports.redactor.text(message) } : {}),
      ...(typeof outputBytes === 'number' && outputBytes >= 0 ? { outputBytes } : {}),
    } as const;
    if (typeof callId === 'string') attempt.finish(callId, 'task', end);
    else if (isToolName(tool) && !attempt.isOver) attempt.refuse(tool, null, { ...end, outcome: 'error' });
    await attempt.room();
    return null;
  };

  /** A child wants a tool of the host to be run: checks, decides, runs, and answers with the output. */
  readonly run = async (caller: Caller, params: JsonValue): Promise<JsonValue> => {
    const { tool: name, input: raw, attempt, policy } = await this.#take(caller, params);
    const tool = this.#find(policy, attempt, name, raw);
    // Without any chance of being allowed, not even the schema of the tool is asked.
    if (!mayCall(policy, name)) throw this.#deny(attempt, name, raw, decisionOf(policy, name, raw));
    const input = await this.#check(attempt, tool, raw);
    if (attempt.isOver) throw aborted(name, caller.signal.reason);
    refuseBusy(attempt, name, 'host');
    return this.#execute(caller, attempt, tool, input, await this.#decide(caller, attempt, policy, name, input.json));
  };

  /** Which of a child's tools the policy may allow, and the tools of the host that it may. */
  readonly list = async (caller: Caller, params: JsonValue): Promise<JsonValue> => {
    const { names } = isJsonObject(params) ? params : {};
    const asked: readonly JsonValue[] = Array.isArray(names) ? names.slice(0, MAX_LISTED) : [];
    const policy = await this.#policyOf(caller, this.#attemptOf(caller));
    const host = [...this.#ports.tools.values()].filter(({ name }) => mayCall(policy, name));
    return {
      allowed: asked.filter((name) => isToolName(name) && mayCall(policy, name)),
      host: await Promise.all(host.map(async ({ name, description, annotations, input, timeoutMs }) => ({
        name, description, timeoutMs, annotations: flat(annotations), inputSchema: await input.json(),
      }))),
    };
  };

  /** What every call begins with: its parameters, and the attempt that makes it. */
  async #take(caller: Caller, params: JsonValue): Promise<Taken> {
    const attempt = this.#attemptOf(caller);
    const { tool, input = {} } = isJsonObject(params) ? params : {};
    if (!isToolName(tool)) throw new TaskSystemError('TOOL_UNKNOWN', `A tool cannot be called ${this.#ports.redactor.text(JSON.stringify(tool ?? null), 200)}`);
    await attempt.room();
    const policy = await this.#policyOf(caller, attempt);
    if (attempt.isOver) throw aborted(tool, caller.signal.reason);
    refuseBusy(attempt, tool, 'task');
    if (!isBoundedJson(input, MAX_INPUT_BYTES)) throw invalidInput(tool, `its input is larger than ${String(MAX_INPUT_BYTES)} bytes, or nested too deep`);
    return { tool, input, attempt, policy };
  }

  #find(policy: ResolvedPolicy | undefined, attempt: ToolAttempt, name: string, input: JsonValue): ReadTool {
    const tool = this.#ports.tools.get(name);
    if (tool !== undefined) return tool;
    const known = [...this.#ports.tools.keys()].filter((each) => mayCall(policy, each));
    const near = nearest(name, known);
    attempt.refuse(name, this.#ports.redactor.copy(input), { outcome: 'error', message: 'there is no tool with this name' });
    throw new TaskSystemError('TOOL_UNKNOWN', `"${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`, { tool: name });
  }

  /** Read once for an attempt: a policy does not change while it runs. Undefined where it cannot be read, which denies. */
  async #policyOf({ task }: Caller, attempt: ToolAttempt): Promise<ResolvedPolicy | undefined> {
    try {
      attempt.policy ??= await this.#ports.policyOf(task);
    } catch (error) {
      this.#ports.logger.warn(`task ${task.id}: its policy cannot be read; calls of tools are denied`, { error: serializeError(error) });
    }
    return attempt.policy;
  }

  async #check(attempt: ToolAttempt, tool: ReadTool, raw: JsonValue): Promise<CheckedInput> {
    try {
      return await checkInput(tool, raw);
    } catch (error) {
      const message = this.#ports.redactor.text(serializeError(error).message);
      attempt.refuse(tool.name, this.#ports.redactor.copy(raw), { outcome: 'error', message });
      // The schema of a host tool may hold what the child must not see.
      if (TaskSystemError.isInstance(error) && this.#ports.redactor.values(error.message) === error.message) throw error;
      throw invalidInput(tool.name, 'it does not fit its schema');
    }
  }

  /** @throws TaskSystemError `TOOL_DENIED`, `APPROVAL_DENIED`, `APPROVAL_EXPIRED`, which are told as well. */
  async #decide(caller: Caller, attempt: ToolAttempt, policy: ResolvedPolicy | undefined, tool: string, input: JsonValue): Promise<Admitted> {
    const decision = decisionOf(policy, tool, input);
    if (policy === undefined || decision.decision === 'deny') throw this.#deny(attempt, tool, input, decision);
    const { limits } = decision;
    if (!attempt.count(tool, limits.maxCalls)) {
      throw this.#deny(attempt, tool, input, { rule: 'limits', reason: `it was called ${String(limits.maxCalls)} times, which is all that one attempt may` });
    }
    if (decision.decision === 'allow') return { limits };
    const permit = await this.#ask(caller, attempt, { tool, input, shown: this.#ports.redactor.copy(input), decision, timeoutMs: policy.approvalTimeoutMs });
    return { limits, permit };
  }

  async #ask(caller: Caller, attempt: ToolAttempt, call: AskedCall): Promise<Permit> {
    const { tool, shown, decision } = call;
    let permit: Permit;
    try {
      permit = await this.#ports.ask(caller, { ...call, decision: { ...decision, reason: this.#ports.redactor.text(decision.reason) } });
    } catch (thrown) {
      if (attempt.isOver) throw aborted(tool, caller.signal.reason);
      const error = serializeError(thrown);
      const isRefused = error.code?.startsWith('APPROVAL_') === true;
      attempt.refuse(tool, shown, { outcome: isRefused ? 'denied' : 'error', message: this.#ports.redactor.text(error.message), ...(isRefused ? { rule: decision.rule } : {}) });
      throw thrown;
    }
    if (!attempt.isOver) return permit;
    permit.done();
    throw aborted(tool, caller.signal.reason);
  }

  #deny(attempt: ToolAttempt, tool: string, input: JsonValue, { rule, reason }: Pick<PolicyDecision, 'rule' | 'reason'>): TaskSystemError {
    const message = this.#ports.redactor.text(reason);
    attempt.refuse(tool, this.#ports.redactor.copy(input), { outcome: 'denied', message, rule });
    return new TaskSystemError('TOOL_DENIED', `${tool}: ${message} (${rule})`, { tool, rule, reason: message });
  }

  /** @throws TaskSystemError `TOOL_BUSY`: while a call was decided, others may have begun. */
  #begin(attempt: ToolAttempt, tool: string, input: JsonValue, runsIn: 'task' | 'host', permit: Permit | undefined): string {
    try {
      refuseBusy(attempt, tool, runsIn);
    } catch (error) {
      permit?.done();
      throw error;
    }
    return attempt.begin(tool, this.#ports.redactor.copy(input), runsIn, permit);
  }

  async #execute(caller: Caller, attempt: ToolAttempt, tool: ReadTool, input: CheckedInput, { limits, permit }: Admitted): Promise<JsonValue> {
    const { redactor, clock } = this.#ports;
    const callId = this.#begin(attempt, tool.name, input.json, 'host', permit);
    try {
      const options = { toolCallId: callId, messages: [], task: callingTask(caller.task), onOutput: () => undefined };
      const { value, bytes } = await runTool(tool, input.value, options, {
        timeoutMs: Math.min(tool.timeoutMs, limits.timeoutMs ?? Infinity), maxOutputBytes: limits.maxOutputBytes ?? MAX_OUTPUT_BYTES, signal: caller.signal, clock,
      });
      attempt.finish(callId, 'host', { outcome: 'ok', outputBytes: bytes });
      return redactor.values(value);
    } catch (thrown) {
      const error = this.#readable(tool.name, thrown);
      attempt.finish(callId, 'host', { outcome: 'error', message: redactor.text(error.message) });
      throw error;
    }
  }

  /** What a task may know of the failure of a host tool: its message without secrets, and nothing of where in the host it came from. */
  #readable(tool: string, thrown: unknown): TaskSystemError {
    if (TaskSystemError.isInstance(thrown) && OWN_CODES.includes(thrown.code)) return thrown;
    const { name, message, code } = serializeError(thrown);
    const text = this.#ports.redactor.text(message);
    const cause = Object.assign(new Error(text), { name, stack: `${name}: ${text}` }, code === undefined ? {} : { code });
    return new TaskSystemError('TOOL_FAILED', `${tool}: ${text}`, { tool }, { cause });
  }

  #attemptOf(caller: Caller): ToolAttempt {
    const known = this.#attempts.get(caller.signal);
    if (known !== undefined) return known;
    const attempt = new ToolAttempt(caller, this.#ports.clock, (error) => {
      this.#ports.logger.warn(`task ${caller.task.id}: events of tools could not be stored`, { error: serializeError(error) });
    });
    this.#attempts.set(caller.signal, attempt);
    return attempt;
  }
}

/** Codes that the running of a tool itself gives; with these nothing of the tool's own is told. */
const OWN_CODES: readonly string[] = ['TOOL_TIMEOUT', 'TOOL_ABORTED', 'TOOL_OUTPUT_INVALID'];

/**
 * Reads the tools of the host.
 * @throws TaskSystemError `TOOL_INVALID`.
 */
export function readHostTools(tools: ToolSet): ReadonlyMap<string, ReadTool> {
  const read = entriesOf(tools).map(([name, tool]) => readTool(name, tool, 'host'));
  for (const [index, { name, runsIn }] of read.entries()) {
    const problem = runsIn === 'task' ? 'it runs in the task: give it to the handler'
      : isReservedName(name) ? 'the names of built-in tools are taken'
        : read.findIndex((other) => other.name === name) < index ? 'there are two tools of this name' : undefined;
    if (problem !== undefined) throw new TaskSystemError('TOOL_INVALID', `Tool "${name}": ${problem}`, { tool: name });
  }
  return new Map(read.map((tool) => [tool.name, tool]));
}

function refuseBusy(attempt: ToolAttempt, tool: string, runsIn: 'task' | 'host'): void {
  if (attempt.isFull) throw new TaskSystemError('TOOL_BUSY', `${tool}: too many calls have not ended`, { tool });
  if (runsIn === 'task' || attempt.hosted < MAX_HOST_CALLS) return;
  throw new TaskSystemError('TOOL_BUSY', `${tool}: ${String(MAX_HOST_CALLS)} calls of host tools are under way`, { tool });
}

function mayCall(policy: ResolvedPolicy | undefined, tool: string): boolean {
  return policy !== undefined && mayEverCall(policy, tool);
}

function decisionOf(policy: ResolvedPolicy | undefined, tool: string, input: JsonValue): PolicyDecision {
  return policy === undefined ? { decision: 'deny', rule: 'error', reason: 'the policy of the task cannot be read', limits: {} } : decideCall(policy, tool, input);
}

function bounds({ timeoutMs, maxOutputBytes }: ToolLimits): JsonObject {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }) };
}

function flat(annotations: ToolAnnotations): JsonObject {
  return Object.fromEntries(Object.entries(annotations).filter((entry): entry is [string, string | boolean] => entry[1] !== undefined));
}

function callingTask({ id, type, project, attempt, metadata, rootId, parentId }: TaskRecord): CallingTask {
  return { id, type, project, attempt, metadata, rootId, ...(parentId === undefined ? {} : { parentId }) };
}
