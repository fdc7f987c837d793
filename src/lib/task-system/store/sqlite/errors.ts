import { TaskSystemError } from '../../types/Errors.ts';
import type { ErrorCode } from '../../types/ErrorCatalogue.ts';
import { messageOf } from '../../types/messageOf.ts';

const SQLITE_BUSY = 5;
const SQLITE_IOERR_SHMSIZE = 4_874;

/** Primary SQLite result codes (and codes of Node's file system calls) that have an error code of their own here. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  3: 'STORE_READ_ONLY', // SQLITE_PERM
  8: 'STORE_READ_ONLY', // SQLITE_READONLY
  14: 'STORE_READ_ONLY', // SQLITE_CANTOPEN
  EACCES: 'STORE_READ_ONLY',
  EPERM: 'STORE_READ_ONLY',
  EROFS: 'STORE_READ_ONLY',
  13: 'STORE_FULL', // SQLITE_FULL
  ENOSPC: 'STORE_FULL',
  EDQUOT: 'STORE_FULL',
  11: 'STORE_CORRUPT', // SQLITE_CORRUPT
  26: 'STORE_CORRUPT', // SQLITE_NOTADB
};

/** Result codes that one statement earns by its own data: its neighbours in the transaction are sound. */
const OWN_FAULT = new Set([18, 19, 20, 25]); // TOOBIG, CONSTRAINT, MISMATCH, RANGE

/**
 * Gives anything that SQLite or the file system threw the `STORE_*` code that tells a user what to do. Errors of this library pass
 * unchanged.
 * @param doing what was being done, as the end of "while …".
 */
export function toStoreError(thrown: unknown, doing: string): TaskSystemError {
  if (TaskSystemError.isInstance(thrown)) return thrown;
  return new TaskSystemError(codeOf(thrown), `While ${doing}: ${messageOf(thrown)}`, {}, { cause: thrown });
}

/** Whether the error is the fault of one operation alone, so that the others of its batch can be saved by running them again. */
export function isOwnFault(thrown: unknown): boolean {
  const result = resultCode(thrown);
  return result === undefined ? systemCode(thrown) === undefined : OWN_FAULT.has(result & 0xff);
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(thrown: unknown): boolean {
  return ((resultCode(thrown) ?? 0) & 0xff) === SQLITE_BUSY;
}

function codeOf(thrown: unknown): ErrorCode {
  const result = resultCode(thrown);
  // The shared-memory file grows outside of SQLite's own check for a full disk.
  if (result === SQLITE_IOERR_SHMSIZE) return 'STORE_FULL';
  const key = result === undefined ? systemCode(thrown) : String(result & 0xff);
  return (key === undefined ? undefined : CODES[key]) ?? 'STORE_FAILED';
}

/** The extended result code of an error of `node:sqlite`. */
function resultCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return undefined;
  return typeof thrown.errcode === 'number' ? thrown.errcode : undefined;
}

/** The code of a failed system call, such as ENOSPC. */
function systemCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('syscall' in thrown) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
