import type { BudgetOptions, SpendLimits } from './Budgets.ts';
import type { HookListeners } from './Hooks.ts';
import type { IsolationLevel } from './Isolation.ts';
import type { JsonObject, JsonValue } from './Json.ts';
import type { McpOptions } from './Mcp.ts';
import type { HostModel, ModelOptions } from './Models.ts';
import type { PolicyOptions } from './Policy.ts';
import type { Logger } from './Ports.ts';
import type { StandardSchema } from './StandardSchema.ts';
import type { ChildFailureRule, CompletionRule } from './Subtasks.ts';
import type { PriorityName } from './Task.ts';
import type { ToolSet } from './Tools.ts';

/** What `createTaskSystem` takes. Only `root` and `tasks` are required. */
export interface TaskSystemOptions {
  /** Directory of this system: the database, the workspaces and the logs of tasks. Created if missing; used by one system at a time. */
  readonly root: string;
  /** The task types, by name. */
  readonly tasks: Readonly<Record<string, TaskTypeOptions>>;
  /** Settings of single projects. Projects that are not named here are fine and get the defaults. */
  readonly projects?: Readonly<Record<string, ProjectOptions>>;
  readonly queue?: QueueOptions;
  readonly subtasks?: SubtaskOptions;
  /** Limits for every task type that does not set its own. */
  readonly limits?: LimitOptions;
  readonly storage?: StorageOptions;
  readonly workspaces?: WorkspaceOptions;
  readonly sandbox?: SandboxOptions;
  /** The proxy by which tasks reach the hosts that their policies name. */
  readonly network?: NetworkOptions;
  /** What tasks are told of their project, and what is remembered of them. */
  readonly context?: ContextOptions;
  /** Who may be told over HTTP; the endpoints themselves are added with `tasks.webhooks.add`. */
  readonly webhooks?: WebhookOptions;
  /** Language models that tasks may call through the host, by name: models of the AI SDK 7, or any server that speaks OpenAI's chat protocol. @defaultValue none */
  readonly models?: Readonly<Record<string, HostModel | ModelOptions>>;
  /** Servers of the Model Context Protocol: their tools run in the host, under the policy of the task that calls them. @defaultValue none */
  readonly mcp?: McpOptions;
  /** What tasks may spend on models and tools. */
  readonly budgets?: BudgetOptions;
  /**
   * Tools that run in the host, for what needs its secrets or connections: their code never enters a task. Which tasks may call them is
   * for the policies of their types to say. @defaultValue none
   */
  readonly tools?: ToolSet;
  /**
   * Values that nobody may see, such as API keys: taken out of everything that comes from a task (its events, output, progress, result,
   * error and notes) and of what host tools return, also as JSON, base64 or in an address. What a task is given stays as it is: its input
   * and `env`. Each 6 characters or longer. @defaultValue none
   */
  readonly secrets?: readonly string[];
  /** Lifecycle hooks; the same as calling `tasks.hooks.on…` right after creation. */
  readonly hooks?: HookListeners;
  /** Receives what the library has to say. @defaultValue warnings and errors go to `process.emitWarning`, the rest nowhere. */
  readonly logger?: Logger;
}

/** One task type. */
export interface TaskTypeOptions {
  /** The handler module (`.js`, `.mjs`, `.cjs` or `.ts`) that default-exports `defineTask(…)`: a `file:` URL or an absolute path. */
  readonly module: URL | string;
  /** Checks the input at `submit`, before anything is stored. The handler's own `input` schema is always checked in the child as well. */
  readonly input?: StandardSchema;
  /** Wall time of one attempt in milliseconds. @defaultValue 900_000 (15 minutes) */
  readonly timeoutMs?: number;
  /** How long a task that is being stopped has to react to `signal` before it is killed, in milliseconds. @defaultValue 2_000 */
  readonly stopGraceMs?: number;
  readonly retry?: RetryPolicy;
  readonly limits?: LimitOptions;
  /** What to do when the host stops or dies while the task runs: queue it again, or fail because it must never run twice. @defaultValue 'retry' */
  readonly onInterrupt?: 'retry' | 'fail';
  /** Names of the context files that its tasks get, of those of the project. @defaultValue all */
  readonly contextFiles?: readonly string[];
  /** Over `context.maxTokens`. */
  readonly contextTokens?: number;
  /** Whether its tasks get the project's memory and are remembered in it, only get it, or neither. @defaultValue 'write' */
  readonly memory?: 'write' | 'read' | 'none';
  /** Whether a task that failed for good leaves a line with its title and error code in the memory. @defaultValue false */
  readonly rememberFailures?: boolean;
  /** Environment variables of the task, beside the allow-list of `sandbox.env`. @defaultValue none */
  readonly env?: Readonly<Record<string, string>>;
  /** Which tools its tasks may call with which arguments, and what they may reach. @defaultValue `fs.*` in the own workspace and `memory.*` */
  readonly policy?: PolicyOptions;
  /** Whether the task runs code that nobody has read, such as a model's: then it requires the level `kernel`, unless `sandbox` of this type says otherwise. @defaultValue false */
  readonly untrusted?: boolean;
  readonly sandbox?: TypeSandboxOptions;
  /** Names of the models that its tasks may call. @defaultValue all */
  readonly models?: readonly string[];
  /** What one of its tasks may spend together with its descendants, which draw from it; beside `budgets`. @defaultValue none */
  readonly budget?: SpendLimits;
  /** When a task of this type that has children is complete: see {@link CompletionRule}. @defaultValue 'all' */
  readonly completion?: CompletionRule;
  /** What a child that fails does to a task of this type: see {@link ChildFailureRule}. @defaultValue 'fail-fast' */
  readonly onChildFailure?: ChildFailureRule;
}

/** How the processes of one task type are kept apart. */
export interface TypeSandboxOptions {
  /** Forces this level for the type. @defaultValue `sandbox.level` of the system */
  readonly level?: IsolationLevel;
  /** The least acceptable level for the type: with less, its tasks are refused with `SANDBOX_UNAVAILABLE`. @defaultValue `sandbox.require` of the system; `kernel` for types that are `untrusted` or whose policy allows `shell.run` */
  readonly require?: IsolationLevel;
  /**
   * Absolute paths of further files and folders that the task may read, beside its handler's own folder and the packages that it can
   * import. Files in them that hold secrets by their name (`.env`, `*.pem` and so on) stay hidden unless they are named themselves.
   * @defaultValue none
   */
  readonly read?: readonly string[];
}

/** What tasks are told of their project: files of its directory, within budgets of tokens. */
export interface ContextOptions {
  /** The files, by their names inside the directory, most important first; a name alone means instructions, of the memory file: notes. @defaultValue SOUL.md, PROJECT.md, MEMORY.md */
  readonly files?: readonly (string | ContextFileOptions)[];
  /** What the context may take altogether, in tokens. Each file is sure of an equal share of it. @defaultValue 16_000 */
  readonly maxTokens?: number;
  /** What one file may take, in tokens. @defaultValue 8_000 */
  readonly maxFileTokens?: number;
  /** How much of one file is read, in bytes; of a larger one the beginning and the end. @defaultValue 262_144 (256 KiB) */
  readonly maxFileBytes?: number;
  /** The vocabulary by which tokens are counted. @defaultValue 'o200k' */
  readonly encoding?: 'o200k' | 'cl100k';
  /** The file into which the entries of ended tasks are written. @defaultValue 'MEMORY.md' */
  readonly memoryFile?: string;
  /** Where entries go that the memory file has no room for; beside it. @defaultValue 'MEMORY.archive.md' */
  readonly archiveFile?: string;
  /** What the entries in the memory file may take together, in tokens (estimated, on the high side). @defaultValue 6_000 */
  readonly memoryTokens?: number;
}

/** One context file. */
export interface ContextFileOptions {
  /** Path inside the project's directory, with `/`. */
  readonly name: string;
  /** Instructions are for the model to follow; notes are quoted to it as data. @defaultValue instructions; notes for the memory file */
  readonly as?: 'instructions' | 'notes';
  /** Over `maxFileTokens`, never more than it. */
  readonly maxTokens?: number;
}

/** When and how often a failed attempt is repeated: exponential backoff with full jitter. */
export interface RetryPolicy {
  /** How many attempts may fail before the task fails. @defaultValue 1 (no retry) */
  readonly maxAttempts?: number;
  /** Upper bound of the wait after the first failure, in milliseconds; it doubles (see `factor`) with each one. @defaultValue 1_000 */
  readonly baseDelayMs?: number;
  /** Upper bound of any wait, in milliseconds. @defaultValue 300_000 (5 minutes) */
  readonly maxDelayMs?: number;
  /** Growth per failure. @defaultValue 2 */
  readonly factor?: number;
}

/** Bounds on what one attempt may hand over and use, with all its processes together unless it says otherwise. */
export interface LimitOptions {
  /** Input as JSON, in bytes. @defaultValue 1_048_576 (1 MiB) */
  readonly inputBytes?: number;
  /** Result as JSON, in bytes; files belong in the workspace. @defaultValue 1_048_576 (1 MiB) */
  readonly resultBytes?: number;
  /**
   * stdout and stderr together, in bytes; more is read and thrown away, with a `task:warning`. Four times as much ends the attempt
   * with `TASK_LIMIT_OUTPUT`. @defaultValue 16_777_216 (16 MiB)
   */
  readonly outputBytes?: number;
  /** Memory of all processes, in MiB; more ends the attempt with `TASK_LIMIT_MEMORY`. `false`: no bound. @defaultValue 512 */
  readonly memoryMb?: number | false;
  /** CPU time of all processes, in milliseconds; more ends the attempt with `TASK_LIMIT_CPU`. `false`: no bound. @defaultValue 900_000 (15 minutes) */
  readonly cpuMs?: number | false;
  /** Processes alive at once; more end the attempt with `TASK_LIMIT_PROCESSES`. `false`: no bound. @defaultValue 64 */
  readonly processes?: number | false;
  /**
   * How many processors all processes may use at once, such as 0.5 or 2; more is slowed down. Only control groups (`sandbox.cgroup`) can
   * hold that: without them there is a `task:warning`. `false`: no bound. @defaultValue false
   */
  readonly cpus?: number | false;
  /** Open files of each process; one more is an `EMFILE` error in the task. `false`: no bound of its own. @defaultValue 1_024 */
  readonly openFiles?: number | false;
  /** What the workspace may hold on disk, in MiB; more ends the attempt with `TASK_LIMIT_DISK`. `false`: no bound. @defaultValue 1_024 (1 GiB) */
  readonly workspaceMb?: number | false;
  /**
   * Worker threads for which the kernel leaves room beside `memoryMb`: V8 reserves memory for each (about 540 MB on Node 24) that it
   * mostly does not use. With 0 the kernel stops a process closest to `memoryMb`, and no worker thread can start. @defaultValue 2
   */
  readonly workerThreads?: number;
  /** Files that one attempt may keep with `workspace.keep`; one more is refused with `ARTIFACT_LIMIT`. @defaultValue 64 */
  readonly artifacts?: number;
  /** What they may have together, in MiB. @defaultValue 256 */
  readonly artifactsMb?: number;
}

/** One project. */
export interface ProjectOptions {
  /** Directory with the project's PROJECT.md, MEMORY.md and SOUL.md. @defaultValue none */
  readonly dir?: string;
  /** Over the `context` of the system. */
  readonly context?: ContextOptions;
  /** How many tasks of this project may run at once. @defaultValue `queue.maxConcurrent` */
  readonly maxConcurrent?: number;
  /** Share of the slots against other projects when all are busy. @defaultValue 1 */
  readonly weight?: number;
}

/** The queue of all projects. */
export interface QueueOptions {
  /** How many task processes may be alive at once, over all projects. @defaultValue 5 */
  readonly maxConcurrent?: number;
  /** Head start of one priority level over the next, in milliseconds: a task that waited this long longer goes first. `false`: strict priorities. @defaultValue 3_600_000 (1 hour) */
  readonly agingMs?: number | false;
  /** How many tasks of one project may be queued; more are refused with `QUEUE_FULL`. `false`: no bound. @defaultValue false */
  readonly maxPending?: number | false;
  /** Processes started ahead of need, each used for one attempt. They hold no slot; each takes about 25 MB. @defaultValue 2 */
  readonly spares?: number;
  /** How many tasks may wait for their children with their process, in their handlers; more fail with `WAITING_FULL`. They hold no slot; each takes about 45 MB. @defaultValue 100 */
  readonly maxWaiting?: number;
  /** How often a task may be interrupted by its host stopping or dying before it fails. @defaultValue 3 */
  readonly maxInterruptions?: number;
}

/** Bounds on the trees that tasks grow. */
export interface SubtaskOptions {
  /** How many levels of sub-tasks there may be below a task that has no parent; deeper ones are refused with `TREE_TOO_DEEP`. @defaultValue 5 */
  readonly maxDepth?: number;
  /** How many children one task may have, ended ones included; more are refused with `TREE_TOO_WIDE`. @defaultValue 100 */
  readonly maxChildren?: number;
  /** How many tasks a whole tree may have, its root and ended ones included; more are refused with `TREE_TOO_LARGE`. @defaultValue 1_000 */
  readonly maxTasks?: number;
}

/** The database. */
export interface StorageOptions {
  /** How long to wait for another system to let go of the database, in milliseconds, before `STORE_LOCKED`. @defaultValue 1_000 */
  readonly lockTimeoutMs?: number;
  readonly retention?: RetentionOptions;
}

/** How long ended tasks and events are kept. */
export interface RetentionOptions {
  /** In milliseconds. @defaultValue 604_800_000 (7 days) */
  readonly maxAgeMs?: number;
  /** How many ended tasks, and how many events. @defaultValue 100_000 */
  readonly maxCount?: number;
}

/** The directories of tasks. */
export interface WorkspaceOptions {
  /** How long the workspace of a failed attempt is kept, in milliseconds. @defaultValue 86_400_000 (24 hours) */
  readonly keepFailedMs?: number;
}

/** How child processes are started. */
export interface SandboxOptions {
  /** Forces this level of isolation for all tasks: `kernel`, `permission-model` or `process`. @defaultValue the strongest that works here, with a `task:warning` where it is less than `kernel` */
  readonly level?: IsolationLevel;
  /** The least acceptable level: with less, the system does not open (`SANDBOX_UNAVAILABLE`). @defaultValue none */
  readonly require?: IsolationLevel;
  /** Names of the host's environment variables that tasks may see, beside PATH, HOME-independent basics and the locale. @defaultValue [] */
  readonly env?: readonly string[];
  /**
   * Absolute path of a group of cgroups v2 (Linux) that was given to the host to manage, or `own` for the one that the host is in: then each
   * task's processes are put in a group of their own, where the kernel holds them together to `memoryMb`, `processes` and `cpus`, and ends
   * them with one word. With `own` the processes that are in it (in a container: all) are moved into a group `task-system.host` below.
   * What cannot be used does not let the system open (`CGROUP_UNAVAILABLE`). @defaultValue none: the host watches what tasks use
   */
  readonly cgroup?: string;
  /** Added to the niceness of the host for task processes, 0 to 19, so that the host's event loop stays quick. @defaultValue 10 */
  readonly niceness?: number;
}

/** What `submit` takes. */
export interface SubmitOptions {
  /** Name of a task type. */
  readonly type: string;
  /** The tenant and queue: 1 to 128 characters, no control characters, slashes or backslashes. @defaultValue 'default' (a child: that of its parent) */
  readonly project?: string;
  /** Anything that survives JSON. @defaultValue null */
  readonly input?: JsonValue;
  /** **Higher goes first**: a name or an integer from -100 to 100. @defaultValue 'normal' (0; a child: that of its parent) */
  readonly priority?: PriorityName | number;
  /** Not before this many milliseconds from now. @defaultValue 0 */
  readonly delayMs?: number;
  /** Submitting again with the same key and project returns the first task. Up to 256 characters. @defaultValue none */
  readonly idempotencyKey?: string;
  /** The task that this one is a part of: it must not have ended, and does not end before this one. @defaultValue none */
  readonly parentId?: string;
  /**
   * Name of this child under its parent: submitting again with the same key and parent returns the first child, also when it has
   * ended. So a parent that is run again finds its children instead of starting them twice. Up to 256 characters. @defaultValue none
   */
  readonly key?: string;
  /** Its share in the progress of its parent, against its siblings: a number > 0. Without one it is 1. */
  readonly weight?: number;
  /** Over the `completion` of the type. */
  readonly completion?: CompletionRule;
  /** Over the `onChildFailure` of the type. */
  readonly onChildFailure?: ChildFailureRule;
  /** Over the `timeoutMs` of the type. */
  readonly timeoutMs?: number;
  /** Over the `retry` of the type. */
  readonly retry?: RetryPolicy;
  /** Names of the context files that this task gets, over those of its type: so a child may get a part. */
  readonly contextFiles?: readonly string[];
  /** Data of your own; up to 16 KiB as JSON. @defaultValue {} */
  readonly metadata?: JsonObject;
  /**
   * The children of a task of the built-in type `group`, which has no handler: it is stored together with them, waits for them without a
   * process, and its result is how many of them completed, failed and were cancelled. Only for that type, which needs at least one.
   */
  readonly children?: readonly ChildSubmission[];
}

/** A child of a group: what `submit` takes, but for its parent. Its project and priority are those of the group unless given. */
export type ChildSubmission = Omit<SubmitOptions, 'parentId' | 'children'>;

/** What `tasks.list` takes. */
export interface ListOptions {
  readonly project?: string;
  readonly state?: 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';
  readonly parentId?: string;
  /** 1 to 1,000. @defaultValue 50 */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** What `close` takes. */
export interface CloseOptions {
  /** How long running tasks have to finish, in milliseconds, before they are interrupted and queued again. @defaultValue 10_000 */
  readonly graceMs?: number;
}

/** The sending of webhooks. Addresses that are not public are refused unless they are allowed here. */
export interface WebhookOptions {
  /** Whether endpoints may have `http:` addresses: whoever is on the way can read those messages. @defaultValue false */
  readonly allowHttp?: boolean;
  /** Whether endpoints may be on this machine (127.0.0.0/8, ::1). @defaultValue false */
  readonly allowLoopback?: boolean;
  /** Ranges of addresses, such as `10.1.0.0/16`, that may be reached although they are not public. @defaultValue [] */
  readonly allow?: readonly string[];
  /**
   * Certificates (PEM) of authorities to trust beside those of Node, for receivers of your own. Certificates are always checked.
   * @defaultValue none
   */
  readonly ca?: string | readonly string[];
  /**
   * Secrets by name, for endpoints with a `secretName`: those are not stored. Of a list all sign, the newest first.
   * @defaultValue {}
   */
  readonly secrets?: Readonly<Record<string, string | readonly string[]>>;
  /** How many messages are on their way at once. Endpoints that fail take at most half of them. @defaultValue 8 */
  readonly maxConcurrent?: number;
  /** How many messages to one endpoint are on their way at once; one to an endpoint that fails. @defaultValue 2 */
  readonly maxConcurrentPerEndpoint?: number;
  /** How long an attempt may take, from the look-up of the name to the status of the answer, in milliseconds. @defaultValue 15_000 */
  readonly attemptTimeoutMs?: number;
}

/** The proxy by which tasks reach the hosts of `policy.network.hosts`, and nothing else. It runs in the host. */
export interface NetworkOptions {
  /** Whether tasks may reach this machine (127.0.0.0/8, ::1) where a policy names it: for tests and development. @defaultValue false */
  readonly allowLoopback?: boolean;
  /** Ranges such as `10.1.0.0/16` that tasks may reach, where a policy names a host in them, although they are not public. @defaultValue [] */
  readonly allow?: readonly string[];
  /** Connections that one task may have open at once; more fail with `NETWORK_BUSY`. @defaultValue 64 */
  readonly maxConnections?: number;
  /** How long nothing may pass over a connection in either direction, in milliseconds, before it is ended. @defaultValue 300_000 (5 minutes) */
  readonly idleTimeoutMs?: number;
}
