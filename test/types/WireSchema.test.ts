import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFinalClose, isTopic, WIRE_CLOSE_CODES } from '../../src/lib/task-system/types/Wire.ts';
import { clientFrameSchema, serverFrameSchema } from '../../src/lib/task-system/types/WireSchema.ts';

const id = fc.string({ minLength: 1, maxLength: 128 });
const clientFrame = fc.oneof(
  fc.record({ type: fc.constant('hello'), token: fc.string() }, { requiredKeys: ['type'] }),
  fc.record({ type: fc.constant('sub'), id, topics: fc.array(fc.string(), { minLength: 1 }), since: fc.record({ epoch: fc.string(), offset: fc.nat() }), snapshot: fc.boolean() }, { requiredKeys: ['type', 'id', 'topics'] }),
  fc.record({ type: fc.constantFrom('retry', 'get', 'cancel'), id, taskId: id }),
  fc.record({ type: fc.constant('submit'), id, options: fc.record({ type: fc.string(), input: fc.jsonValue() }) }),
);

describe('clientFrameSchema', () => {
  it('takes every frame of the protocol as it is', () => {
    fc.assert(fc.property(clientFrame, (frame) => {
      const copy: unknown = JSON.parse(JSON.stringify(frame));
      expect(clientFrameSchema.parse(copy)).toEqual(copy);
    }));
  });

  it('takes nothing with a field that it does not know', () => {
    fc.assert(fc.property(clientFrame, fc.string({ minLength: 1 }), (frame, name) => {
      fc.pre(!['type', 'id', 'topics', 'since', 'snapshot', 'token', 'taskId', 'options', 'reason', 't', '__proto__'].includes(name));
      expect(clientFrameSchema.safeParse({ ...frame, [name]: 1 }).success).toBe(false);
    }));
  });

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => typeof clientFrameSchema.safeParse(value).success === 'boolean'));
  });
});

describe('serverFrameSchema', () => {
  it.each([
    { type: 'done', ref: 'a', command: 'get', value: { task: null } },
    { type: 'err', code: 'forbidden', message: 'no', ref: 'a' },
    { type: 'bye', code: 4419, retryAfterMs: 0 },
  ])('takes $type', (frame) => {
    expect(serverFrameSchema.parse(frame)).toEqual(frame);
  });

  it.each([
    { type: 'done', ref: 'a', command: 'get', value: { taskId: 'x' } },
    { type: 'done', ref: 'a', command: 'dance', value: {} },
    { type: 'err', code: 'odd', message: 'no' },
    { type: 'ev', events: [] },
  ])('refuses %o', (frame) => {
    expect(serverFrameSchema.safeParse(frame).success).toBe(false);
  });
});

describe('isTopic', () => {
  it.each(['tasks', 'project:a', 'task:1', 'tree:x:y'])('takes %s', (text) => {
    expect(isTopic(text)).toBe(true);
  });

  it.each(['', 'task', 'task:', 'tasks:', 'queue:a', 'TASKS', ' tasks', '*'])('refuses "%s"', (text) => {
    expect(isTopic(text)).toBe(false);
  });
});

describe('isFinalClose', () => {
  it.each([
    ['goingAway', false], ['badFrame', true], ['unauthorized', true], ['helloTimeout', false], ['tokenExpired', false], ['tooManyMessages', false],
  ] as const)('says of %s: %s', (name, isFinal) => {
    expect(isFinalClose(WIRE_CLOSE_CODES[name])).toBe(isFinal);
  });

  it.each([1000, 1006, 1009, 4399, 4500])('says of %i that the client may come back', (code) => {
    expect(isFinalClose(code)).toBe(false);
  });
});
