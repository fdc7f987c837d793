import type { Logger } from '../types/Ports.ts';

/** The logger of an app that gave none: warnings and errors become process warnings (once each in the console), the rest is dropped. */
export const defaultLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => { warn(message); },
  error: (message, details) => { warn(details !== undefined && 'error' in details ? `${message}: ${describe(details.error)}` : message); },
};

function warn(message: string): void {
  process.emitWarning(message, 'TaskSystemWarning');
}

function describe(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
