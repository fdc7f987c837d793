import type { TaskProjectContext } from './Context.ts';
import type { LogLevel } from './Events.ts';
import type { JsonObject, JsonValue } from './Json.ts';
import type { ModelCallOptions, TaskModel } from './Models.ts';
import type { SubmitOptions } from './Options.ts';
import type { StartedTask } from './Protocol.ts';
import type { Subtask, SubtaskOutcome } from './Subtasks.ts';
import type { SchemaOutput, StandardSchema } from './StandardSchema.ts';
import type { TaskTools, ToolSet } from './Tools.ts';

/** Writes lines that appear as `task:log` events. */
export type TaskLog = Readonly<Record<LogLevel, (text: string, data?: JsonValue) => void>>;

/** The only directory that the task may write. */
export interface TaskWorkspace {
  /** Absolute path of the directory; also the working directory of the process. */
  readonly path: string;
  /** Absolute path of the directory of the task's project, for looking only; undefined unless its policy says `project: 'read'`. */
  readonly projectPath?: string;
  /** Absolute path of a name inside the workspace. @throws TypeError when it would lie outside. */
  readonly resolve: (...names: readonly string[]) => string;
  /**
   * Keeps a file beyond the end of the task: `tasks.artifacts(id)` of the host lists it. Call it when the file is finished, since one
   * that changes afterwards is not kept; calling it again takes the file as it is by then. It is moved when the task is over.
   * @param path of the file, relative to the workspace or as `resolve` gives it.
   * @throws TaskSystemError `ARTIFACT_REFUSED` or `ARTIFACT_LIMIT`; TypeError when the path lies outside.
   */
  readonly keep: (path: string) => Promise<KeptFile>;
}

/** A file that was kept. */
export interface KeptFile {
  /** Relative to the workspace, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/** Starts tasks that are part of this one. */
export interface TaskSubtasks {
  /**
   * Submits a child of this task; resolves when it is on disk. Its project and priority are those of the parent unless given. With the
   * `key` of a child that is there already it gives that child; without a key, another attempt of the parent that makes the same
   * submissions finds the same children, except those that failed.
   */
  readonly spawn: (submission: Omit<SubmitOptions, 'parentId'>) => Promise<Subtask>;
  /**
   * The results of children, in their order, once all of them have completed. @defaultValue all that this attempt has spawned
   * @throws TaskSystemError `TASK_CHILD_FAILED` as soon as one fails or is cancelled.
   */
  readonly all: (children?: readonly Subtask[]) => Promise<readonly JsonValue[]>;
  /** What became of children, in their order, once all of them have ended. @defaultValue all that this attempt has spawned */
  readonly settled: (children?: readonly Subtask[]) => Promise<readonly SubtaskOutcome[]>;
  /**
   * The result of the first child that completes. @defaultValue all that this attempt has spawned
   * @throws TaskSystemError `TASK_CHILD_FAILED` when all have ended and none has completed.
   */
  readonly any: (children?: readonly Subtask[]) => Promise<JsonValue>;
}

/** What a handler receives. */
export interface TaskContext<Input = JsonValue> {
  /** The submitted input, parsed by the task's schema if it has one. */
  readonly input: Input;
  /** The task and the number of this attempt. */
  readonly task: Omit<StartedTask, 'input'> & { readonly metadata: JsonObject };
  readonly workspace: TaskWorkspace;
  /**
   * Reports how far the task is. Call it as often as you like: at most 10 reports a second leave the process, the last one always.
   * @param percent 0 to 100; other numbers are brought into that range.
   */
  readonly progress: (percent: number, message?: string, data?: JsonValue) => void;
  readonly log: TaskLog;
  readonly subtasks: TaskSubtasks;
  /** Tools that the policy of the task decides about: built-in ones, those of the handler, and those of the host. */
  readonly tools: TaskTools;
  /** What the files of the project say, within their budgets, and what shall be remembered. */
  readonly context: TaskProjectContext;
  /**
   * A language model of the host (option `models`), as the AI SDK 7 takes it: `streamText({ model: model('default'), … })`. The task
   * has neither its key nor a network. @param name default `default`. @throws TaskSystemError `MODEL_UNKNOWN`.
   */
  readonly model: (name?: string, options?: ModelCallOptions) => TaskModel;
  /** Aborted when the task is cancelled, out of time, or its host shuts down. A handler that returns soon after is stopped gently. */
  readonly signal: AbortSignal;
}

/** What a `join` receives. */
export interface JoinContext<Input = JsonValue> extends TaskContext<Input> {
  /** What became of the children, in the order of their submission. */
  readonly children: readonly SubtaskOutcome[];
  /** What `run` returned. */
  readonly returned: JsonValue;
}

/** What a handler module exports as default; made by `defineTask`. */
export interface TaskDefinition<Schema extends StandardSchema | undefined = StandardSchema | undefined, Result = unknown> {
  /** Checks and parses the input in the child, before `run`. */
  readonly input?: Schema;
  /** Tools that run in the process of the task, for `tools.call` and `tools.list`. */
  readonly tools?: ToolSet;
  /** Does the work. What it returns is the task's result and must survive JSON; `undefined` is stored as `null`. */
  readonly run: (context: TaskContext<Schema extends StandardSchema ? SchemaOutput<Schema> : JsonValue>) => Result | Promise<Result>;
  /**
   * Computes the result of a task whose `run` returned while it had children, once these have ended as its rules demand: in a fresh
   * process, with a fresh workspace. Not called for a task without children: then the result is what `run` returned.
   */
  readonly join?: (context: JoinContext<Schema extends StandardSchema ? SchemaOutput<Schema> : JsonValue>) => Result | Promise<Result>;
}
