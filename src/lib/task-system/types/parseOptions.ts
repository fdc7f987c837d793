import { resolve as resolvePath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { check, invalidOptions } from './OptionProblems.ts';
import type { ContextOptions, LimitOptions, ProjectOptions, RetryPolicy, TaskSystemOptions, TaskTypeOptions, WebhookOptions } from './Options.ts';
import { systemSchema } from './OptionsSchema.ts';
import { resolveMcp } from './McpSchema.ts';
import { resolveBudgets, resolveModels, resolveTypeBudget } from './resolveModels.ts';
import { resolvePolicy } from './resolvePolicy.ts';
import { DEFAULTS, type ResolvedContext, type ResolvedContextFile, type ResolvedOptions, type ResolvedProject, type ResolvedRetry, type ResolvedTaskType, type ResolvedWebhooks } from './ResolvedOptions.ts';
import { DEFAULT_RULES } from './Subtasks.ts';

/**
 * Checks the options of `createTaskSystem` once and fills in every default. The result is frozen and shares no mutable part with
 * what was passed in.
 * @throws TaskSystemError `OPTIONS_INVALID`, naming every problem; `details.problems` has them as data.
 */
export function parseTaskSystemOptions(options: unknown): ResolvedOptions {
  const checked = check(systemSchema, options);
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  return resolveOptions(checked.value);
}

/**
 * Puts retry rules over others, such as those of a submission over those of its task type. The first wait is never longer than
 * the longest one.
 */
export function mergeRetry(base: ResolvedRetry, over: RetryPolicy = {}): ResolvedRetry {
  const merged = { ...base, ...over };
  return Object.freeze({ ...merged, baseDelayMs: Math.min(merged.baseDelayMs, merged.maxDelayMs) });
}

function resolveOptions(options: TaskSystemOptions): ResolvedOptions {
  const { storage, sandbox } = options;
  const queue = Object.freeze({ ...DEFAULTS.queue, ...options.queue });
  return Object.freeze({
    root: resolvePath(options.root),
    types: new Map(Object.entries(options.tasks).map(([name, type]) => [name, resolveType(name, type, options.limits)])),
    project: projectLookup(options.projects ?? {}, queue.maxConcurrent, options.context),
    queue,
    subtasks: Object.freeze({ ...DEFAULTS.subtasks, ...options.subtasks }),
    storage: Object.freeze({
      lockTimeoutMs: storage?.lockTimeoutMs ?? DEFAULTS.storage.lockTimeoutMs,
      retention: Object.freeze({ ...DEFAULTS.retention, ...storage?.retention }),
    }),
    workspaces: Object.freeze({ ...DEFAULTS.workspaces, ...options.workspaces }),
    sandbox: Object.freeze({ ...sandbox, niceness: sandbox?.niceness ?? DEFAULTS.sandbox.niceness, env: Object.freeze([...sandbox?.env ?? []]) }),
    webhooks: resolveWebhooks(options.webhooks ?? {}),
    models: resolveModels(options.models),
    mcp: resolveMcp(options.mcp),
    budgets: resolveBudgets(options.budgets),
    network: Object.freeze({ ...DEFAULTS.network, ...options.network, allow: Object.freeze([...options.network?.allow ?? []]) }),
    tools: options.tools ?? {},
    secrets: Object.freeze([...options.secrets ?? []]),
    hooks: Object.freeze({ ...options.hooks }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  });
}

function resolveWebhooks(webhooks: WebhookOptions): ResolvedWebhooks {
  const { allow = [], ca = [], secrets = {} } = webhooks;
  return Object.freeze({
    ...DEFAULTS.webhooks,
    ...webhooks,
    allow: Object.freeze([...allow]),
    ca: Object.freeze([ca].flat()),
    secrets: new Map(Object.entries(secrets).map(([name, values]) => [name, Object.freeze([values].flat())])),
  });
}

function resolveType(name: string, type: TaskTypeOptions, limits: LimitOptions | undefined): ResolvedTaskType {
  return Object.freeze({
    name,
    moduleUrl: moduleUrl(type.module),
    ...(type.input === undefined ? {} : { input: type.input }),
    timeoutMs: type.timeoutMs ?? DEFAULTS.taskType.timeoutMs,
    stopGraceMs: type.stopGraceMs ?? DEFAULTS.taskType.stopGraceMs,
    retry: mergeRetry(DEFAULTS.retry, type.retry),
    limits: Object.freeze({ ...DEFAULTS.limits, ...limits, ...type.limits }),
    onInterrupt: type.onInterrupt ?? DEFAULTS.taskType.onInterrupt,
    ...(type.contextFiles === undefined ? {} : { contextFiles: Object.freeze([...type.contextFiles]) }),
    ...(type.contextTokens === undefined ? {} : { contextTokens: type.contextTokens }),
    memory: type.memory ?? DEFAULTS.taskType.memory,
    rememberFailures: type.rememberFailures ?? DEFAULTS.taskType.rememberFailures,
    env: Object.freeze({ ...type.env }),
    policy: resolvePolicy(type.policy, `tasks.${name}.policy`),
    rules: Object.freeze({ completion: type.completion ?? DEFAULT_RULES.completion, onChildFailure: type.onChildFailure ?? DEFAULT_RULES.onChildFailure }),
    untrusted: type.untrusted ?? DEFAULTS.taskType.untrusted,
    sandbox: Object.freeze({ ...type.sandbox, read: Object.freeze((type.sandbox?.read ?? []).map((path) => resolvePath(path))) }),
    ...(type.models === undefined ? {} : { models: Object.freeze([...type.models]) }),
    ...resolveTypeBudget(type.budget),
  });
}

function moduleUrl(module: URL | string): string {
  if (typeof module !== 'string') return module.href;
  return module.startsWith('file:') ? new URL(module).href : pathToFileURL(module).href;
}

function projectLookup(projects: Readonly<Record<string, ProjectOptions>>, maxConcurrent: number, context: ContextOptions | undefined): (name: string) => ResolvedProject {
  const standard: ResolvedProject = Object.freeze({ maxConcurrent, ...DEFAULTS.project, context: resolveContext({ ...context }) });
  const named = new Map(Object.entries(projects).map(([name, { dir, context: own, ...rest }]) => {
    const resolved = own === undefined ? standard.context : resolveContext({ ...context, ...own });
    const project: ResolvedProject = { ...standard, ...rest, context: resolved, ...(dir === undefined ? {} : { dir: resolvePath(dir) }) };
    return [name, Object.freeze(project)];
  }));
  return (name) => named.get(name) ?? standard;
}

function resolveContext({ files, ...rest }: ContextOptions): ResolvedContext {
  const context = { ...DEFAULTS.context, ...rest };
  const named = (files ?? ['SOUL.md', 'PROJECT.md', context.memoryFile]).map((file): ResolvedContextFile => {
    const { name, ...own } = typeof file === 'string' ? { name: file } : file;
    return Object.freeze({ name, as: name === context.memoryFile ? 'notes' : 'instructions', ...own });
  });
  return Object.freeze({ ...context, files: Object.freeze(named) });
}
