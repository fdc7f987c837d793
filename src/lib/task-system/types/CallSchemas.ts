import * as z from 'zod';
import { APPROVAL_STATES, type AnswerOptions, type ApprovalListOptions } from './Approvals.ts';
import type { JsonObject, JsonValue } from './Json.ts';
import { duration, group, integer, isNumber, isRecord, isText, leaf, oneOf, text, tiedTo } from './OptionLeaves.ts';
import type { ChildSubmission, CloseOptions, ListOptions, SubmitOptions } from './Options.ts';
import { childFailureRule, completionRule, fileNames, retrySchema } from './OptionsSchema.ts';
import { isProjectName } from './ProjectName.ts';
import { PRIORITY_LEVELS, type PriorityName } from './Task.ts';
import { TASK_STATES } from './TaskState.ts';

const MAX_PRIORITY = 100;
const MAX_ID = 128;
const MAX_IDEMPOTENCY_KEY = 256;
const MAX_METADATA_BYTES = 16_384;
const MAX_LIST = 1_000;
const MAX_NAME = 256;
const MAX_REASON = 1_024;
const MAX_GROUP = 10_000;

const childFields = {
  type: leaf<string>('the name of a task type', isText),
  project: project().exactOptional(),
  // Whether it is JSON shows when it is written as JSON, which has to happen anyway.
  input: z.custom<JsonValue>().exactOptional(),
  priority: leaf<PriorityName | number>('"low", "normal", "high", "urgent" or an integer from -100 to 100', isPriority).exactOptional(),
  delayMs: duration(0).exactOptional(),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY).exactOptional(),
  key: text(MAX_IDEMPOTENCY_KEY).exactOptional(),
  weight: leaf<number>('a number > 0', (value) => isNumber(value) && value > 0).exactOptional(),
  completion: completionRule().exactOptional(),
  onChildFailure: childFailureRule().exactOptional(),
  timeoutMs: duration(1).exactOptional(),
  retry: retrySchema.exactOptional(),
  contextFiles: fileNames().exactOptional(),
  metadata: leaf<JsonObject>(`an object of JSON values, up to ${String(MAX_METADATA_BYTES)} bytes as JSON`, isMetadata).exactOptional(),
};

const childSchema = tiedTo<ChildSubmission>()(group(childFields));

/** Schema of `SubmitOptions`. */
export const submitSchema = tiedTo<SubmitOptions>()(group({
  ...childFields,
  parentId: text(MAX_ID).exactOptional(),
  children: z.array(childSchema, { error: 'an array of submissions' }).max(MAX_GROUP, { error: `at most ${String(MAX_GROUP)} submissions` }).readonly().exactOptional(),
}));

/** Schema of `ListOptions`. */
export const listSchema = tiedTo<ListOptions>()(group({
  project: project().exactOptional(),
  state: oneOf(...TASK_STATES).exactOptional(),
  parentId: text(MAX_ID).exactOptional(),
  limit: integer(1, MAX_LIST).exactOptional(),
  cursor: leaf<string>('the nextCursor of a page', isText).exactOptional(),
}));

/** Schema of `AnswerOptions`. */
export const answerSchema = tiedTo<AnswerOptions>()(group({
  by: text(MAX_NAME).exactOptional(),
  reason: text(MAX_REASON).exactOptional(),
  remember: oneOf('once', 'task').exactOptional(),
}));

/** Schema of `ApprovalListOptions`. */
export const approvalListSchema = tiedTo<ApprovalListOptions>()(group({
  taskId: text(MAX_ID).exactOptional(),
  project: project().exactOptional(),
  state: oneOf(...APPROVAL_STATES).exactOptional(),
  limit: integer(1, MAX_LIST).exactOptional(),
}));

/** Schema of `CloseOptions`. */
export const closeSchema = tiedTo<CloseOptions>()(group({
  graceMs: duration(0).exactOptional(),
}));

function project(): z.ZodType<string, string> {
  return leaf('a name of 1 to 128 characters, without control characters, slashes or backslashes', isProjectName);
}

function isPriority(value: unknown): boolean {
  if (typeof value === 'string') return Object.hasOwn(PRIORITY_LEVELS, value);
  return Number.isInteger(value) && Math.abs(Number(value)) <= MAX_PRIORITY;
}

function isMetadata(value: unknown): boolean {
  if (!isRecord(value)) return false;
  try {
    return Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES;
  } catch {
    return false;
  }
}
