import { resolve as resolvePath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { check, invalidOptions } from './OptionProblems.ts';
import type { LimitOptions, ProjectOptions, RetryPolicy, TaskSystemOptions, TaskTypeOptions } from './Options.ts';
import { systemSchema } from './OptionsSchema.ts';
import { resolvePolicy } from './resolvePolicy.ts';
import { DEFAULTS, type ResolvedOptions, type ResolvedProject, type ResolvedRetry, type ResolvedTaskType } from './ResolvedOptions.ts';

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
    project: projectLookup(options.projects ?? {}, queue.maxConcurrent),
    queue,
    storage: Object.freeze({
      lockTimeoutMs: storage?.lockTimeoutMs ?? DEFAULTS.storage.lockTimeoutMs,
      retention: Object.freeze({ ...DEFAULTS.retention, ...storage?.retention }),
    }),
    workspaces: Object.freeze({ ...DEFAULTS.workspaces, ...options.workspaces }),
    sandbox: Object.freeze({ niceness: sandbox?.niceness ?? DEFAULTS.sandbox.niceness, env: Object.freeze([...sandbox?.env ?? []]) }),
    hooks: Object.freeze({ ...options.hooks }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
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
    env: Object.freeze({ ...type.env }),
    policy: resolvePolicy(type.policy, `tasks.${name}.policy`),
  });
}

function moduleUrl(module: URL | string): string {
  if (typeof module !== 'string') return module.href;
  return module.startsWith('file:') ? new URL(module).href : pathToFileURL(module).href;
}

function projectLookup(projects: Readonly<Record<string, ProjectOptions>>, maxConcurrent: number): (name: string) => ResolvedProject {
  const standard: ResolvedProject = Object.freeze({ maxConcurrent, ...DEFAULTS.project });
  const named = new Map(Object.entries(projects).map(([name, { dir, ...rest }]) => {
    const project: ResolvedProject = { ...standard, ...rest, ...(dir === undefined ? {} : { dir: resolvePath(dir) }) };
    return [name, Object.freeze(project)];
  }));
  return (name) => named.get(name) ?? standard;
}
