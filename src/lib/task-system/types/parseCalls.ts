import { closeSchema, listSchema, submitSchema } from './CallSchemas.ts';
import { TaskSystemError } from './Errors.ts';
import { isJsonObject, parseJson, type JsonObject } from './Json.ts';
import { nearest } from './nearest.ts';
import { check, invalidOptions } from './OptionProblems.ts';
import type { SubmitOptions } from './Options.ts';
import { assertProjectName } from './ProjectName.ts';
import { DEFAULTS, type ResolvedClose, type ResolvedList, type ResolvedSubmit } from './ResolvedOptions.ts';
import { PRIORITY_LEVELS } from './Task.ts';

const NO_METADATA: JsonObject = Object.freeze({});
const NO_OVERRIDES = Object.freeze({});

/**
 * Checks what `submit` takes and fills in the defaults. Type and input are checked elsewhere: see {@link requireTaskType}.
 * @throws TaskSystemError `PROJECT_NAME_INVALID` when nothing but the project's name is wrong; else `SUBMIT_INVALID`, naming every problem.
 */
export function parseSubmitOptions(value: unknown): ResolvedSubmit {
  const checked = check(submitSchema, value);
  if (checked.ok) return resolveSubmit(checked.value);
  if (checked.problems.every(({ path }) => path === 'project')) assertProjectName(readProject(value));
  throw invalidOptions('SUBMIT_INVALID', checked.problems);
}

/**
 * Checks what `list` takes and fills in the default of `limit`.
 * @throws TaskSystemError `OPTIONS_INVALID`.
 */
export function parseListOptions(value: unknown): ResolvedList {
  const checked = check(listSchema, value ?? {});
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  return { ...DEFAULTS.list, ...checked.value };
}

/**
 * Checks what `close` takes and fills in the default of `graceMs`.
 * @throws TaskSystemError `OPTIONS_INVALID`.
 */
export function parseCloseOptions(value: unknown): ResolvedClose {
  const checked = check(closeSchema, value ?? {});
  if (!checked.ok) throw invalidOptions('OPTIONS_INVALID', checked.problems);
  return { ...DEFAULTS.close, ...checked.value };
}

/**
 * The task type with this name.
 * @throws TaskSystemError `TASK_TYPE_UNKNOWN`, with the nearest known name.
 */
export function requireTaskType<Type>(types: ReadonlyMap<string, Type>, name: string): Type {
  const type = types.get(name);
  if (type !== undefined) return type;
  const known = [...types.keys()];
  const near = nearest(name, known);
  const hint = near === undefined ? `known are ${known.map((key) => `"${key}"`).join(', ') || 'none'}` : `did you mean "${near}"?`;
  throw new TaskSystemError('TASK_TYPE_UNKNOWN', `got ${JSON.stringify(name)}; ${hint}`, { type: name, known });
}

function resolveSubmit(options: SubmitOptions): ResolvedSubmit {
  const { type, project, input, priority = DEFAULTS.submit.priority, delayMs, idempotencyKey, parentId, key, timeoutMs, retry, contextFiles, metadata } = options;
  return {
    type,
    project: project ?? DEFAULTS.submit.project,
    input: input ?? null,
    priority: typeof priority === 'number' ? priority : PRIORITY_LEVELS[priority],
    delayMs: delayMs ?? DEFAULTS.submit.delayMs,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(parentId === undefined ? {} : { parentId }),
    ...(key === undefined ? {} : { key }),
    overrides: timeoutMs === undefined && retry === undefined && contextFiles === undefined ? NO_OVERRIDES : {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(retry === undefined ? {} : { retry: { ...retry } }),
      ...(contextFiles === undefined ? {} : { contextFiles: [...contextFiles] }),
    },
    metadata: metadata === undefined ? NO_METADATA : copyOf(metadata),
  };
}

/** A copy by way of JSON: what the caller changes later does not matter, and what is stored is what is shown. */
function copyOf(metadata: JsonObject): JsonObject {
  const copy = parseJson(JSON.stringify(metadata));
  return isJsonObject(copy) ? copy : NO_METADATA;
}

function readProject(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'project' in value ? value.project : undefined;
}
