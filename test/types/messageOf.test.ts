import { describe, expect, it } from 'vitest';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { messageOf } from '../../src/lib/task-system/types/messageOf.ts';

describe('messageOf', () => {
  it('is the message of an error', () => {
    expect(messageOf(new RangeError('too far'))).toBe('too far');
    expect(messageOf(new TaskSystemError('STORE_FULL', 'While writing'))).toContain('While writing');
  });

  it('is the text of whatever else was thrown', () => {
    expect([messageOf('just a text'), messageOf(7), messageOf(undefined), messageOf(null), messageOf(Symbol('s'))])
      .toEqual(['just a text', '7', 'undefined', 'null', 'Symbol(s)']);
  });

  it('is a text also where the message of an error is none', () => {
    expect(messageOf(Object.assign(new Error('x'), { message: 7 }))).toBe('7');
  });

  it('does not throw for what cannot be read', () => {
    const trap = Object.defineProperty(new Error('x'), 'message', { get: () => { throw new TypeError('no'); } });
    const bare: unknown = Object.create(null);
    expect([messageOf(trap), messageOf(bare)]).toEqual([expect.stringContaining('cannot be read'), expect.stringContaining('cannot be read')]);
  });
});
