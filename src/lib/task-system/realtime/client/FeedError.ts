import type { ErrorCode } from '../../types/ErrorCatalogue.ts';
import type { SerializedError } from '../../types/Errors.ts';
import type { JsonObject } from '../../types/Json.ts';

const MARKER = Symbol.for('task-system.error');

/**
 * An error of the client. `TaskSystemError.isInstance` knows it; it is a class of its own so that a browser need not load the whole
 * catalogue. `CLIENT_CLOSED`: the client was closed, or the server refused it for good (`details.closeCode`). `OPTIONS_INVALID`: an
 * argument is wrong.
 */
export class FeedError extends Error {
  override readonly name = 'TaskSystemError';
  readonly code: Extract<ErrorCode, 'CLIENT_CLOSED' | 'OPTIONS_INVALID'>;
  readonly details: JsonObject;
  readonly retryable = false;
  readonly [MARKER] = true;

  constructor(code: FeedError['code'], message: string, details: JsonObject = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  /** The form in which the error is stored and sent. */
  toJSON(): SerializedError {
    const { name, message, code, details, retryable } = this;
    return { name, message, code, details, retryable };
  }
}
