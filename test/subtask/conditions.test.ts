import { describe, expect, it } from 'vitest';
import { metConditions, parseConditions, type Condition } from '../../src/lib/task-system/subtask/conditions.ts';
import type { TaskState } from '../../src/lib/task-system/types/TaskState.ts';
import { thrownBy } from '../support/thrown.ts';

const children = new Set(['a', 'b', 'c']);
const states = (record: Record<string, TaskState>): ReadonlyMap<string, TaskState> => new Map(Object.entries(record));

describe('parseConditions', () => {
  it('reads what a handler waits for', () => {
    expect(parseConditions({ conditions: [{ until: 'all', ids: ['a', 'b'] }, { until: 'settled', ids: [] }] }, children)).toEqual([{ until: 'all', ids: ['a', 'b'] }, { until: 'settled', ids: [] }]);
  });

  it.each([[null], [{}], [{ conditions: 'a' }], [{ conditions: [null] }], [{ conditions: [{ until: 'soon', ids: [] }] }], [{ conditions: [{ until: 'all' }] }]])('refuses %j', (params) => {
    expect(thrownBy(() => parseConditions(params, children)).code).toBe('TASK_PROTOCOL');
  });

  it.each([['stranger'], [7], [null]])('refuses to wait for %j, which is no child', (id) => {
    expect(thrownBy(() => parseConditions({ conditions: [{ until: 'all', ids: [id] }] }, children)).code).toBe('TASK_NOT_FOUND');
  });
});

describe('metConditions', () => {
  it.each<[Condition['until'], Record<string, TaskState>, object | undefined]>([
    ['settled', { a: 'completed', b: 'running' }, undefined],
    ['settled', { a: 'completed', b: 'failed' }, {}],
    ['all', { a: 'completed', b: 'waiting' }, undefined],
    ['all', { a: 'running', b: 'failed' }, { failed: 'b' }],
    ['all', { a: 'cancelled', b: 'queued' }, { failed: 'a' }],
    ['all', { a: 'completed', b: 'completed' }, {}],
    ['any', { a: 'failed', b: 'queued' }, undefined],
    ['any', { a: 'running', b: 'completed' }, { done: 'b' }],
    ['any', { a: 'failed', b: 'cancelled' }, {}],
  ])('until %s of %j: %j', (until, now, decided) => {
    expect(metConditions([{ until, ids: ['a', 'b'] }], states(now))).toEqual(decided === undefined ? [] : [{ index: 0, ...decided }]);
  });

  it('takes a child that is gone for one that failed', () => {
    expect(metConditions([{ until: 'all', ids: ['a'] }], states({}))).toEqual([{ index: 0, failed: 'a' }]);
  });

  it('names the conditions by their places', () => {
    const conditions: Condition[] = [{ until: 'settled', ids: ['a'] }, { until: 'settled', ids: ['b'] }, { until: 'settled', ids: ['c'] }];
    expect(metConditions(conditions, states({ a: 'running', b: 'completed', c: 'failed' })).map(({ index }) => index)).toEqual([1, 2]);
  });
});
