import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE, type ErrorCode } from '../../src/lib/task-system/types/ErrorCatalogue.ts';
import { deserializeError, isCatalogued, serializeError, TaskSystemError, type SerializedError } from '../../src/lib/task-system/types/Errors.ts';
import { isJsonObject, parseJson } from '../../src/lib/task-system/types/Json.ts';

const CODES = Object.keys(ERROR_CATALOGUE).filter(isCatalogued);

describe('ERROR_CATALOGUE', () => {
  it.each(CODES)('%s has a summary, a cause and a fix that are sentences', (code) => {
    const { summary, cause, fix } = ERROR_CATALOGUE[code];
    for (const text of [summary, cause, fix]) expect(text).toMatch(/^[A-Z`].*[.`)]$/s);
  });

  it('names its codes in capitals, in one of the families', () => {
    expect(CODES.filter((code) => !/^[A-Z]+(_[A-Z]+)+$/.test(code))).toEqual([]);
  });
});

describe('TaskSystemError', () => {
  it.each(CODES)('%s carries what the catalogue says about it', (code) => {
    const error = new TaskSystemError(code, 'task t-1 did it');
    const entry = ERROR_CATALOGUE[code];
    expect(error).toMatchObject({ name: 'TaskSystemError', code, retryable: entry.retryable, details: {} });
    expect(error.message).toBe(`${entry.summary} task t-1 did it. ${entry.fix}`);
  });

  it('does not double the full stop', () => {
    expect(new TaskSystemError('QUEUE_FULL', 'It holds 5 tasks! ').message).toContain('5 tasks! Submit later');
  });

  it('keeps details and cause', () => {
    const cause = new RangeError('deep');
    const error = new TaskSystemError('STORE_FAILED', 'x', { path: '/db' }, { cause });
    expect(error.details).toEqual({ path: '/db' });
    expect(error.cause).toBe(cause);
  });

  it('becomes its serialised form in JSON', () => {
    const error = new TaskSystemError('TASK_TIMEOUT', 'x', { timeoutMs: 5 });
    expect(JSON.parse(JSON.stringify(error))).toEqual(serializeError(error));
  });
});

describe('TaskSystemError.isInstance', () => {
  it('recognises an error of another copy of the package', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('task-system.error')]: true });
    expect(TaskSystemError.isInstance(foreign)).toBe(true);
  });

  it.each([new Error('x'), null, undefined, 'text', {}])('says no to %s', (value) => {
    expect(TaskSystemError.isInstance(value)).toBe(false);
  });
});

describe('serializeError', () => {
  it('keeps name, message, code, stack and the chain of causes', () => {
    class PaymentError extends Error {
      override readonly name = 'PaymentError';
      readonly code = 'E_CARD';
    }
    const error = new PaymentError('declined', { cause: new TypeError('no card') });
    expect(serializeError(error)).toMatchObject({
      name: 'PaymentError', message: 'declined', code: 'E_CARD', stack: expect.stringContaining('declined'), cause: { name: 'TypeError', message: 'no card' },
    });
  });

  it.each([
    ['a string', 'boom', 'boom'], ['undefined', undefined, 'undefined'], ['null', null, 'null'], ['a number', 7, '7'],
    ['an object', { a: 1 }, '{"a":1}'], ['a symbol', Symbol('s'), 'Symbol(s)'],
  ])('describes %s that was thrown', (_kind, thrown, message) => {
    expect(serializeError(thrown)).toEqual({ name: 'NonError', message });
  });

  it('survives an error whose properties throw', () => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'message', { get() { throw new Error('no'); } });
    expect(serializeError(hostile)).toEqual({ name: 'Error', message: 'an error that cannot be read (its properties throw)' });
  });

  it('survives a thrown object that refers to itself', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(serializeError(loop).message).toContain('cannot be read');
  });

  it('ends a chain of causes that refers to itself', () => {
    const error = new Error('again');
    error.cause = error;
    let depth = 0;
    for (let link: SerializedError | undefined = serializeError(error); link !== undefined; link = link.cause) depth++;
    expect(depth).toBe(9);
  });

  it('cuts texts of any length, and says so', () => {
    const { message } = serializeError(new Error('x'.repeat(1_000_000)));
    expect(message.length).toBeLessThan(17_000);
    expect(message).toMatch(/… \(1000000 characters\)$/);
  });

  it.each([
    ['that are not JSON', { size: 1n }], ['that are too large', { text: 'x'.repeat(20_000) }], ['that are a list', [1, 2]], ['that are a function', () => 1],
  ])('leaves out details %s', (_kind, details) => {
    expect(serializeError(Object.assign(new Error('x'), { details }))).not.toHaveProperty('details');
  });

  it('takes an error whose name is not a string', () => {
    expect(serializeError(Object.assign(new Error('x'), { name: 42 })).name).toBe('42');
  });
});

describe('deserializeError', () => {
  it('rebuilds a coded error as TaskSystemError, with its old message', () => {
    const error = deserializeError(serializeError(new TaskSystemError('TASK_CRASHED', 'exit code 7', { exitCode: 7 })));
    expect(error).toBeInstanceOf(TaskSystemError);
    expect(error).toMatchObject({ code: 'TASK_CRASHED', details: { exitCode: 7 }, retryable: true, message: expect.stringContaining('exit code 7.') });
  });

  it('rebuilds any other error with its name and code', () => {
    const error = deserializeError({ name: 'PaymentError', message: 'declined', code: 'E_CARD' });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'PaymentError', message: 'declined', code: 'E_CARD' });
    expect(TaskSystemError.isInstance(error)).toBe(false);
  });

  it('does not take an inherited property for a code of the catalogue', () => {
    expect(TaskSystemError.isInstance(deserializeError({ name: 'E', message: 'm', code: 'constructor' }))).toBe(false);
  });

  it('gives back what was serialised', () => {
    fc.assert(fc.property(serializedErrors(), (data) => {
      expect(serializeError(deserializeError(data))).toEqual(data);
    }));
  });
});

/** Errors as they come out of `serializeError`: a coded one says itself whether it is retryable. */
function serializedErrors(): fc.Arbitrary<SerializedError> {
  const text = fc.string({ unit: 'grapheme', maxLength: 50 });
  const details = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => parseJson(JSON.stringify(value))).filter(isJsonObject);
  const plain = fc.record({ name: text, message: text, stack: text, code: text.filter((code) => !isCatalogued(code)) }, { requiredKeys: ['name', 'message', 'stack'] });
  const coded = fc.record({ code: fc.constantFrom<ErrorCode>(...CODES), message: text, stack: text, details })
    .map((fields) => ({ name: 'TaskSystemError', ...fields, retryable: ERROR_CATALOGUE[fields.code].retryable }));
  return fc.array(fc.oneof(plain, coded), { minLength: 1, maxLength: 8 }).map((chain) => chainOf(chain));
}

/** Makes each error the cause of the one before it. */
function chainOf([first = { name: 'Error', message: '' }, ...rest]: readonly SerializedError[]): SerializedError {
  return rest.length === 0 ? first : { ...first, cause: chainOf(rest) };
}
