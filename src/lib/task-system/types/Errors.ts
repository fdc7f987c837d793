import { ERROR_CATALOGUE, type ErrorCode } from './ErrorCatalogue.ts';
import { isBoundedJson, isJsonObject, parseJson, stringifyJson, type JsonObject } from './Json.ts';

/** An error as it crosses a border: the process boundary, the database, the wire. */
export interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly details?: JsonObject;
  readonly retryable?: boolean;
  readonly cause?: SerializedError;
}

const MARKER = Symbol.for('task-system.error');
const MAX_CAUSES = 8;
const MAX_TEXT = 16_384;

/**
 * Every error that this library throws. `code` is one of the catalogue (docs/errors.md); `details` carries the data behind the
 * message; `retryable` says whether the same call may succeed later.
 */
export class TaskSystemError extends Error {
  override readonly name: string = 'TaskSystemError';
  readonly code: ErrorCode;
  readonly details: JsonObject;
  readonly retryable: boolean;
  readonly [MARKER] = true;

  /** @param what completes the catalogue's summary: what happened in this case, to which task. */
  constructor(code: ErrorCode, what: string, details: JsonObject = {}, options: { cause?: unknown } = {}) {
    const entry = ERROR_CATALOGUE[code];
    super(`${entry.summary} ${sentence(what)} ${entry.fix}`, options);
    this.code = code;
    this.details = details;
    this.retryable = entry.retryable;
  }

  /** Recognises an error of this library, also one made by another copy of the package. */
  static isInstance(value: unknown): value is TaskSystemError {
    return typeof value === 'object' && value !== null && MARKER in value;
  }

  /** The form in which the error is stored and sent. */
  toJSON(): SerializedError {
    return serializeError(this);
  }
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Turns anything that was thrown into plain data: name, code, message, stack, details, cause. Never throws. */
export function serializeError(thrown: unknown, depth = 0): SerializedError {
  try {
    if (!(thrown instanceof Error)) return { name: 'NonError', message: cut(describeValue(thrown)) };
    const code = readString(thrown, 'code');
    const details = 'details' in thrown ? jsonObject(thrown.details) : undefined;
    return {
      name: cut(thrown.name),
      message: cut(thrown.message),
      ...(code === undefined ? {} : { code }),
      ...(typeof thrown.stack === 'string' ? { stack: cut(thrown.stack) } : {}),
      ...(details === undefined ? {} : { details }),
      ...('retryable' in thrown && typeof thrown.retryable === 'boolean' ? { retryable: thrown.retryable } : {}),
      ...(thrown.cause === undefined || depth >= MAX_CAUSES ? {} : { cause: serializeError(thrown.cause, depth + 1) }),
    };
  } catch {
    return { name: 'Error', message: 'an error that cannot be read (its properties throw)' };
  }
}

/** Rebuilds an `Error` with the name, code, message, stack, details and cause that crossed the border. */
export function deserializeError(data: SerializedError): Error {
  const error = isCatalogued(data.code)
    ? new RestoredError(data.code, data)
    : new Error(data.message, data.cause === undefined ? {} : { cause: deserializeError(data.cause) });
  const copied = { name: data.name, ...(data.code === undefined ? {} : { code: data.code }), ...(data.stack === undefined ? {} : { stack: data.stack }) };
  for (const [key, value] of Object.entries(copied)) {
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: key === 'code' });
  }
  return error;
}

/** A {@link TaskSystemError} that was stored or sent, with the message it had then. */
class RestoredError extends TaskSystemError {
  constructor(code: ErrorCode, data: SerializedError) {
    super(code, '', data.details ?? {}, data.cause === undefined ? {} : { cause: deserializeError(data.cause) });
    this.message = data.message;
  }
}

/** Whether a string is a code of the catalogue. */
export function isCatalogued(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CATALOGUE, code);
}

/** Takes what should be a string, and may be anything on an error that user code made. */
function cut(value: unknown): string {
  const text = String(value);
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… (${String(text.length)} characters)`;
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return stringifyJson(value) ?? String(value);
}

function readString(source: object, key: string): string | undefined {
  const value: unknown = Reflect.get(source, key);
  return typeof value === 'string' ? cut(value) : undefined;
}

function jsonObject(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const text = stringifyJson(value);
  if (text === undefined || text.length > MAX_TEXT) return undefined;
  const parsed = parseJson(text);
  return isJsonObject(parsed) && isBoundedJson(parsed) ? parsed : undefined;
}


