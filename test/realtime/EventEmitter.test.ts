import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { TaskEvents, type EventSubject } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { completeEvent, ManualClock, offsets, progressEvent, RecordingLogger, settle, startEvent } from './helpers.ts';

function setup(offset = 0) {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const log: TaskEvent[] = [];
  const events = new TaskEvents({ epoch: 'epoch-1', offset, clock, logger, readSince: (after, limit) => Promise.resolve(log.filter((event) => event.offset > after).slice(0, limit)) });
  return { events, clock, logger, log };
}

const subject: EventSubject = { taskId: 'task-1', project: 'acme', taskType: 'research', rootId: 'task-1', attempt: 1 };

describe('TaskEvents.on', () => {
  it('calls a listener with the events of its type only', () => {
    const { events } = setup();
    const seen: string[] = [];
    events.on('task:start', (event) => seen.push(event.type));
    events.emit(startEvent(1));
    events.emit(completeEvent(2));
    expect(seen).toEqual(['task:start']);
  });

  it('gives every event to a listener of "*"', () => {
    const { events } = setup();
    const seen: TaskEvent[] = [];
    events.on('*', (event) => seen.push(event));
    events.emit(startEvent(1));
    events.emit(progressEvent(1, 10));
    events.emit(completeEvent(2));
    expect(seen.map(({ type }) => type)).toEqual(['task:start', 'task:progress', 'task:complete']);
  });

  it('calls listeners in order of registration, those of the type before those of "*"', () => {
    const { events } = setup();
    const seen: string[] = [];
    events.on('*', () => seen.push('all'));
    events.on('task:start', () => seen.push('first'));
    events.on('task:start', () => seen.push('second'));
    events.emit(startEvent(1));
    expect(seen).toEqual(['first', 'second', 'all']);
  });

  it('returns a function that removes the listener', () => {
    const { events } = setup();
    const seen: TaskEvent[] = [];
    const remove = events.on('task:start', (event) => seen.push(event));
    remove();
    remove();
    events.emit(startEvent(1));
    expect(seen).toEqual([]);
    expect(events.listenerCount('task:start')).toBe(0);
  });

  it('removes one registration of a listener that was added twice, not both', () => {
    const { events } = setup();
    let calls = 0;
    const listener = (): void => { calls += 1; };
    const removeFirst = events.on('task:start', listener);
    events.on('task:start', listener);
    removeFirst();
    removeFirst();
    events.emit(startEvent(1));
    expect(calls).toBe(1);
  });

  it('does not call a listener any more that another one removed during the same event', () => {
    const { events } = setup();
    const seen: string[] = [];
    events.on('task:start', () => { removeSecond(); });
    const removeSecond = events.on('task:start', () => seen.push('second'));
    events.emit(startEvent(1));
    expect(seen).toEqual([]);
  });

  it('calls a listener that was added during an event from the next event on', () => {
    const { events } = setup();
    const seen: number[] = [];
    const remove = events.on('task:start', () => {
      remove();
      events.on('task:start', (event) => seen.push(event.offset));
    });
    events.emit(startEvent(1));
    events.emit(startEvent(2));
    expect(seen).toEqual([2]);
  });
});

describe('TaskEvents.once', () => {
  it('calls the listener for the next event only', () => {
    const { events } = setup();
    const seen: number[] = [];
    events.once('task:start', (event) => seen.push(event.offset));
    events.emit(startEvent(1));
    events.emit(startEvent(2));
    expect(seen).toEqual([1]);
  });

  it('returns a function that removes the listener before it was called', () => {
    const { events } = setup();
    const seen: number[] = [];
    events.once('task:start', (event) => seen.push(event.offset))();
    events.emit(startEvent(1));
    expect(seen).toEqual([]);
  });

  it('calls a listener that emits the same event only once', () => {
    const { events } = setup();
    const seen: number[] = [];
    events.once('task:start', (event) => {
      seen.push(event.offset);
      events.emit(startEvent(2));
    });
    events.emit(startEvent(1));
    expect(seen).toEqual([1]);
  });
});

describe('TaskEvents.off', () => {
  it('removes every registration of a listener, whether by on or by once', () => {
    const { events } = setup();
    let calls = 0;
    const listener = (): void => { calls += 1; };
    events.on('task:start', listener);
    events.on('task:start', listener);
    events.once('task:start', listener);
    events.off('task:start', listener);
    events.emit(startEvent(1));
    expect(calls).toBe(0);
  });

  it('leaves other types and other listeners alone', () => {
    const { events } = setup();
    const seen: string[] = [];
    const listener = (event: TaskEvent): void => { seen.push(event.type); };
    events.on('task:start', listener);
    events.on('*', listener);
    events.off('task:start', listener);
    events.off('task:complete', listener);
    events.emit(startEvent(1));
    expect(seen).toEqual(['task:start']);
    expect(events.listenerCount('*')).toBe(1);
  });
});

describe('TaskEvents.emit', () => {
  it('goes on to the other listeners when one throws, and logs and counts it', () => {
    const { events, logger } = setup();
    const seen: string[] = [];
    events.on('task:start', () => { throw new TypeError('broken listener'); });
    events.on('task:start', () => seen.push('second'));
    events.on('*', () => seen.push('all'));
    expect(() => { events.emit(startEvent(1)); }).not.toThrow();
    expect(seen).toEqual(['second', 'all']);
    expect(events.listenerErrors).toBe(1);
    expect(logger.lines).toMatchObject([{ level: 'error', details: { error: { name: 'TypeError', message: 'broken listener' } } }]);
  });

  it('logs and counts a listener that rejects', async () => {
    const { events, logger } = setup();
    events.on('task:start', async () => {
      await Promise.resolve();
      throw new RangeError('later');
    });
    events.emit(startEvent(1));
    await settle();
    expect(events.listenerErrors).toBe(1);
    expect(logger.lines).toMatchObject([{ level: 'error', details: { error: { name: 'RangeError', message: 'later' } } }]);
  });

  it('counts a rejected thenable that is not a Promise', async () => {
    const { events } = setup();
    const thenable = { then: (_: unknown, reject: (error: unknown) => void) => { reject(new Error('foreign promise')); } };
    events.on('task:start', () => thenable);
    events.emit(startEvent(1));
    await settle();
    expect(events.listenerErrors).toBe(1);
  });

  it('survives a logger that throws', () => {
    const { events, logger } = setup();
    logger.error = () => { throw new Error('disk full'); };
    events.on('task:start', () => { throw new Error('broken listener'); });
    expect(() => { events.emit(startEvent(1)); }).not.toThrow();
    expect(events.listenerErrors).toBe(1);
  });

  it('advances the offset for stored events only, and never back', () => {
    const { events } = setup(7);
    expect(events.offset).toBe(7);
    events.emit(progressEvent(9, 50));
    expect(events.offset).toBe(7);
    events.emit(startEvent(8));
    events.emit(startEvent(3));
    expect(events.offset).toBe(8);
  });

  it('has advanced the offset by the time listeners are called', () => {
    const { events } = setup();
    const seen: number[] = [];
    events.on('*', () => seen.push(events.offset));
    events.emit(startEvent(1));
    expect(seen).toEqual([1]);
  });

  it('shows every listener the same order when a listener emits', () => {
    const { events } = setup();
    const first: number[] = [];
    const second: number[] = [];
    events.on('task:start', (event) => {
      first.push(event.offset);
      if (event.offset === 1) events.emit(startEvent(2));
    });
    events.on('task:start', (event) => second.push(event.offset));
    events.emit(startEvent(1));
    events.emit(startEvent(3));
    expect(first).toEqual([1, 2, 3]);
    expect(second).toEqual([1, 2, 3]);
  });

  it('keeps the order for all listeners whatever they throw or emit', () => {
    fc.assert(fc.property(fc.array(fc.array(fc.constantFrom('throw', 'emit', 'quiet'), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }), (scripts) => {
      const { events } = setup();
      let offset = 0;
      let left = 20;
      const seen = [0, 1, 2, 3].map((index) => {
        const own: number[] = [];
        events.on('*', (event) => {
          own.push(event.offset);
          const action = scripts[event.offset % scripts.length]?.[index];
          if (action === 'throw') throw new Error('thrown on purpose');
          if (action !== 'emit' || left === 0) return;
          left -= 1;
          offset += 1;
          events.emit(startEvent(offset));
        });
        return own;
      });
      for (const _ of scripts) {
        offset += 1;
        events.emit(startEvent(offset));
      }
      const all = Array.from({ length: offset }, (_, index) => index + 1);
      expect(seen).toEqual([all, all, all, all]);
    }));
  });

  it('works after a listener threw while another event was waiting', () => {
    const { events } = setup();
    const seen: number[] = [];
    events.on('task:start', (event) => {
      if (event.offset === 1) events.emit(startEvent(2));
      throw new Error('broken listener');
    });
    events.on('*', (event) => seen.push(event.offset));
    events.emit(startEvent(1));
    events.emit(startEvent(3));
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('TaskEvents.emitTransient', () => {
  it('builds the whole envelope with the current offset and the time of the clock', () => {
    const { events, clock } = setup(41);
    events.emit(startEvent(42));
    const event = events.emitTransient({ ...subject, parentId: 'task-0', rootId: 'task-0' }, { type: 'task:progress', data: { percent: 10 } });
    expect(event).toEqual({
      epoch: 'epoch-1', offset: 42, time: clock.now(), taskId: 'task-1', project: 'acme', taskType: 'research',
      parentId: 'task-0', rootId: 'task-0', attempt: 1, seq: 1, type: 'task:progress', data: { percent: 10 },
    });
  });

  it('leaves parentId out for a task without parent', () => {
    const { events } = setup();
    expect(events.emitTransient(subject, { type: 'task:progress', data: { percent: 10 } })).not.toHaveProperty('parentId');
  });

  it('takes nothing from the subject but the envelope', () => {
    const { events } = setup();
    const record = { ...subject, inputJson: '{"secret":true}' };
    expect(events.emitTransient(record, { type: 'task:progress', data: { percent: 10 } })).not.toHaveProperty('inputJson');
  });

  it('delivers to listeners and does not advance the offset', () => {
    const { events } = setup(5);
    const seen: TaskEvent[] = [];
    events.on('*', (event) => seen.push(event));
    events.emitTransient(subject, { type: 'task:log', data: { stream: 'log', level: 'info', text: 'hello' } });
    expect(offsets(seen)).toEqual([5]);
    expect(events.offset).toBe(5);
  });

  it('numbers the events of each task from 1', () => {
    const { events } = setup();
    const draft = { type: 'task:progress', data: { percent: 1 } } as const;
    const numbers = ['a', 'a', 'b', 'a', 'b'].map((taskId) => events.emitTransient({ ...subject, taskId }, draft).seq);
    expect(numbers).toEqual([1, 2, 1, 3, 2]);
  });

  it('starts numbering again after forget', () => {
    const { events } = setup();
    const draft = { type: 'task:progress', data: { percent: 1 } } as const;
    events.emitTransient(subject, draft);
    events.forget('task-1');
    expect(events.emitTransient(subject, draft).seq).toBe(1);
  });
});

describe('TaskEvents.live', () => {
  it('knows nothing of a task without unstored events', () => {
    const { events } = setup();
    events.emit(startEvent(1));
    expect(events.live('task-1')).toBeUndefined();
  });

  it('keeps the newest progress and the newest usage', () => {
    const { events } = setup();
    events.emitTransient(subject, { type: 'task:progress', data: { percent: 10 } });
    events.emitTransient(subject, { type: 'task:usage', data: { cpuMs: 1, memoryBytes: 2, processes: 1 } });
    events.emitTransient(subject, { type: 'task:progress', data: { percent: 20, message: 'half of half' } });
    const live = events.live('task-1');
    expect(live?.progress?.data).toEqual({ percent: 20, message: 'half of half' });
    expect(live?.usage?.data).toEqual({ cpuMs: 1, memoryBytes: 2, processes: 1 });
    expect(live?.logs).toEqual([]);
  });

  it('is forgotten when the final event is emitted', () => {
    const { events } = setup();
    events.emitTransient(subject, { type: 'task:progress', data: { percent: 10 } });
    events.emit(completeEvent(1));
    expect(events.live('task-1')).toBeUndefined();
  });

  it('survives the start of another attempt', () => {
    const { events } = setup();
    events.emitTransient(subject, { type: 'task:progress', data: { percent: 10 } });
    events.emit(startEvent(1));
    expect(events.live('task-1')?.progress?.data.percent).toBe(10);
  });

  it('gives a copy of the log lines that later lines do not change', () => {
    const { events } = setup();
    const draft = { type: 'task:log', data: { stream: 'log', level: 'info', text: 'line' } } as const;
    events.emitTransient(subject, draft);
    const before = events.live('task-1');
    events.emitTransient(subject, draft);
    expect(before?.logs).toHaveLength(1);
  });
});

describe('TaskEvents.readSince', () => {
  it('reads the log that it was given', async () => {
    const { events, log } = setup();
    log.push(startEvent(1), startEvent(2), startEvent(3));
    expect(offsets(await events.readSince(1, 1) ?? [])).toEqual([2]);
  });
});
