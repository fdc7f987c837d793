import { isAbsolute, normalize } from 'node:path';
import * as z from 'zod';
import { parseRange } from './addresses.ts';
import type { Hook, HookContext, HookListeners } from './Hooks.ts';
import { duration, durationOrOff, group, integer, integerOrOff, isNumber, isRecord, isText, leaf, oneOf, tiedTo } from './OptionLeaves.ts';
import type {
  ContextFileOptions, ContextOptions, LimitOptions, NetworkOptions, ProjectOptions, QueueOptions, RetentionOptions, RetryPolicy, SandboxOptions, StorageOptions, SubtaskOptions, TaskSystemOptions, TaskTypeOptions,
  TypeSandboxOptions, WorkspaceOptions,
} from './Options.ts';
import { mcpSchema } from './McpSchema.ts';
import { budgetSchema, modelSchema, spendSchema } from './ModelsSchema.ts';
import type { Logger } from './Ports.ts';
import { policySchema } from './PolicySchema.ts';
import { isProjectName } from './ProjectName.ts';
import { DEFAULTS } from './ResolvedOptions.ts';
import type { StandardSchema } from './StandardSchema.ts';
import { webhooksSchema } from './WebhookSchemas.ts';
import type { ToolSet } from './Tools.ts';
import { GROUP_TYPE, type ChildFailureRule, type CompletionRule } from './Subtasks.ts';

const MAX_NICENESS = 19;
/** The least that the kernel can tell apart. */
const MIN_CPUS = 0.01;
/** Node itself needs about twenty. */
const MIN_OPEN_FILES = 64;
const MAX_CONTEXT_FILES = 16;
/** What is shorter stands in too many texts by chance. */
const MIN_SECRET = 6;
/** Relative, and safe to be shown to a model in a line. */
const FILE_NAME = /^(?!\/)[^\p{Cc}\p{Cf}<>"\\]{1,256}$/u;

/** Schema of `RetryPolicy`. */
export const retrySchema = tiedTo<RetryPolicy>()(group({
  maxAttempts: integer(1).exactOptional(),
  baseDelayMs: duration(0).exactOptional(),
  maxDelayMs: duration(0).exactOptional(),
  factor: leaf<number>('a number >= 1', (value) => isNumber(value) && value >= 1).exactOptional(),
}).refine((retry) => (retry.baseDelayMs ?? 0) <= (retry.maxDelayMs ?? DEFAULTS.retry.maxDelayMs), {
  path: ['baseDelayMs'],
  when: ({ value }) => isRecord(value) && isOptionalNumber(value['baseDelayMs']) && isOptionalNumber(value['maxDelayMs']),
  error: ({ input }) => baseDelayPhrase(input),
}));

const limitSchema = tiedTo<LimitOptions>()(group({
  inputBytes: integer(0).exactOptional(),
  resultBytes: integer(0).exactOptional(),
  outputBytes: integer(0).exactOptional(),
  memoryMb: integerOrOff(1).exactOptional(),
  cpuMs: durationOrOff(1).exactOptional(),
  processes: integerOrOff(1).exactOptional(),
  cpus: leaf<number | false>('false or a number >= 0.01', (value) => value === false || (isNumber(value) && value >= MIN_CPUS)).exactOptional(),
  openFiles: integerOrOff(MIN_OPEN_FILES).exactOptional(),
  workspaceMb: integerOrOff(1).exactOptional(),
  workerThreads: integer(0).exactOptional(),
  artifacts: integer(0).exactOptional(),
  artifactsMb: integer(0).exactOptional(),
}));

const contextSchema = tiedTo<ContextOptions>()(group({
  files: z.array(z.union([fileName(), tiedTo<ContextFileOptions>()(group({
    name: fileName(), as: oneOf('instructions', 'notes').exactOptional(), maxTokens: integer(0).exactOptional(),
  }))], { error: 'the name of a file inside the project, or an object with it' }), { error: 'an array of files' }).max(MAX_CONTEXT_FILES, { error: `at most ${String(MAX_CONTEXT_FILES)} files` }).readonly().exactOptional(),
  maxTokens: integer(0).exactOptional(),
  maxFileTokens: integer(0).exactOptional(),
  maxFileBytes: integer(1).exactOptional(),
  encoding: oneOf('o200k', 'cl100k').exactOptional(),
  memoryFile: fileName().exactOptional(),
  archiveFile: fileName().exactOptional(),
  memoryTokens: integer(0).exactOptional(),
}));

/** Places where a sandbox keeps things of its own, or that lead out of it. */
const NEVER_READABLE = ['/proc', '/dev', '/sys', '/run', '/var/run'];

const level = oneOf('process', 'permission-model', 'kernel');

const typeSandboxSchema = tiedTo<TypeSandboxOptions>()(group({
  level: level.exactOptional(),
  require: level.exactOptional(),
  read: z.array(leaf<string>('an absolute path, not / and not below /proc, /dev, /sys or /run', isReadable), { error: 'an array of paths' }).readonly().exactOptional(),
}));

const taskTypeSchema = tiedTo<TaskTypeOptions>()(group({
  module: leaf<URL | string>('a file: URL or an absolute path, such as new URL("./handler.js", import.meta.url)', isModule),
  input: leaf<StandardSchema>('a Standard Schema, such as one made with zod', isStandardSchema).exactOptional(),
  timeoutMs: duration(1).exactOptional(),
  stopGraceMs: duration(0).exactOptional(),
  retry: retrySchema.exactOptional(),
  limits: limitSchema.exactOptional(),
  onInterrupt: oneOf('retry', 'fail').exactOptional(),
  contextFiles: fileNames().exactOptional(),
  contextTokens: integer(0).exactOptional(),
  memory: oneOf('write', 'read', 'none').exactOptional(),
  rememberFailures: leaf<boolean>('true or false', (value) => typeof value === 'boolean').exactOptional(),
  env: z.record(variableName(), leaf<string>('a string without NUL', isText), { error: 'an object of strings' }).exactOptional(),
  policy: policySchema.exactOptional(),
  untrusted: leaf<boolean>('true or false', (value) => typeof value === 'boolean').exactOptional(),
  sandbox: typeSandboxSchema.exactOptional(),
  models: z.array(leaf<string>('the name of a model', isText), { error: 'an array of names of models' }).readonly().exactOptional(),
  budget: spendSchema.exactOptional(),
  completion: completionRule().exactOptional(),
  onChildFailure: childFailureRule().exactOptional(),
}));

const projectSchema = tiedTo<ProjectOptions>()(group({
  dir: path().exactOptional(),
  context: contextSchema.exactOptional(),
  maxConcurrent: integer(1).exactOptional(),
  weight: leaf<number>('a number > 0', (value) => isNumber(value) && value > 0).exactOptional(),
}));

const queueSchema = tiedTo<QueueOptions>()(group({
  maxConcurrent: integer(1).exactOptional(),
  agingMs: durationOrOff(0).exactOptional(),
  maxPending: leaf<number | false>('false or an integer >= 1', (value) => value === false || (Number.isSafeInteger(value) && Number(value) >= 1)).exactOptional(),
  spares: integer(0).exactOptional(),
  maxInterruptions: integer(0).exactOptional(),
  maxWaiting: integer(0).exactOptional(),
}));

const subtaskSchema = tiedTo<SubtaskOptions>()(group({
  maxDepth: integer(0).exactOptional(),
  maxChildren: integer(0).exactOptional(),
  maxTasks: integer(1).exactOptional(),
}));

const storageSchema = tiedTo<StorageOptions>()(group({
  lockTimeoutMs: duration(0).exactOptional(),
  retention: tiedTo<RetentionOptions>()(group({
    maxAgeMs: duration(0).exactOptional(),
    maxCount: integer(0).exactOptional(),
  })).exactOptional(),
}));

const workspaceSchema = tiedTo<WorkspaceOptions>()(group({
  keepFailedMs: duration(0).exactOptional(),
}));

const sandboxSchema = tiedTo<SandboxOptions>()(group({
  level: level.exactOptional(),
  require: level.exactOptional(),
  env: z.array(variableName(), { error: 'an array of names' }).readonly().exactOptional(),
  cgroup: leaf<string>('"own" or an absolute path', (value) => value === 'own' || (isText(value) && isAbsolute(value))).exactOptional(),
  niceness: integer(0, MAX_NICENESS).exactOptional(),
}));

const networkSchema = tiedTo<NetworkOptions>()(group({
  allowLoopback: leaf<boolean>('true or false', (value) => typeof value === 'boolean').exactOptional(),
  allow: z.array(leaf<string>('a range of addresses such as "10.1.0.0/16"', (value) => isText(value) && parseRange(value) !== undefined), { error: 'an array of ranges' }).readonly().exactOptional(),
  maxConnections: integer(1).exactOptional(),
  idleTimeoutMs: duration(1).exactOptional(),
}));

const hooksSchema = tiedTo<HookListeners>()(group({
  onTaskCreate: hook<HookContext>().exactOptional(),
  onTaskStart: hook<HookContext>().exactOptional(),
  onTaskProgress: hook<HookContextOf<'onTaskProgress'>>().exactOptional(),
  onTaskComplete: hook<HookContext>().exactOptional(),
  onTaskFail: hook<HookContextOf<'onTaskFail'>>().exactOptional(),
  onTaskCancel: hook<HookContextOf<'onTaskCancel'>>().exactOptional(),
  onTaskApproval: hook<HookContextOf<'onTaskApproval'>>().exactOptional(),
}));

/** Schema of `TaskSystemOptions`. */
export const systemSchema = tiedTo<TaskSystemOptions>()(group({
  root: path(),
  tasks: z.record(typeName(), taskTypeSchema, { error: 'an object of task types' }),
  projects: z.record(name(), projectSchema, { error: 'an object of projects' }).exactOptional(),
  queue: queueSchema.exactOptional(),
  subtasks: subtaskSchema.exactOptional(),
  limits: limitSchema.exactOptional(),
  storage: storageSchema.exactOptional(),
  workspaces: workspaceSchema.exactOptional(),
  sandbox: sandboxSchema.exactOptional(),
  network: networkSchema.exactOptional(),
  context: contextSchema.exactOptional(),
  webhooks: webhooksSchema.exactOptional(),
  models: z.record(name(), modelSchema, { error: 'an object of models' }).exactOptional(),
  mcp: mcpSchema.exactOptional(),
  budgets: budgetSchema.exactOptional(),
  tools: leaf<ToolSet>('an object of tools by name, or a list of tools with names', isToolSet).exactOptional(),
  secrets: z.array(leaf<string>(`a text of ${String(MIN_SECRET)} characters or more`, (value) => isText(value) && value.length >= MIN_SECRET), { error: 'an array of texts' }).readonly().exactOptional(),
  hooks: hooksSchema.exactOptional(),
  logger: leaf<Logger>('a logger with the methods debug, info, warn and error', isLogger).exactOptional(),
}).superRefine(checkProjectCaps, { when: ({ value }) => isRecord(value) }).superRefine(checkModelNames, { when: ({ value }) => isRecord(value) }));

type HookContextOf<Name extends keyof HookListeners> = Parameters<NonNullable<HookListeners[Name]>>[0];

/** Runs on options that may be wrong elsewhere, so it trusts no shape. */
function checkProjectCaps(options: unknown, context: z.core.$RefinementCtx): void {
  const most = readPath(options, 'queue', 'maxConcurrent') ?? DEFAULTS.queue.maxConcurrent;
  const projects = readPath(options, 'projects');
  if (!isNumber(most) || !isRecord(projects)) return;
  for (const project of Object.keys(projects)) {
    const cap = readPath(projects, project, 'maxConcurrent');
    if (!isNumber(cap) || cap <= most) continue;
    context.addIssue({ code: 'custom', path: ['projects', project, 'maxConcurrent'], message: `at most queue.maxConcurrent (${String(most)})` });
  }
}

/** A type that names a model which is not there would fail with its first call. */
function checkModelNames(options: unknown, context: z.core.$RefinementCtx): void {
  const known = readPath(options, 'models') ?? {};
  const tasks = readPath(options, 'tasks');
  if (!isRecord(known) || !isRecord(tasks)) return;
  for (const task of Object.keys(tasks)) {
    const named = readPath(tasks, task, 'models');
    if (!Array.isArray(named)) continue;
    for (const [index, model] of named.entries()) {
      if (typeof model !== 'string' || Object.hasOwn(known, model)) continue;
      context.addIssue({ code: 'custom', path: ['tasks', task, 'models', index], message: `one of the names of \`models\` (${Object.keys(known).join(', ')})` });
    }
  }
}

function readPath(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner: unknown, key) => (isRecord(inner) ? inner[key] : undefined), value);
}

function hook<Context extends HookContext>(): z.ZodType<Hook<Context>, Hook<Context>> {
  return leaf<Hook<Context>>('a function', (value) => typeof value === 'function');
}

function name(): z.ZodType<string, string> {
  return leaf('a name of 1 to 128 characters, without control characters, slashes or backslashes', isProjectName);
}

function typeName(): z.ZodType<string, string> {
  return leaf(`a name of 1 to 128 characters, without control characters, slashes or backslashes, other than "${GROUP_TYPE}"`, (value) => isProjectName(value) && value !== GROUP_TYPE);
}

function path(): z.ZodType<string, string> {
  return leaf('a path', (value) => isText(value) && value !== '');
}

/** Names of context files, as an option takes them. */
export function fileNames(): z.ZodType<readonly string[], readonly string[]> {
  return z.array(fileName(), { error: 'an array of names of files' }).readonly();
}

function fileName(): z.ZodType<string, string> {
  return leaf('the name of a file inside the project, such as "docs/GUIDE.md"', (value) => isText(value) && FILE_NAME.test(value) && !value.split('/').includes('..'));
}

/** Schema of `CompletionRule`. */
export function completionRule(): z.ZodType<CompletionRule, CompletionRule> {
  return leaf<CompletionRule>('"all", "any" or { quorum: an integer >= 1 }', isCompletionRule);
}

/** Schema of `ChildFailureRule`. */
export function childFailureRule(): z.ZodType<ChildFailureRule, ChildFailureRule> {
  return oneOf('fail-fast', 'wait', 'ignore');
}

function isCompletionRule(value: unknown): boolean {
  if (value === 'all' || value === 'any') return true;
  return isRecord(value) && Object.keys(value).length === 1 && Number.isSafeInteger(value['quorum']) && Number(value['quorum']) >= 1;
}

function variableName(): z.ZodType<string, string> {
  return leaf('the name of an environment variable', (value) => isText(value) && value !== '' && !value.includes('='));
}

function isReadable(value: unknown): boolean {
  if (!isText(value) || !isAbsolute(value)) return false;
  const folder = normalize(value).replace(/\/$/, '');
  return folder !== '' && !NEVER_READABLE.some((forbidden) => folder === forbidden || folder.startsWith(`${forbidden}/`));
}

function isModule(value: unknown): boolean {
  if (typeof value === 'string') return isText(value) && (isAbsolute(value) || value.startsWith('file:///'));
  // Not `instanceof`: a test runner may give the caller another URL class than the library has.
  return isRecord(value) && value['protocol'] === 'file:' && typeof value['href'] === 'string';
}

function isStandardSchema(value: unknown): boolean {
  // Some libraries make their schemas functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value)) return false;
  const standard: unknown = value['~standard'];
  return isRecord(standard) && typeof standard['validate'] === 'function';
}

/** What each tool is like is looked at by who runs it, who says more about it. */
function isToolSet(value: unknown): boolean {
  return (Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [undefined]).every(isRecord);
}

function isLogger(value: unknown): boolean {
  return isRecord(value) && ['debug', 'info', 'warn', 'error'].every((method) => typeof value[method] === 'function');
}

function isOptionalNumber(value: unknown): boolean {
  return value === undefined || isNumber(value);
}

function baseDelayPhrase(retry: unknown): string {
  const max = readPath(retry, 'maxDelayMs');
  return `at most maxDelayMs (${isNumber(max) ? String(max) : `${String(DEFAULTS.retry.maxDelayMs)}, its default`})`;
}
