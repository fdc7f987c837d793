import { describe, expect, it } from 'vitest';
import { parseAnswerOptions, parseApprovalListOptions, parseCloseOptions, parseListOptions, parseSubmitOptions, requireTaskType } from '../../src/lib/task-system/types/parseCalls.ts';
import { PRIORITY_LEVELS } from '../../src/lib/task-system/types/Task.ts';
import { thrownBy } from '../support/thrown.ts';

function submitProblem(fields: object): unknown {
  const error = thrownBy(() => parseSubmitOptions({ type: 'research', ...fields }));
  expect(error.code).toBe('SUBMIT_INVALID');
  return error.details['problems'];
}

describe('parseSubmitOptions', () => {
  it('fills in everything but the type', () => {
    expect(parseSubmitOptions({ type: 'research' })).toEqual({
      type: 'research', project: 'default', input: null, priority: 0, delayMs: 0, overrides: {}, metadata: {},
    });
  });

  it('keeps what is given', () => {
    const given = { type: 'research', project: 'acme', input: [1, { a: null }], priority: 7, delayMs: 5, idempotencyKey: 'k', parentId: 'p', metadata: { by: 'me' } };
    expect(parseSubmitOptions(given)).toEqual({ ...given, overrides: {} });
  });

  it('collects what goes over the settings of the type', () => {
    const { overrides } = parseSubmitOptions({ type: 'research', timeoutMs: 100, retry: { maxAttempts: 2 } });
    expect(overrides).toEqual({ timeoutMs: 100, retry: { maxAttempts: 2 } });
  });

  it.each(Object.entries(PRIORITY_LEVELS))('turns the priority %s into level %i', (priority, level) => {
    expect(parseSubmitOptions({ type: 'research', priority }).priority).toBe(level);
  });

  it.each([-100, 0, 100])('takes %i as priority', (priority) => {
    expect(parseSubmitOptions({ type: 'research', priority }).priority).toBe(priority);
  });

  it.each([0, false, '', null])('keeps the input %j as it is', (input) => {
    expect(parseSubmitOptions({ type: 'research', input }).input).toBe(input);
  });

  it('takes undefined for any optional field', () => {
    const fields = { project: undefined, input: undefined, priority: undefined, delayMs: undefined, idempotencyKey: undefined, parentId: undefined, timeoutMs: undefined, retry: undefined, metadata: undefined };
    expect(parseSubmitOptions({ type: 'research', ...fields })).toEqual(parseSubmitOptions({ type: 'research' }));
  });

  it('copies metadata as JSON would give it back', () => {
    const metadata = { when: new Date(0), none: undefined, deep: { list: [1] } };
    const parsed = parseSubmitOptions({ type: 'research', metadata });
    metadata.deep.list.push(2);
    expect(parsed.metadata).toEqual({ when: '1970-01-01T00:00:00.000Z', deep: { list: [1] } });
  });

  it.each([
    ['type', { type: 3 }, 'expected the name of a task type, got 3'],
    ['type', { type: undefined }, 'expected the name of a task type, got nothing'],
    ['priority', { priority: 'hihg' }, 'expected "low", "normal", "high", "urgent" or an integer from -100 to 100, got "hihg" (string)'],
    ['priority', { priority: 101 }, 'expected "low", "normal", "high", "urgent" or an integer from -100 to 100, got 101'],
    ['priority', { priority: 'toString' }, 'expected "low", "normal", "high", "urgent" or an integer from -100 to 100, got "toString" (string)'],
    ['delayMs', { delayMs: -1 }, 'expected a number of milliseconds from 0 to 3155760000000 (100 years), got -1'],
    ['timeoutMs', { timeoutMs: 0 }, 'expected a number of milliseconds from 1 to 3155760000000 (100 years), got 0'],
    ['idempotencyKey', { idempotencyKey: '' }, 'expected a text of 1 to 256 characters, got "" (string)'],
    ['parentId', { parentId: 9 }, 'expected a text of 1 to 128 characters, got 9'],
    ['retry.maxAttempts', { retry: { maxAttempts: 0 } }, 'expected an integer >= 1, got 0'],
    ['metadata', { metadata: [] }, 'expected an object of JSON values, up to 16384 bytes as JSON, got an array'],
    ['metadata', { metadata: { big: 1n } }, 'expected an object of JSON values, up to 16384 bytes as JSON, got an object'],
    ['metadata', { metadata: { text: 'x'.repeat(16_384) } }, 'expected an object of JSON values, up to 16384 bytes as JSON, got an object'],
    ['prioritty', { prioritty: 1 }, 'unknown option, did you mean "priority"?'],
    ['maxAttempts', { maxAttempts: 3 }, 'unknown option here, did you mean "retry.maxAttempts"?'],
  ])('refuses a wrong %s', (path, fields, message) => {
    expect(submitProblem(fields)).toEqual([{ path, message }]);
  });

  it('refuses metadata that refers to itself', () => {
    const metadata: Record<string, unknown> = {};
    metadata['self'] = metadata;
    expect(submitProblem({ metadata })).toHaveLength(1);
  });

  it('names all problems at once', () => {
    expect(submitProblem({ priority: null, delayMs: 'soon', project: 'a/b' })).toHaveLength(3);
  });

  it('refuses a project name by its own code when nothing else is wrong', () => {
    expect(thrownBy(() => parseSubmitOptions({ type: 'research', project: '../secrets' })).code).toBe('PROJECT_NAME_INVALID');
  });

  it.each([undefined, null, 'research', 4])('refuses %j in place of a submission', (value) => {
    expect(thrownBy(() => parseSubmitOptions(value)).code).toBe('SUBMIT_INVALID');
  });
});

describe('parseListOptions', () => {
  it.each([undefined, {}])('asks for 50 tasks when given %j', (value) => {
    expect(parseListOptions(value)).toEqual({ limit: 50 });
  });

  it('keeps what is given', () => {
    const given = { project: 'acme', state: 'failed', parentId: 'p', limit: 1_000, cursor: 'c' };
    expect(parseListOptions(given)).toEqual(given);
  });

  it.each([
    [{ limit: 0 }, 'limit: expected an integer from 1 to 1000, got 0'],
    [{ limit: 1_001 }, 'limit: expected an integer from 1 to 1000, got 1001'],
    [{ state: 'done' }, 'state: expected one of "queued", "running", "waiting", "completed", "failed", "cancelled", got "done" (string)'],
    [{ status: 'failed' }, 'status: unknown option, did you mean "state"?'],
    [{ project: '' }, 'project: expected a name of 1 to 128 characters'],
    [{ cursor: 1 }, 'cursor: expected the nextCursor of a page, got 1'],
  ])('refuses %j', (value, message) => {
    const error = thrownBy(() => parseListOptions(value));
    expect(error.code).toBe('OPTIONS_INVALID');
    expect(error.message).toContain(message);
  });
});

describe('parseCloseOptions', () => {
  it('gives running tasks 10 seconds when nothing is said', () => {
    expect(parseCloseOptions(undefined)).toEqual({ graceMs: 10_000 });
  });

  it('takes no grace at all', () => {
    expect(parseCloseOptions({ graceMs: 0 })).toEqual({ graceMs: 0 });
  });

  it('refuses a negative grace and a bare number', () => {
    expect(thrownBy(() => parseCloseOptions({ graceMs: -1 })).code).toBe('OPTIONS_INVALID');
    expect(thrownBy(() => parseCloseOptions(500)).message).toContain('expected an object, got 500');
  });
});

describe('requireTaskType', () => {
  const types = new Map([['research', 1], ['summarise', 2]]);

  it('returns the type with the name', () => {
    expect(requireTaskType(types, 'summarise')).toBe(2);
  });

  it('suggests the nearest name', () => {
    const error = thrownBy(() => requireTaskType(types, 'reserch'));
    expect(error.code).toBe('TASK_TYPE_UNKNOWN');
    expect(error.message).toContain('got "reserch"; did you mean "research"?');
  });

  it('lists the known names when none is near', () => {
    expect(thrownBy(() => requireTaskType(types, 'cook')).message).toContain('known are "research", "summarise"');
    expect(thrownBy(() => requireTaskType(new Map(), 'cook')).message).toContain('known are none');
  });
});

describe('parseAnswerOptions', () => {
  it('fills in who answers, and that it counts once', () => {
    expect([parseAnswerOptions(undefined), parseAnswerOptions({ reason: 'r' })]).toEqual([{ by: 'the application', remember: 'once' }, { by: 'the application', remember: 'once', reason: 'r' }]);
  });

  it('keeps what is given', () => {
    expect(parseAnswerOptions({ by: 'anna', reason: 'r', remember: 'task' })).toEqual({ by: 'anna', reason: 'r', remember: 'task' });
  });

  it.each([{ by: '' }, { by: 7 }, { by: 'x'.repeat(257) }, { reason: '' }, { reason: 'x'.repeat(1_025) }, { remember: 'always' }, { more: 1 }, 'yes', []])('refuses %j', (options) => {
    expect(thrownBy(() => parseAnswerOptions(options)).code).toBe('OPTIONS_INVALID');
  });
});

describe('parseApprovalListOptions', () => {
  it('gives those that are open, unless another state is asked for', () => {
    expect([parseApprovalListOptions(undefined), parseApprovalListOptions({ state: 'denied', taskId: 't', project: 'p', limit: 5 })]).toEqual([
      { state: 'open', limit: 100 }, { state: 'denied', taskId: 't', project: 'p', limit: 5 },
    ]);
  });

  it.each([{ state: 'maybe' }, { limit: 0 }, { limit: 1_001 }, { taskId: '' }, { project: 'a/b' }, { more: 1 }])('refuses %j', (options) => {
    expect(thrownBy(() => parseApprovalListOptions(options)).code).toBe('OPTIONS_INVALID');
  });
});
