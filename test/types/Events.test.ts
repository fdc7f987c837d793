import { describe, expect, it } from 'vitest';
import { EVENT_IS_STORED, EVENT_TYPES, isEventType, isTerminalEvent, TERMINAL_EVENTS, type TaskEvent } from '../../src/lib/task-system/types/Events.ts';

const ENVELOPE = { epoch: 'e', offset: 1, time: 0, taskId: 't', project: 'p', taskType: 'research', rootId: 't', attempt: 1 } as const;

describe('EVENT_TYPES', () => {
  it('names the events of a task', () => {
    expect(EVENT_TYPES).toEqual([
      'task:create', 'task:start', 'task:progress', 'task:tool:start', 'task:tool:end', 'task:approval', 'task:approval:end', 'task:complete', 'task:error', 'task:cancel', 'task:retry',
      'task:wait', 'task:resume', 'task:log', 'task:usage', 'task:context', 'task:memory', 'task:model:start', 'task:text', 'task:model:end', 'task:warning', 'task:network:denied',
    ]);
  });
});

describe('EVENT_IS_STORED', () => {
  it('leaves out only what comes in numbers', () => {
    expect(EVENT_TYPES.filter((type) => !EVENT_IS_STORED[type])).toEqual(['task:progress', 'task:log', 'task:usage', 'task:text']);
  });

  it.each(TERMINAL_EVENTS)('keeps %s, which ends a task', (type) => {
    expect(EVENT_IS_STORED[type]).toBe(true);
  });
});

describe('isEventType', () => {
  it.each(EVENT_TYPES)('knows %s', (type) => {
    expect(isEventType(type)).toBe(true);
  });

  it.each(['', '*', 'task:unknown', 'toString', '__proto__'])('does not know %j', (name) => {
    expect(isEventType(name)).toBe(false);
  });
});

describe('isTerminalEvent', () => {
  const ended: readonly TaskEvent[] = [
    { ...ENVELOPE, type: 'task:complete', data: { durationMs: 1, resultBytes: 4, result: null } },
    { ...ENVELOPE, type: 'task:error', data: { durationMs: 1, error: { name: 'E', message: 'm' } } },
    { ...ENVELOPE, type: 'task:cancel', data: { durationMs: 1, reason: 'r' } },
  ];
  const going: readonly TaskEvent[] = [
    { ...ENVELOPE, type: 'task:start', data: { queuedMs: 1 } },
    { ...ENVELOPE, type: 'task:retry', data: { cause: 'failed', delayMs: 1, error: { name: 'E', message: 'm' } } },
    { ...ENVELOPE, type: 'task:wait', data: { children: 2 } },
  ];

  it.each(ended)('says that $type ended the task', (event) => {
    expect(isTerminalEvent(event)).toBe(true);
  });

  it.each(going)('says that $type did not', (event) => {
    expect(isTerminalEvent(event)).toBe(false);
  });
});
