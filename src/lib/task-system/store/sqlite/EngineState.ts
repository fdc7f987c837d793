import { serializeError, type SerializedError, type TaskSystemError } from '../../types/Errors.ts';
import type { Database } from './Database.ts';
import type { EventLog } from './EventLog.ts';

/** What the operations work on. */
export interface EngineState {
  readonly database: Database;
  readonly log: EventLog;
}

/** An error that the store itself gives a task; the stack would only show the inside of the store. */
export function storedError(error: TaskSystemError): SerializedError {
  const { stack: _stack, ...rest } = serializeError(error);
  return rest;
}
