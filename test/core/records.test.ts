import { describe, expect, it } from 'vitest';
import { newTaskView, toTask } from '../../src/lib/task-system/core/records.ts';
import { makeRecord } from './makers.ts';

describe('toTask', () => {
  it('reads input and result', () => {
    const task = toTask(makeRecord({ state: 'completed', resultJson: '{"pages":3}' }));
    expect([task.input, task.result]).toEqual([{ topic: 'bees' }, { pages: 3 }]);
  });

  it('has no result before there is one', () => {
    expect(toTask(makeRecord())).not.toHaveProperty('result');
  });

  it('shows a result of null', () => {
    expect(toTask(makeRecord({ state: 'completed', resultJson: 'null' }))).toHaveProperty('result', null);
  });

  it('hides what is the business of store and runner', () => {
    const task = toTask(makeRecord({ resultJson: '1' }));
    for (const name of ['inputJson', 'resultJson', 'overrides', 'orderKey', 'fence', 'owner']) expect(task).not.toHaveProperty(name);
  });

  it('keeps everything else', () => {
    const record = makeRecord({ parentId: 'p', retryOf: 'r', idempotencyKey: 'k', runAt: 5, finishedAt: 9, error: { name: 'E', message: 'm' }, metadata: { user: 1 } });
    const { inputJson: _inputJson, overrides: _overrides, orderKey: _orderKey, fence: _fence, owner: _owner, ...rest } = record;
    expect(toTask(record)).toEqual({ ...rest, input: { topic: 'bees' } });
  });

  it('prefers the live progress to the stored one', () => {
    const record = makeRecord({ progress: { percent: 10 } });
    expect(toTask(record).progress).toEqual({ percent: 10 });
    expect(toTask(record, { percent: 60, message: 'reading' }).progress).toEqual({ percent: 60, message: 'reading' });
  });
});

describe('newTaskView', () => {
  it('shows a task that is not stored yet as queued and never tried', () => {
    const { state: _state, attempt: _attempt, interruptions: _interruptions, fence: _fence, owner: _owner, startedAt: _startedAt, ...task } = makeRecord();
    expect(newTaskView(task)).toMatchObject({ id: 'task-1', state: 'queued', attempt: 0, interruptions: 0, input: { topic: 'bees' } });
    expect(newTaskView(task)).not.toHaveProperty('fence');
  });
});
