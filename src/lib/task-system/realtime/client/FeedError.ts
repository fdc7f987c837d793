import type { SerializedError } from '../../types/Errors.ts';
import type { JsonObject } from '../../types/Json.ts';

const MARKER = Symbol.for('task-system.error');

/** Errors that may go away by themselves. */
const RETRYABLE: readonly string[] = ['FEED_REFUSED'];

/**
 * An error of the client, or one that the server sent. `TaskSystemError.isInstance` knows it; it is a class of its own so that a
 * browser need not load the whole catalogue. `CLIENT_CLOSED`: the client was closed, or the server refused it for good
 * (`details.closeCode`). `OPTIONS_INVALID`: an argument is wrong. `FEED_FORBIDDEN`, `FEED_REFUSED`, `FEED_DISCONNECTED`: see
 * docs/errors.md. Of a task that failed it has the name, code and message of the task's error.
 */
export class FeedError extends Error {
  override readonly name: string;
  /** Of the catalogue; of a task that failed: whatever code its error had. */
  readonly code: string;
  readonly details: JsonObject;
  readonly retryable: boolean;
  readonly [MARKER] = true;

  constructor(code: string, message: string, details: JsonObject = {}, more: { readonly name?: string; readonly retryable?: boolean; readonly cause?: Error } = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.code = code;
    this.details = details;
    this.name = more.name ?? 'TaskSystemError';
    this.retryable = more.retryable ?? RETRYABLE.includes(code);
  }

  /** The error that was sent. */
  static of({ name, message, code = 'TASK_FAILED', details = {}, retryable = false, cause }: SerializedError): FeedError {
    return new FeedError(code, message, details, { name, retryable, ...(cause === undefined ? {} : { cause: FeedError.of(cause) }) });
  }

  /** The form in which the error is stored and sent. */
  toJSON(): SerializedError {
    const { name, message, code, details, retryable } = this;
    return { name, message, code, details, retryable };
  }
}
