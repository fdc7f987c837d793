import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { LiveTasks } from '../../../src/lib/task-system/realtime/EventEmitter/LiveTasks.ts';
import type { TaskEventOf } from '../../../src/lib/task-system/types/Events.ts';
import type { JsonValue } from '../../../src/lib/task-system/types/Json.ts';
import { progressEvent } from '../helpers.ts';

function logEvent(text: string, data?: JsonValue): TaskEventOf<'task:log'> {
  return {
    epoch: 'epoch-1', offset: 0, time: 0, taskId: 'task-1', project: 'acme', taskType: 'research', rootId: 'task-1', attempt: 1,
    type: 'task:log', data: { stream: 'log', level: 'info', text, ...(data === undefined ? {} : { data }) },
  };
}

function textsOf(live: LiveTasks): readonly string[] {
  return live.get('task-1')?.logs.map(({ data }) => data.text) ?? [];
}

describe('LiveTasks.remember', () => {
  it('keeps at most 200 log lines by default, the newest', () => {
    const live = new LiveTasks();
    for (let line = 1; line <= 250; line += 1) live.remember(logEvent(String(line)));
    expect(textsOf(live)).toHaveLength(200);
    expect(textsOf(live)[0]).toBe('51');
  });

  it('keeps at most 64 Ki characters by default', () => {
    const live = new LiveTasks();
    for (let line = 1; line <= 10; line += 1) live.remember(logEvent('x'.repeat(10_000)));
    expect(textsOf(live)).toHaveLength(6);
  });

  it('counts the data of a line as well as its text', () => {
    const live = new LiveTasks({ maxLines: 10, maxCharacters: 20 });
    live.remember(logEvent('first'));
    live.remember(logEvent('second', 'x'.repeat(10)));
    expect(textsOf(live)).toEqual(['second']);
  });

  it('keeps no line that alone is above the bound', () => {
    const live = new LiveTasks({ maxLines: 10, maxCharacters: 20 });
    live.remember(logEvent('x'.repeat(21)));
    live.remember(logEvent('short'));
    expect(textsOf(live)).toEqual(['short']);
  });

  it('keeps the longest end of the log that fits the bounds', () => {
    fc.assert(fc.property(fc.array(fc.nat(30), { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 60 }), (lengths, maxLines, maxCharacters) => {
      const live = new LiveTasks({ maxLines, maxCharacters });
      for (const length of lengths) live.remember(logEvent('x'.repeat(length)));
      const kept = textsOf(live).map((text) => text.length);
      const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
      expect(kept).toEqual(kept.length === 0 ? [] : lengths.slice(-kept.length));
      expect(kept.length).toBeLessThanOrEqual(maxLines);
      expect(total(kept)).toBeLessThanOrEqual(maxCharacters);
      if (kept.length < Math.min(lengths.length, maxLines)) expect(total(lengths.slice(-(kept.length + 1)))).toBeGreaterThan(maxCharacters);
    }));
  });
});

describe('LiveTasks.forget', () => {
  it('drops everything about the task and nothing about others', () => {
    const live = new LiveTasks();
    live.remember(progressEvent(0, 10, 'a'));
    live.remember(progressEvent(0, 10, 'b'));
    live.forget('a');
    live.forget('never seen');
    expect(live.get('a')).toBeUndefined();
    expect(live.get('b')).toBeDefined();
    expect(live.size).toBe(1);
  });
});
