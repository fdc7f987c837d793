import type * as z from 'zod';
import type { ApprovalAnswer } from './Approvals.ts';
import type { ApprovalFilter } from './ApprovalStore.ts';
import { answerSchema, approvalListSchema, closeSchema, listSchema, submitSchema } from './CallSchemas.ts';
import { TaskSystemError } from './Errors.ts';
import { isJsonObject, parseJson, type JsonObject } from './Json.ts';
import { nearest } from './nearest.ts';
import { check, invalidOptions } from './OptionProblems.ts';
import type { SubmitOptions } from './Options.ts';
import { assertProjectName } from './ProjectName.ts';
import { DEFAULTS, type ResolvedClose, type ResolvedList, type ResolvedSubmit } from './ResolvedOptions.ts';
import { GROUP_TYPE } from './Subtasks.ts';
import { PRIORITY_LEVELS, type PriorityName } from './Task.ts';

const NO_METADATA: JsonObject = Object.freeze({});
const NO_OVERRIDES = Object.freeze({});

/** What a submission has that says nothing of it. */
export interface SubmitDefaults {
  readonly project: string;
  readonly priority: PriorityName | number;
}

/**
 * Checks what `submit` takes and fills in the defaults. Type and input are checked elsewhere: see {@link requireTaskType}.
 * @throws TaskSystemError `PROJECT_NAME_INVALID` when nothing but the project's name is wrong; else `SUBMIT_INVALID`, naming every problem.
 */
export function parseSubmitOptions(value: unknown, defaults: SubmitDefaults = DEFAULTS.submit): ResolvedSubmit {
  const checked = check(submitSchema, value);
  if (checked.ok) return resolveGroup(checked.value, resolveSubmit(checked.value, defaults));
  if (checked.problems.every(({ path }) => path === 'project')) assertProjectName(readProject(value));
  throw invalidOptions('SUBMIT_INVALID', checked.problems);
}

/**
 * Checks what `list` takes and fills in the default of `limit`.
 * @throws TaskSystemError `OPTIONS_INVALID`.
 */
export function parseListOptions(value: unknown): ResolvedList {
  return { ...DEFAULTS.list, ...checkedOptions(listSchema, value) };
}

/**
 * Checks what `close` takes and fills in the default of `graceMs`.
 * @throws TaskSystemError `OPTIONS_INVALID`.
 */
export function parseCloseOptions(value: unknown): ResolvedClose {
  return { ...DEFAULTS.close, ...checkedOptions(closeSchema, value) };
}

/**
 * Checks what `approve` and `deny` take and fills in the defaults.
 * @throws TaskSystemError `OPTIONS_INVALID`.
 */
export function parseAnswerOptions(value: unknown): ApprovalAnswer {
  return { ...DEFAULTS.answer, ...checkedOptions(answerSchema, value) };
}

/**
 * Checks what `approvals` takes and fills in the defaults.
 * @throws TaskSystemError `OPTIONS_INVALID`.
 */
export function parseApprovalListOptions(value: unknown): ApprovalFilter {
  return { ...DEFAULTS.approvals, ...checkedOptions(approvalListSchema, value) };
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

/** What a caller has given; nothing is the same as no options. */
function checkedOptions<Given>(schema: z.ZodType<Given>, value: unknown): Given {
  const checked = check(schema, value ?? {});
  if (checked.ok) return checked.value;
  throw invalidOptions('OPTIONS_INVALID', checked.problems);
}

/** A group and its children belong together: neither goes without the other. */
function resolveGroup({ children }: SubmitOptions, group: ResolvedSubmit): ResolvedSubmit {
  const isGroup = group.type === GROUP_TYPE;
  if (isGroup !== (children !== undefined && children.length > 0)) {
    const message = isGroup ? 'children: expected at least one for a task of the type "group"' : `children: expected only with the type "group", got ${JSON.stringify(group.type)}`;
    throw new TaskSystemError('SUBMIT_INVALID', message, { type: group.type });
  }
  if (children === undefined) return group;
  const named = children.flatMap(({ key }) => key ?? []);
  const double = named.find((key, index) => named.indexOf(key) !== index);
  if (double !== undefined) throw new TaskSystemError('SUBMIT_INVALID', `children: two of them have the key ${JSON.stringify(double)}`, { key: double });
  const nested = children.findIndex(({ type }) => type === GROUP_TYPE);
  if (nested >= 0) throw new TaskSystemError('SUBMIT_INVALID', `children[${String(nested)}].type: a group in a group is submitted by itself, with its parentId`, { type: GROUP_TYPE });
  return { ...group, children: children.map((child) => resolveSubmit(child, group)) };
}

function resolveSubmit(options: SubmitOptions, defaults: SubmitDefaults): ResolvedSubmit {
  const { type, project, input, priority = defaults.priority, delayMs, idempotencyKey, parentId, key, timeoutMs, retry, contextFiles, metadata, weight, completion, onChildFailure } = options;
  return {
    type,
    project: project ?? defaults.project,
    input: input ?? null,
    priority: typeof priority === 'number' ? priority : PRIORITY_LEVELS[priority],
    delayMs: delayMs ?? DEFAULTS.submit.delayMs,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(parentId === undefined ? {} : { parentId }),
    ...(key === undefined ? {} : { key }),
    ...(weight === undefined ? {} : { weight }),
    ...(completion === undefined && onChildFailure === undefined ? {} : {
      rules: { ...(completion === undefined ? {} : { completion }), ...(onChildFailure === undefined ? {} : { onChildFailure }) },
    }),
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
