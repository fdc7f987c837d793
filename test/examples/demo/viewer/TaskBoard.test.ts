import type { TaskEvent } from 'task-system';
import { describe, expect, it } from 'vitest';
import { TaskBoard } from '../../../../examples/demo/viewer/TaskBoard.ts';
import { eventLog } from './events.ts';

const failure = { name: 'Error', message: 'no luck' };

describe('TaskBoard', () => {
  it('follows a task from its submission to its end', () => {
    const event = eventLog();
    const board = boardOf([
      event('a', { type: 'task:create', data: { priority: 1 } }, { time: 100 }),
      event('a', { type: 'task:start', data: { queuedMs: 50 } }, { time: 150 }),
      event('a', { type: 'task:progress', data: { percent: 40, message: 'reading', data: { label: 'src' } } }, { time: 200 }),
    ]);
    expect(board.get('a')).toMatchObject({ state: 'running', priority: 1, attempts: 1, percent: 40, message: 'reading', label: 'src', waitedMs: 50, startedAt: 150 });
    board.apply(event('a', { type: 'task:complete', data: { durationMs: 100, resultBytes: 2 } }, { time: 250 }));
    expect(board.get('a')).toMatchObject({ state: 'completed', percent: 100, ranMs: 100, finishedAt: 250, startedAt: undefined });
  });

  it('adds up the time of all attempts and keeps the first wait', () => {
    const event = eventLog();
    const board = boardOf([
      event('a', { type: 'task:create', data: { priority: 0 } }, { time: 0 }),
      event('a', { type: 'task:start', data: { queuedMs: 10 } }, { time: 10 }),
      event('a', { type: 'task:retry', data: { cause: 'failed', delayMs: 500, error: failure } }, { time: 30 }),
      event('a', { type: 'task:start', data: { queuedMs: 0 } }, { time: 600, attempt: 2 }),
      event('a', { type: 'task:error', data: { durationMs: 5, error: failure } }, { time: 605 }),
    ]);
    expect(board.get('a')).toMatchObject({ state: 'failed', attempts: 2, interruptions: 0, waitedMs: 10, ranMs: 25, message: 'no luck' });
  });

  it('counts an attempt that died with its host up to its last sign of life', () => {
    const event = eventLog();
    const board = boardOf([
      event('a', { type: 'task:create', data: { priority: 0 } }, { time: 0 }),
      event('a', { type: 'task:start', data: { queuedMs: 0 } }, { time: 10 }),
      event('a', { type: 'task:progress', data: { percent: 50 } }, { time: 40 }),
      event('a', { type: 'task:retry', data: { cause: 'interrupted', delayMs: 0, error: failure } }, { time: 9_000 }),
    ]);
    expect(board.get('a')).toMatchObject({ state: 'queued', interruptions: 1, ranMs: 30, percent: 0 });
  });

  it('takes no notice of stored events that come again, nor of progress after the end', () => {
    const event = eventLog();
    const started = event('a', { type: 'task:start', data: { queuedMs: 0 } }, { time: 10 });
    const ended = event('a', { type: 'task:cancel', data: { reason: 'enough', durationMs: 1 } }, { time: 20 });
    const board = boardOf([started, ended]);
    expect(board.apply(started)).toBeUndefined();
    board.apply(event('a', { type: 'task:progress', data: { percent: 90 } }));
    expect(board.get('a')).toMatchObject({ state: 'cancelled', ranMs: 10, percent: 0, message: 'enough' });
  });

  it('learns from a report what its scans work on, before or after it has seen them', () => {
    const event = eventLog();
    const board = boardOf([
      event('s1', { type: 'task:create', data: { priority: 0 } }),
      event('r', { type: 'task:complete', data: { durationMs: 1, resultBytes: 1, result: { scans: [{ id: 's1', label: 'src' }, { id: 's2', label: 'docs' }, null, { id: 3 }] } } }),
      event('s2', { type: 'task:create', data: { priority: 0 } }),
    ]);
    expect(board.get('s1')?.label).toBe('src');
    expect(board.get('s2')?.label).toBe('docs');
  });

  it('remembers how many ran at once', () => {
    const event = eventLog();
    const start = (id: string): TaskEvent => event(id, { type: 'task:start', data: { queuedMs: 0 } });
    const end = (id: string): TaskEvent => event(id, { type: 'task:complete', data: { durationMs: 1, resultBytes: 1 } });
    const board = boardOf([start('a'), start('b'), end('a'), start('c'), end('b'), end('c')]);
    expect(board.mostRunning).toBe(2);
    expect(board.count('completed')).toBe(3);
  });

  it('shows a parent that waits for its children as waiting', () => {
    const event = eventLog();
    const board = boardOf([event('a', { type: 'task:start', data: { queuedMs: 0 } }), event('a', { type: 'task:wait', data: { children: 2 } })]);
    expect(board.get('a')?.state).toBe('waiting');
    board.apply(event('a', { type: 'task:resume', data: {} }));
    expect(board.get('a')?.state).toBe('running');
  });
});

function boardOf(events: readonly TaskEvent[]): TaskBoard {
  const board = new TaskBoard();
  for (const event of events) board.apply(event);
  return board;
}
