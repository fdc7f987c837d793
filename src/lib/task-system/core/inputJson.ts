import { types } from 'node:util';
import { TaskSystemError } from '../types/Errors.ts';
import { stringifyJson } from '../types/Json.ts';
import { messageOf } from '../types/messageOf.ts';
import type { ResolvedTaskType } from '../types/ResolvedOptions.ts';
import { describeIssues, type StandardResult } from '../types/StandardSchema.ts';

/**
 * The input as JSON text.
 * @throws TaskSystemError `INPUT_INVALID` when something in it would be lost in JSON, `INPUT_TOO_LARGE`.
 */
export function encodeInput(input: unknown, type: Pick<ResolvedTaskType, 'name' | 'limits'>): string {
  const text = stringify(input, type.name);
  const bytes = Buffer.byteLength(text);
  if (bytes <= type.limits.inputBytes) return text;
  throw new TaskSystemError('INPUT_TOO_LARGE', `The input of a "${type.name}" task has ${String(bytes)} bytes, ${String(type.limits.inputBytes)} are allowed`, {
    type: type.name, bytes, maxBytes: type.limits.inputBytes,
  });
}

/** Checks the input against the schema in the options, if there is one. Synchronous when the schema is. */
export function checkInput(input: unknown, type: ResolvedTaskType): Promise<void> | undefined {
  const checked = type.input?.['~standard'].validate(input);
  if (checked instanceof Promise) return checked.then((result) => { refuseIssues(result, type.name); });
  if (checked !== undefined) refuseIssues(checked, type.name);
  return undefined;
}

function refuseIssues(result: StandardResult<unknown>, type: string): void {
  if (result.issues === undefined) return;
  throw new TaskSystemError('INPUT_INVALID', `Input of a "${type}" task: ${describeIssues(result.issues)}`, { type });
}

function stringify(input: unknown, type: string): string {
  try {
    const text = stringifyJson(input, refuseLoss);
    if (text !== undefined) return text;
  } catch (error) {
    throw new TaskSystemError('INPUT_INVALID', `Input of a "${type}" task: ${messageOf(error).split('\n', 1)[0] ?? ''}`, { type }, { cause: error });
  }
  throw new TaskSystemError('INPUT_INVALID', `Input of a "${type}" task: it is undefined`, { type });
}

/** JSON.stringify drops or changes these silently; a task that starts with less than was submitted would be a riddle. */
function refuseLoss(key: string, value: unknown): unknown {
  const problem = lossOf(value);
  if (problem !== undefined) throw new TypeError(`${key === '' ? 'the value' : `"${key}"`} is ${problem}, which JSON cannot hold`);
  return value;
}

function lossOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'function':
    case 'symbol':
    case 'bigint': return `a ${typeof value}`;
    case 'number': return Number.isFinite(value) ? undefined : String(value);
    case 'object': return types.isMap(value) ? 'a Map' : types.isSet(value) ? 'a Set' : types.isPromise(value) ? 'a promise' : undefined;
    default: return undefined;
  }
}
