import { describe, expect, it } from 'vitest';
import { newRecord, numberOf, optionalNumber, optionalText, textOf, toRecord, toRow } from '../../../src/lib/task-system/store/sqlite/rows.ts';
import { thrownBy } from '../../support/thrown.ts';
import { newTask } from '../support.ts';

describe('toRow', () => {
  it('stores nothing for empty overrides and metadata', () => {
    expect(toRow(newRecord(newTask('a'), undefined)).slice(-7, -4)).toEqual([null, null, '{"a":1}']);
    expect(toRow(newRecord(newTask('a', { overrides: { timeoutMs: 1 }, metadata: { x: 1 } }), undefined)).slice(-7, -4)).toEqual(['{"timeoutMs":1}', '{"x":1}', '{"a":1}']);
  });

  it.each([[{}, 1], [{ runAt: 1_000 }, 1], [{ runAt: 1_001 }, 0]])('marks a queued task with %j as ready: %i', (rest, ready) => {
    expect(toRow(newRecord(newTask('a', rest), undefined))[4]).toBe(ready);
  });

  it('never marks a running task as ready', () => {
    expect(toRow(newRecord(newTask('a'), 'host'))[4]).toBe(0);
  });
});

describe('toRecord', () => {
  const row = { id: 'a', type: 't', project: 'p', state: 'queued', order_key: 1, priority: 0, max_attempts: 1, attempt: 0, fence: 0, root_id: 'a', created_at: 1, interruptions: 0, input: '{}' };

  it('leaves out what is not there', () => {
    expect(toRecord(row)).toEqual({
      id: 'a', type: 't', project: 'p', state: 'queued', orderKey: 1, priority: 0, maxAttempts: 1, attempt: 0, fence: 0, rootId: 'a', createdAt: 1,
      interruptions: 0, inputJson: '{}', overrides: {}, metadata: {},
    });
  });

  it.each([['state', 'lost'], ['id', 7], ['attempt', 'many'], ['input', null], ['owner', 7], ['run_at', 'soon']])('refuses a row whose %s is %j', (column, value) => {
    const error = thrownBy(() => toRecord({ ...row, [column]: value }));
    expect(error).toMatchObject({ code: 'STORE_CORRUPT', details: { column } });
  });
});

describe('the columns of a row', () => {
  it('may be empty only where they are optional', () => {
    expect([optionalText({ a: null }, 'a'), optionalText({}, 'a'), optionalNumber({ a: null }, 'a'), optionalNumber({ a: 0 }, 'a'), optionalText({ a: '' }, 'a')]).toEqual([undefined, undefined, undefined, 0, '']);
    expect(thrownBy(() => textOf({ a: null }, 'a')).message).toContain('"a" holds nothing');
    expect(thrownBy(() => numberOf({ a: '1' }, 'a')).message).toContain('"a" holds string');
    expect(thrownBy(() => numberOf(undefined, 'a')).code).toBe('STORE_CORRUPT');
  });
});
