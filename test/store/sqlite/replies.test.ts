import { describe, expect, it } from 'vitest';
import { eventsOf, firstChange, firstRecord, toTreeChange, treeChange } from '../../../src/lib/task-system/store/sqlite/replies.ts';
import type { Row, WireChange } from '../../../src/lib/task-system/store/sqlite/wire.ts';
import type { TaskState } from '../../../src/lib/task-system/types/TaskState.ts';
import { startEvent } from '../../realtime/helpers.ts';

const rowOf = (id: string, state: TaskState = 'completed'): Row => ({ id, type: 't', project: 'p', state, order_key: 1, priority: 0, max_attempts: 1, attempt: 1, fence: 1, root_id: id, created_at: 1, interruptions: 0, input: '{}' });
const textOf = (offset: number): string => JSON.stringify(startEvent(offset));
const change = (id: string, offset: number, more: Partial<WireChange> = {}): WireChange => ({ row: rowOf(id), events: [textOf(offset)], ...more });

describe('firstChange', () => {
  it('is nothing where nothing was changed', () => {
    expect([firstChange({}), firstChange({ changes: [] })]).toEqual([undefined, undefined]);
  });

  it('is what was asked for, and not what follows', () => {
    expect(firstChange({ changes: [change('a', 1), change('b', 2)] })).toMatchObject({ task: { id: 'a' }, events: [{ offset: 1 }] });
  });
});

describe('treeChange', () => {
  it('is nothing where nothing happened to the task', () => {
    expect([treeChange({}, 'a'), treeChange({ changes: [change('b', 1)] }, 'a')]).toEqual([undefined, undefined]);
  });

  it('finds the task behind its children, which were cancelled before', () => {
    const found = treeChange({ changes: [change('child', 1), change('a', 2)] }, 'a');
    expect([found?.task.id, found?.others.map(({ task }) => task.id)]).toEqual(['a', ['child']]);
  });

  it('shows the task as it was left, with all that was told of it, from where it began', () => {
    const changes = [change('a', 1, { row: rowOf('a', 'waiting'), from: 'running' }), change('b', 2), change('a', 3, { row: rowOf('a', 'completed'), from: 'waiting' })];
    expect(treeChange({ changes }, 'a')).toMatchObject({ task: { state: 'completed' }, from: 'running', events: [{ offset: 1 }, { offset: 3 }] });
  });

  it('says whom to stop', () => {
    expect(treeChange({ changes: [change('a', 1)] }, 'a')?.stops).toEqual([]);
  });
});

describe('toTreeChange', () => {
  it('takes a task for one that ran, unless it is told otherwise', () => {
    expect([toTreeChange(change('a', 1)).from, toTreeChange(change('a', 1, { from: 'queued' })).from]).toEqual(['running', 'queued']);
  });
});

describe('firstRecord and eventsOf', () => {
  it('are nothing of an empty reply', () => {
    expect([firstRecord({}), eventsOf({})]).toEqual([undefined, []]);
  });

  it('read what the engine wrote', () => {
    expect([firstRecord({ rows: [rowOf('a'), rowOf('b')] })?.id, eventsOf({ events: [textOf(1), textOf(2)] }).map(({ offset }) => offset)]).toEqual(['a', [1, 2]]);
  });

  it('say which column of a damaged row they cannot read', () => {
    expect(() => firstRecord({ rows: [{ ...rowOf('a'), project: null }] })).toThrow('project');
  });
});
