import { TaskSystemError } from '../types/Errors.ts';
import type { JsonObject } from '../types/Json.ts';
import { isRecord } from '../types/isRecord.ts';
import { messageOf } from '../types/messageOf.ts';
import type { ResolvedModel } from '../types/Models.ts';

/** What went wrong with a call of a provider, and whether the same call may succeed later. */
export interface Failure {
  readonly message: string;
  readonly status?: number;
  readonly isRetryable: boolean;
  /** How long the provider asks to wait. */
  readonly retryAfterMs?: number;
}

const MAX_TEXT = 500;
const SECOND_MS = 1_000;
/** Keys as providers write them, and what comes after the words that announce one. */
const SECRETS = [/\b(?:sk|pk|rk|key|xai|gsk|AIza)[-_][\w-]{8,}/g, /\bAIza[\w-]{20,}/g, /\bBearer\s+\S+/gi, /(api[ _-]?key\W{1,20}?)(?=[\w*.-]*[\d*])[\w*.-]{8,}/gi];

/** Reads what a model of the AI SDK threw. `now` is for `Retry-After` in the form of a date. */
export function readFailure(thrown: unknown, model: ResolvedModel, now: number): Failure {
  const source = lastError(thrown);
  const status = numberAt(source, 'statusCode');
  const retryAfterMs = readRetryAfter(recordAt(source, 'responseHeaders'), now);
  return {
    message: withoutSecrets(messageOf(source), model).slice(0, MAX_TEXT),
    isRetryable: isRecord(source) || source instanceof Error ? Reflect.get(source, 'isRetryable') === true : false,
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** The error that a task is told: with status and retryability, without anything of the host. */
export function toError({ message, status, isRetryable, retryAfterMs }: Failure, model: ResolvedModel, attempts: number): TaskSystemError {
  const details: JsonObject = {
    model: model.name, attempts, ...(status === undefined ? {} : { status }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  const what = `The model "${model.name}"${status === undefined ? '' : `, status ${String(status)}`}, after ${String(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}: ${message}`;
  return new TaskSystemError(isRetryable ? 'MODEL_UNAVAILABLE' : 'MODEL_FAILED', what, details);
}

/** A text without keys: the model's own, and whatever else looks like one. */
export function withoutSecrets(text: string, { model }: Pick<ResolvedModel, 'model'>): string {
  const own = 'apiKey' in model && typeof model.apiKey === 'string' ? text.replaceAll(model.apiKey, '[key]') : text;
  return SECRETS.reduce((cleaned, pattern) => cleaned.replace(pattern, (_match, kept: unknown) => `${typeof kept === 'string' ? kept : ''}[key]`), own);
}

/** The SDK's own retries wrap what they give up on. */
function lastError(thrown: unknown): unknown {
  return isError(thrown) && 'lastError' in thrown && thrown.lastError !== undefined ? thrown.lastError : thrown;
}

function isError(value: unknown): value is Error {
  return value instanceof Error;
}

function readRetryAfter(headers: Readonly<Record<string, unknown>> | undefined, now: number): number | undefined {
  const exact = Number(headers?.['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const text = headers?.['retry-after'];
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * SECOND_MS);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function numberAt(source: unknown, key: string): number | undefined {
  const value: unknown = typeof source === 'object' && source !== null ? Reflect.get(source, key) : undefined;
  return typeof value === 'number' ? value : undefined;
}

function recordAt(source: unknown, key: string): Readonly<Record<string, unknown>> | undefined {
  const value: unknown = typeof source === 'object' && source !== null ? Reflect.get(source, key) : undefined;
  return isRecord(value) ? value : undefined;
}
