import { describe, expect, it } from 'vitest';
import { isBusy, isOwnFault, toStoreError } from '../../../src/lib/task-system/store/sqlite/errors.ts';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';

function sqliteError(errcode: number): Error {
  return Object.assign(new Error('as SQLite says'), { code: 'ERR_SQLITE_ERROR', errcode });
}

function systemError(code: string): Error {
  return Object.assign(new Error('as the system says'), { code, syscall: 'mkdir', errno: -1 });
}

describe('toStoreError', () => {
  it.each([
    [3, 'STORE_READ_ONLY'], [8, 'STORE_READ_ONLY'], [8 | (6 << 8), 'STORE_READ_ONLY'], [14, 'STORE_READ_ONLY'], [13, 'STORE_FULL'],
    [4_874, 'STORE_FULL'], [11, 'STORE_CORRUPT'], [11 | (1 << 8), 'STORE_CORRUPT'], [26, 'STORE_CORRUPT'], [10, 'STORE_FAILED'],
    [10 | (3 << 8), 'STORE_FAILED'], [5, 'STORE_FAILED'], [1, 'STORE_FAILED'], [19, 'STORE_FAILED'],
  ])('gives the result code %i of SQLite the code %s', (errcode, code) => {
    expect(toStoreError(sqliteError(errcode), 'testing').code).toBe(code);
  });

  it.each([
    ['EACCES', 'STORE_READ_ONLY'], ['EPERM', 'STORE_READ_ONLY'], ['EROFS', 'STORE_READ_ONLY'], ['ENOSPC', 'STORE_FULL'], ['EDQUOT', 'STORE_FULL'], ['EIO', 'STORE_FAILED'],
  ])('gives the system error %s the code %s', (name, code) => {
    expect(toStoreError(systemError(name), 'testing').code).toBe(code);
  });

  it('tells what was being done, what the cause said, and keeps the cause', () => {
    const cause = sqliteError(13);
    const error = toStoreError(cause, 'counting sheep');
    expect(error.message).toContain('While counting sheep: as SQLite says');
    expect(error.cause).toBe(cause);
  });

  it('leaves an error of the catalogue as it is', () => {
    const error = new TaskSystemError('TASK_NOT_FOUND', 'x');
    expect(toStoreError(error, 'testing')).toBe(error);
  });

  it.each(['text', undefined, null, 7, {}])('makes STORE_FAILED of %j', (thrown) => {
    expect(toStoreError(thrown, 'testing').code).toBe('STORE_FAILED');
  });
});

describe('isOwnFault', () => {
  it.each([18, 19, 19 | (8 << 8), 20, 25])('blames the operation alone for the result code %i', (errcode) => {
    expect(isOwnFault(sqliteError(errcode))).toBe(true);
  });

  it.each([1, 5, 7, 8, 10, 11, 13, 14, 26])('blames the database for the result code %i', (errcode) => {
    expect(isOwnFault(sqliteError(errcode))).toBe(false);
  });

  it('blames the operation for a value that cannot be stored, and the system for its calls', () => {
    expect(isOwnFault(new TypeError('cannot be bound'))).toBe(true);
    expect(isOwnFault(systemError('ENOSPC'))).toBe(false);
  });
});

describe('isBusy', () => {
  it('knows a lock that another connection holds', () => {
    expect([5, 5 | (1 << 8), 6, 13].map((errcode) => isBusy(sqliteError(errcode)))).toEqual([true, true, false, false]);
    expect(isBusy(new Error('busy'))).toBe(false);
  });
});
