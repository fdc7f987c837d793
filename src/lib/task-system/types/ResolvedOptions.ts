import type { ResolvedBudgets, SpendLimits } from './Budgets.ts';
import type { HookListeners } from './Hooks.ts';
import type { IsolationLevel } from './Isolation.ts';
import type { JsonObject, JsonValue } from './Json.ts';
import type { ResolvedMcp } from './Mcp.ts';
import type { ResolvedModel } from './Models.ts';
import type { ResolvedPolicy } from './Policy.ts';
import type { Logger } from './Ports.ts';
import type { StandardSchema } from './StandardSchema.ts';
import type { FamilyRules } from './Subtasks.ts';
import type { TaskState } from './TaskState.ts';
import type { TaskOverrides } from './TaskStore.ts';
import type { ToolSet } from './Tools.ts';

/** `TaskSystemOptions` after checking: every default filled in, frozen. What is inside the library sees only this form. */
export interface ResolvedOptions {
  /** Absolute path. */
  readonly root: string;
  readonly types: ReadonlyMap<string, ResolvedTaskType>;
  /** Settings of a project, named in the options or not. */
  readonly project: (name: string) => ResolvedProject;
  readonly queue: ResolvedQueue;
  readonly subtasks: ResolvedSubtasks;
  readonly storage: ResolvedStorage;
  readonly workspaces: ResolvedWorkspaces;
  readonly sandbox: ResolvedSandbox;
  readonly network: ResolvedNetwork;
  /** As they were given: who runs them reads them. */
  readonly tools: ToolSet;
  readonly secrets: readonly string[];
  readonly hooks: HookListeners;
  readonly webhooks: ResolvedWebhooks;
  readonly models: ReadonlyMap<string, ResolvedModel>;
  readonly mcp: ResolvedMcp;
  readonly budgets: ResolvedBudgets;
  readonly logger?: Logger;
}

/** One task type, with the limits of the system filled in where it has none of its own. */
export interface ResolvedTaskType {
  readonly name: string;
  /** A `file:` URL. */
  readonly moduleUrl: string;
  readonly input?: StandardSchema;
  readonly timeoutMs: number;
  readonly stopGraceMs: number;
  readonly retry: ResolvedRetry;
  readonly limits: ResolvedLimits;
  readonly onInterrupt: 'retry' | 'fail';
  /** Names of the context files it wants; all of its project when there are none. */
  readonly contextFiles?: readonly string[];
  readonly contextTokens?: number;
  readonly memory: 'write' | 'read' | 'none';
  readonly rememberFailures: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly policy: ResolvedPolicy;
  readonly untrusted: boolean;
  readonly sandbox: ResolvedTypeSandbox;
  /** Names of the models that its tasks may call; all when there are none. */
  readonly models?: readonly string[];
  readonly budget?: Readonly<SpendLimits>;
  readonly rules: FamilyRules;
}

/** How the processes of one task type are kept apart. */
export interface ResolvedTypeSandbox {
  /** Undefined: that of the system. */
  readonly level?: IsolationLevel;
  readonly require?: IsolationLevel;
  readonly read: readonly string[];
}

/** When and how often a failed attempt is repeated. */
export interface ResolvedRetry {
  readonly maxAttempts: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
}

/** Bounds on what one attempt may hand over and use. */
export interface ResolvedLimits {
  readonly inputBytes: number;
  readonly resultBytes: number;
  readonly outputBytes: number;
  readonly memoryMb: number | false;
  readonly cpuMs: number | false;
  readonly processes: number | false;
  readonly cpus: number | false;
  readonly openFiles: number | false;
  readonly workspaceMb: number | false;
  readonly workerThreads: number;
  readonly artifacts: number;
  readonly artifactsMb: number;
}

/** What the tasks of a project are told of it. */
export interface ResolvedContext {
  readonly files: readonly ResolvedContextFile[];
  readonly maxTokens: number;
  readonly maxFileTokens: number;
  readonly maxFileBytes: number;
  readonly encoding: 'o200k' | 'cl100k';
  readonly memoryFile: string;
  readonly archiveFile: string;
  readonly memoryTokens: number;
}

/** One context file. */
export interface ResolvedContextFile {
  readonly name: string;
  readonly as: 'instructions' | 'notes';
  readonly maxTokens?: number;
}

/** One project. */
export interface ResolvedProject {
  readonly context: ResolvedContext;
  /** Absolute path of its directory, if it has one. */
  readonly dir?: string;
  readonly maxConcurrent: number;
  readonly weight: number;
}

/** The queue of all projects. */
export interface ResolvedQueue {
  readonly maxConcurrent: number;
  readonly agingMs: number | false;
  readonly maxPending: number | false;
  readonly spares: number;
  readonly maxInterruptions: number;
  readonly maxWaiting: number;
}

/** Bounds on the trees that tasks grow. */
export interface ResolvedSubtasks {
  readonly maxDepth: number;
  readonly maxChildren: number;
  readonly maxTasks: number;
}

/** The database. */
export interface ResolvedStorage {
  readonly lockTimeoutMs: number;
  readonly retention: { readonly maxAgeMs: number; readonly maxCount: number };
}

/** The directories of tasks. */
export interface ResolvedWorkspaces {
  readonly keepFailedMs: number;
}

/** How child processes are started. */
export interface ResolvedSandbox {
  /** Undefined: the strongest that works. */
  readonly level?: IsolationLevel;
  readonly require?: IsolationLevel;
  readonly env: readonly string[];
  /** Undefined: none. */
  readonly cgroup?: string;
  readonly niceness: number;
}

/** The sending of webhooks. */
export interface ResolvedWebhooks {
  readonly allowHttp: boolean;
  readonly allowLoopback: boolean;
  readonly allow: readonly string[];
  readonly ca: readonly string[];
  readonly secrets: ReadonlyMap<string, readonly string[]>;
  readonly maxConcurrent: number;
  readonly maxConcurrentPerEndpoint: number;
  readonly attemptTimeoutMs: number;
}

/** The proxy of the tasks. */
export interface ResolvedNetwork {
  readonly allowLoopback: boolean;
  readonly allow: readonly string[];
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
}

/** `SubmitOptions` after checking. The input is not checked yet: that needs its task type. */
export interface ResolvedSubmit {
  readonly type: string;
  readonly project: string;
  readonly input: JsonValue;
  /** The level; higher goes first. */
  readonly priority: number;
  readonly delayMs: number;
  readonly idempotencyKey?: string;
  readonly parentId?: string;
  readonly key?: string;
  /** Of a group. */
  readonly children?: readonly ResolvedSubmit[];
  readonly weight?: number;
  /** What it sets over the rules of its type. */
  readonly rules?: Partial<FamilyRules>;
  /** What it sets over its type; empty when it sets nothing. */
  readonly overrides: TaskOverrides;
  /** A copy, as JSON would give it back. */
  readonly metadata: JsonObject;
}

/** `ListOptions` after checking. */
export interface ResolvedList {
  readonly project?: string;
  readonly state?: TaskState;
  readonly parentId?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** `CloseOptions` after checking. */
export interface ResolvedClose {
  readonly graceMs: number;
}

/** Every default value, in the shape of the options. The `@defaultValue` texts of `Options.ts` are tested against it. */
export const DEFAULTS = {
  taskType: { timeoutMs: 900_000, stopGraceMs: 2_000, onInterrupt: 'retry', memory: 'write', rememberFailures: false, untrusted: false },
  retry: { maxAttempts: 1, baseDelayMs: 1_000, maxDelayMs: 300_000, factor: 2 },
  limits: {
    inputBytes: 1_048_576, resultBytes: 1_048_576, outputBytes: 16_777_216,
    memoryMb: 512, cpuMs: 900_000, processes: 64, cpus: false, openFiles: 1_024, workspaceMb: 1_024, workerThreads: 2, artifacts: 64, artifactsMb: 256,
  },
  project: { weight: 1 },
  queue: { maxConcurrent: 5, agingMs: 3_600_000, maxPending: false, spares: 2, maxInterruptions: 3, maxWaiting: 100 },
  subtasks: { maxDepth: 5, maxChildren: 100, maxTasks: 1_000 },
  storage: { lockTimeoutMs: 1_000 },
  context: {
    maxTokens: 16_000, maxFileTokens: 8_000, maxFileBytes: 262_144, encoding: 'o200k', memoryFile: 'MEMORY.md', archiveFile: 'MEMORY.archive.md', memoryTokens: 6_000,
  },
  retention: { maxAgeMs: 604_800_000, maxCount: 100_000 },
  workspaces: { keepFailedMs: 86_400_000 },
  sandbox: { niceness: 10 },
  webhooks: { allowHttp: false, allowLoopback: false, maxConcurrent: 8, maxConcurrentPerEndpoint: 2, attemptTimeoutMs: 15_000 },
  model: { maxParallel: 16, requestsPerMinute: false, maxAttempts: 4, maxRetryAfterMs: 60_000, firstTokenMs: 120_000, totalMs: 600_000 },
  budgets: {
    task: { modelCalls: 500, inputTokens: 10_000_000, outputTokens: 1_000_000, cost: 10, toolCalls: 2_000, turns: 500 },
    tree: { modelCalls: 2_000, inputTokens: 40_000_000, outputTokens: 4_000_000, cost: 40, toolCalls: 8_000, turns: 2_000 },
    project: { modelCalls: 10_000, inputTokens: 200_000_000, outputTokens: 20_000_000, cost: 200, toolCalls: 40_000, turns: 10_000, windowMs: 86_400_000 },
  },
  network: { allowLoopback: false, maxConnections: 64, idleTimeoutMs: 300_000 },
  submit: { project: 'default', priority: 'normal', delayMs: 0 },
  list: { limit: 50 },
  answer: { by: 'the application', remember: 'once' },
  approvals: { state: 'open', limit: 100 },
  close: { graceMs: 10_000 },
} as const;
