import { randomUUID } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { contextProgramPath, modelProgramPath } from '../core/childEntry.ts';
import { createSpending } from '../core/spending.ts';
import type { Permit } from '../core/ToolAttempt.ts';
import { readHostTools, ToolBroker, type AskedCall } from '../core/ToolBroker.ts';
import { createTaskContext, type ContextPorts } from '../core/TaskContext.ts';
import { Redactor } from '../tools/secrets/Redactor.ts';
import { TaskSystemError } from '../types/Errors.ts';
import type { SpendLedger } from '../types/Budgets.ts';
import type { EventDraft, LogLevel, ModelCallEnd } from '../types/Events.ts';
import type { TaskDefinition } from '../types/Handler.ts';
import type { GivenSlot, HostCall } from '../types/HostCalls.ts';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../types/Json.ts';
import type { HostModel, ModelOptions, StartModels } from '../types/Models.ts';
import { parseTaskSystemOptions } from '../types/parseOptions.ts';
import { parseSubmitOptions } from '../types/parseCalls.ts';
import type { PolicyOptions } from '../types/Policy.ts';
import { systemClock } from '../types/Ports.ts';
import type { HostMethod, StartedTask } from '../types/Protocol.ts';
import type { ChildMessage } from '../types/ProtocolSchema.ts';
import type { ResolvedSubmit } from '../types/ResolvedOptions.ts';
import { resolvePolicy } from '../types/resolvePolicy.ts';
import { describeIssues, type StandardSchema } from '../types/StandardSchema.ts';
import type { TaskProgress } from '../types/Task.ts';
import type { TaskRecord } from '../types/TaskStore.ts';
import type { ToolSet } from '../types/Tools.ts';

/** What a handler is given in a test. */
export interface TestRunOptions {
  /** @defaultValue null */
  readonly input?: JsonValue;
  /** @defaultValue 'test' */
  readonly type?: string;
  /** @defaultValue 'default' */
  readonly project?: string;
  /** Number of the attempt. @defaultValue 1 */
  readonly attempt?: number;
  /** @defaultValue 1 */
  readonly maxAttempts?: number;
  /** @defaultValue {} */
  readonly metadata?: JsonObject;
  /** Directory of the task, which is kept. @defaultValue a new one that is removed at the end */
  readonly workspace?: string;
  /** Tools of the host, or what stands in for them. @defaultValue none */
  readonly tools?: ToolSet;
  /** What the task may do. @defaultValue every tool, every host */
  readonly policy?: PolicyOptions;
  /**
   * Language models by name, or what stands in for them: mock models of the AI SDK, or the address of a scripted server. They are called as
   * by a host, within the default budgets. @defaultValue none
   */
  readonly models?: Readonly<Record<string, HostModel | ModelOptions>>;
  /** Answers the calls that the policy asks for. @defaultValue nobody does: they are denied with `APPROVAL_EXPIRED` */
  readonly approve?: (call: { readonly tool: string; readonly input: JsonValue }) => boolean | Promise<boolean>;
  /** Abort it to see what the handler does when it is stopped. @defaultValue one that is never aborted */
  readonly signal?: AbortSignal;
}

/** A line that a handler logged. */
export interface LoggedLine {
  readonly level: LogLevel;
  readonly text: string;
  readonly data?: JsonValue;
}

/** What a handler did. */
export interface TestRun {
  /** The result as it would be stored. */
  readonly result: JsonValue;
  /** Every report, also those that are left out in a real run because they come too fast. */
  readonly progress: readonly TaskProgress[];
  readonly logs: readonly LoggedLine[];
  /** What the handler submitted as its children, in order; nothing runs. */
  readonly spawned: readonly SpawnedTask[];
  /** What the handler wants to be remembered, in order; nothing is written. */
  readonly remembered: readonly string[];
  /** Every call of a tool, in the order of their ends. Built-in tools do their work in the workspace. */
  readonly toolCalls: readonly ToolCall[];
  /** Every call of a model, in the order of their ends. */
  readonly modelCalls: readonly ModelCallEnd[];
}

/** A call of a tool. */
export interface ToolCall {
  readonly tool: string;
  /** As events tell it: without secrets, cut where it is long. */
  readonly input: JsonValue;
  readonly outcome: 'ok' | 'error' | 'denied';
  /** Why it did not end well. */
  readonly message?: string;
}

/** A child that a handler submitted, with every default filled in. */
export interface SpawnedTask extends ResolvedSubmit {
  /** The id that the handler was told. */
  readonly id: string;
}

/**
 * Runs a handler in the process of the test, without queue, database or child process: its input and result go through its
 * schema and JSON as in a real run. Rejects with what the handler throws.
 * @throws TaskSystemError `INPUT_INVALID` or `TASK_RESULT_INVALID`.
 */
export async function runTask<Schema extends StandardSchema | undefined>(definition: TaskDefinition<Schema>, options: TestRunOptions = {}): Promise<TestRun> {
  const workspace = options.workspace ?? await mkdtemp(path.join(await realpath(tmpdir()), 'task-system-run-'));
  try {
    const started = startedTask(options);
    const record = new Recorder(started, workspace, options, definition.tools);
    const input = await parseInput(definition.input, started.input);
    const context = createTaskContext(started, input, workspace, record);
    const result: unknown = await Reflect.apply(definition.run, definition, [context]);
    return { result: asStored(result), progress: record.progress, logs: record.logs, spawned: record.spawned, remembered: record.remembered, toolCalls: record.toolCalls, modelCalls: record.modelCalls };
  } finally {
    if (options.workspace === undefined) await rm(workspace, { recursive: true, force: true });
  }
}

/** Keeps what the handler says instead of sending it. */
class Recorder implements ContextPorts {
  /** A project without files. */
  readonly context = { files: [], maxTokens: 0, maxFileTokens: 0, encoding: 'o200k', program: contextProgramPath() } as const;
  readonly signal: AbortSignal;
  readonly progress: TaskProgress[] = [];
  readonly logs: LoggedLine[] = [];
  readonly spawned: SpawnedTask[] = [];
  readonly remembered: string[] = [];
  readonly toolCalls: ToolCall[] = [];
  readonly modelCalls: ModelCallEnd[] = [];
  readonly tools?: ToolSet;
  readonly models?: StartModels;
  readonly #task: TaskRecord;
  readonly #workspace: string;
  readonly #hostCalls: Map<HostMethod, HostCall>;
  readonly #inputs = new Map<string, JsonValue>();

  constructor(task: StartedTask, workspace: string, { signal = new AbortController().signal, tools = {}, policy = ANYTHING, approve, models }: TestRunOptions, own: ToolSet | undefined) {
    this.signal = signal;
    this.#task = recordOf(task);
    this.#workspace = workspace;
    if (own !== undefined) this.tools = own;
    const resolved = resolvePolicy(policy, 'policy');
    const broker = new ToolBroker({ tools: readHostTools(tools), policyOf: () => resolved, ask: (_caller, call) => answer(call, approve), redactor: new Redactor(), clock: systemClock, logger: SILENT });
    this.#hostCalls = new Map<HostMethod, HostCall>([['toolStart', broker.start], ['toolEnd', broker.end], ['toolRun', broker.run], ['toolList', broker.list]]);
    if (models === undefined) return;
    this.models = { names: Object.keys(models), program: modelProgramPath() };
    this.#hostCalls.set('model', modelCall(task.type, workspace, policy, models));
  }

  readonly send = (message: ChildMessage): void => {
    if (message.type !== 'log') return;
    const { type: _type, ...line } = message;
    this.logs.push(line);
  };

  readonly reportProgress = (report: TaskProgress): void => {
    this.progress.push(report);
  };

  readonly call = (method: HostMethod, params: JsonValue): Promise<JsonValue> => {
    const ask = this.#hostCalls.get(method);
    if (ask !== undefined) return ask({ task: this.#task, workspace: this.#workspace, signal: this.signal, record: this.#record, giveSlot }, params);
    if (method === 'remember' && isJsonObject(params) && typeof params['text'] === 'string') this.remembered.push(params['text']);
    if (method !== 'spawn') return Promise.resolve(null);
    const submission = isJsonObject(params) ? parseSubmitOptions({ project: this.#task.project, ...params }) : parseSubmitOptions(params);
    const id = randomUUID();
    this.spawned.push({ ...submission, id });
    return Promise.resolve({ id });
  };

  readonly #record = (events: readonly EventDraft[]): Promise<boolean> => {
    for (const { type, data } of events) {
      if (type === 'task:tool:start') this.#inputs.set(data.callId, data.input);
      if (type === 'task:model:end') this.modelCalls.push(data);
      if (type !== 'task:tool:end') continue;
      const { callId, tool, outcome, message } = data;
      this.toolCalls.push({ tool, input: this.#inputs.get(callId) ?? null, outcome, ...(message === undefined ? {} : { message }) });
    }
    return Promise.resolve(true);
  };
}

const ANYTHING: PolicyOptions = { allow: ['*'], network: { hosts: ['*'] } };
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The task as a host would have it in its books. */
function recordOf({ input, ...task }: StartedTask): TaskRecord {
  return { ...task, inputJson: JSON.stringify(input), state: 'running', priority: 0, orderKey: 0, fence: 1, interruptions: 0, createdAt: 0, overrides: {} };
}

/** Calls models as the host of a system with these options would; what is spent is forgotten with the run. */
function modelCall(type: string, root: string, policy: PolicyOptions, models: NonNullable<TestRunOptions['models']>): HostCall {
  const options = parseTaskSystemOptions({ root, tasks: { [type]: { module: path.join(root, 'handler.js'), policy } }, models });
  const ledger: SpendLedger = { spent: () => Promise.resolve(new Map()), charge: () => Promise.resolve() };
  const store = { ledger, get: () => Promise.resolve(undefined) };
  return createSpending({ options, store, findType: () => options.types.get(type), clock: systemClock, random: Math.random, logger: SILENT }).model;
}

/** Somebody is asked, if there is anybody. */
async function answer({ tool, input }: AskedCall, approve: TestRunOptions['approve']): Promise<Permit> {
  const approvalId = 'test.1';
  if (approve === undefined) throw new TaskSystemError('APPROVAL_EXPIRED', `${tool}: nobody answers in this test`, { tool, approvalId });
  if (!await approve({ tool, input })) throw new TaskSystemError('APPROVAL_DENIED', `${tool}: denied by the test`, { tool, approvalId, by: 'the test' });
  return { approvalId, done: () => undefined };
}

/** Nobody else wants a slot. */
function giveSlot(): Promise<GivenSlot> {
  return Promise.resolve({ takeBack: () => Promise.resolve() });
}

function startedTask(options: TestRunOptions): StartedTask {
  const { input = null, type = 'test', project = 'default', attempt = 1, maxAttempts = 1, metadata = {} } = options;
  const id = randomUUID();
  return { id, rootId: id, type, project, attempt, maxAttempts, metadata, input: parseJson(JSON.stringify(input)) };
}

async function parseInput(schema: StandardSchema | undefined, input: JsonValue): Promise<unknown> {
  if (schema === undefined) return input;
  const parsed = await schema['~standard'].validate(input);
  if (parsed.issues === undefined) return parsed.value;
  throw new TaskSystemError('INPUT_INVALID', describeIssues(parsed.issues), { where: 'handler schema' });
}

function asStored(result: unknown): JsonValue {
  if (result === undefined) return null;
  try {
    // Of a function or a symbol no text comes out, and reading "undefined" fails like any other text that is not JSON.
    return parseJson(JSON.stringify(result));
  } catch (error) {
    throw new TaskSystemError('TASK_RESULT_INVALID', 'It cannot be written as JSON', {}, { cause: error });
  }
}
