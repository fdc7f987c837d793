import { randomUUID } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { contextProgramPath } from '../core/childEntry.ts';
import { createTaskContext, type ContextPorts } from '../core/TaskContext.ts';
import { TaskSystemError } from '../types/Errors.ts';
import type { LogLevel } from '../types/Events.ts';
import type { TaskDefinition } from '../types/Handler.ts';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../types/Json.ts';
import { parseSubmitOptions } from '../types/parseCalls.ts';
import type { HostMethod, StartedTask } from '../types/Protocol.ts';
import type { ChildMessage } from '../types/ProtocolSchema.ts';
import type { ResolvedSubmit } from '../types/ResolvedOptions.ts';
import { describeIssues, type StandardSchema } from '../types/StandardSchema.ts';
import type { TaskProgress } from '../types/Task.ts';

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
  const record = new Recorder(options.project ?? 'default', options.signal);
  const workspace = options.workspace ?? await mkdtemp(path.join(await realpath(tmpdir()), 'task-system-run-'));
  try {
    const started = startedTask(options);
    const input = await parseInput(definition.input, started.input);
    const context = createTaskContext(started, input, workspace, record);
    const result: unknown = await Reflect.apply(definition.run, definition, [context]);
    return { result: asStored(result), progress: record.progress, logs: record.logs, spawned: record.spawned, remembered: record.remembered };
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
  readonly #project: string;

  constructor(project: string, signal: AbortSignal = new AbortController().signal) {
    this.#project = project;
    this.signal = signal;
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
    if (method === 'remember' && isJsonObject(params) && typeof params['text'] === 'string') this.remembered.push(params['text']);
    if (method !== 'spawn') return Promise.resolve(null);
    const submission = isJsonObject(params) ? parseSubmitOptions({ project: this.#project, ...params }) : parseSubmitOptions(params);
    const id = randomUUID();
    this.spawned.push({ ...submission, id });
    return Promise.resolve({ id });
  };
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
