import { describe, expect, it } from 'vitest';
import { isAtLeast } from '../../src/lib/task-system/types/Isolation.ts';
import { taskOfApproval } from '../../src/lib/task-system/types/Approvals.ts';
import { once } from '../../src/lib/task-system/types/once.ts';
import { topicsOf } from '../../src/lib/task-system/types/Wire.ts';
import { clientFrameSchema, serverFrameSchema } from '../../src/lib/task-system/types/WireSchema.ts';
import { startEvent } from '../realtime/helpers.ts';

const takes = (frame: object): boolean => clientFrameSchema.safeParse(frame).success;
const sends = (frame: object): boolean => serverFrameSchema.safeParse(frame).success;

describe('clientFrameSchema: bounds', () => {
  it('takes an id of 128 characters, and none that is longer or empty', () => {
    expect(['x'.repeat(128), 'x'.repeat(129), ''].map((id) => takes({ type: 'unsub', id }))).toEqual([true, false, false]);
  });

  it('takes a subscription with a topic, and none without', () => {
    expect([takes({ type: 'sub', id: 'a', topics: ['x'] }), takes({ type: 'sub', id: 'a', topics: [] })]).toEqual([true, false]);
  });

  it('takes a topic of 512 characters', () => {
    expect([512, 513].map((length) => takes({ type: 'sub', id: 'a', topics: ['x'.repeat(length)] }))).toEqual([true, false]);
  });

  it('takes a position from 0 on, in whole numbers', () => {
    expect([0, -1, 0.5].map((offset) => takes({ type: 'sub', id: 'a', topics: ['x'], since: { epoch: '', offset } }))).toEqual([true, false, false]);
  });

  it('takes a token of 8 KiB', () => {
    expect([8_192, 8_193].map((length) => takes({ type: 'hello', token: 'x'.repeat(length) }))).toEqual([true, false]);
  });

  it('takes a reason of 1,024 characters', () => {
    expect([1_024, 1_025].map((length) => takes({ type: 'cancel', id: 'a', taskId: 't', reason: 'x'.repeat(length) }))).toEqual([true, false]);
  });

  it('takes no empty reason of an answer', () => {
    expect(takes({ type: 'deny', id: 'a', approvalId: 't.1', reason: '' })).toBe(false);
  });

  it('takes no answer to something that is no approval', () => {
    expect(takes({ type: 'approve', id: 'a', approvalId: 't' })).toBe(false);
  });

  it('takes no undefined in place of a field that is left out', () => {
    expect(takes({ type: 'ping', t: undefined })).toBe(false);
  });

  it('takes no options that are no JSON', () => {
    expect([takes({ type: 'list', id: 'a', options: { limit: 1n } }), takes({ type: 'list', id: 'a', options: [] })]).toEqual([false, false]);
  });
});

describe('serverFrameSchema: bounds', () => {
  const event = startEvent(3);

  it('takes events with all that every event has', () => {
    expect(sends({ type: 'ev', events: [event] })).toBe(true);
  });

  it('takes no event of a type that there is not', () => {
    expect(sends({ type: 'ev', events: [{ ...event, type: 'task:odd' }] })).toBe(false);
  });

  it('takes an event with fields that a newer server has', () => {
    expect(sends({ type: 'ev', events: [{ ...event, newer: 1 }] })).toBe(true);
  });

  it('takes no greeting of another protocol', () => {
    const limits = { maxFrameBytes: 1, maxSubscriptions: 1, maxTopics: 1 };
    const welcome = { type: 'welcome', protocol: 'task-system.v1', epoch: 'e', offset: 0, heartbeatMs: 1, limits };
    expect([sends(welcome), sends({ ...welcome, protocol: 'task-system.v2' })]).toEqual([true, false]);
  });

  it('takes a snapshot that says it goes on, and none that says it does not', () => {
    expect([sends({ type: 'snap', id: 'a', offset: 1, tasks: [], more: true }), sends({ type: 'snap', id: 'a', offset: 1, tasks: [], more: false })]).toEqual([true, false]);
  });

  it('takes no reset for a reason that there is not', () => {
    expect(sends({ type: 'reset', id: 'a', reason: 'bored' })).toBe(false);
  });

  it('takes no error with a stack, which is for the host', () => {
    const error = { name: 'E', message: 'm' };
    expect([sends({ type: 'err', code: 'command', message: 'm', error }), sends({ type: 'err', code: 'command', message: 'm', error: { ...error, stack: 's' } })]).toEqual([true, false]);
  });
});

describe('topicsOf', () => {
  it('names everything that an event is about', () => {
    expect(topicsOf({ ...startEvent(1, 'a'), project: 'p', rootId: 'r' })).toEqual(['tasks', 'project:p', 'task:a', 'tree:r']);
  });
});

describe('taskOfApproval', () => {
  it('is what stands before the last number', () => {
    expect([taskOfApproval('t.1'), taskOfApproval('a.b.12')]).toEqual(['t', 'a.b']);
  });

  it('is nothing where there is no number, or no task', () => {
    expect([taskOfApproval('t'), taskOfApproval('t.'), taskOfApproval('.1'), taskOfApproval('t.x'), taskOfApproval('t.1 ')]).toEqual(Array.from({ length: 5 }, () => undefined));
  });
});

describe('isAtLeast', () => {
  it('takes a stronger level, and the same', () => {
    expect([isAtLeast('kernel', 'process'), isAtLeast('permission-model', 'permission-model')]).toEqual([true, true]);
  });

  it('takes no weaker one', () => {
    expect([isAtLeast('process', 'permission-model'), isAtLeast('permission-model', 'kernel')]).toEqual([false, false]);
  });
});

describe('once', () => {
  it('makes a thing when it is asked for, and not before', () => {
    let made = 0;
    const get = once(() => ++made);
    const before = made;
    expect([before, get(), get(), made]).toEqual([0, 1, 1, 1]);
  });

  it('makes nothing twice, also where it made nothing', () => {
    let made = 0;
    const get = once(() => { made++; });
    get();
    get();
    expect(made).toBe(1);
  });

  it('tries again after it threw', () => {
    let tries = 0;
    const get = once(() => { if (++tries === 1) throw new RangeError('not yet'); return tries; });
    expect(get).toThrow('not yet');
    expect(get()).toBe(2);
  });

  it('keeps a promise that was rejected', async () => {
    let made = 0;
    const get = once(async () => { made++; return Promise.reject(new RangeError('no')); });
    await expect(get()).rejects.toThrow('no');
    await expect(get()).rejects.toThrow('no');
    expect(made).toBe(1);
  });
});
