import { describe, expect, it } from 'vitest';
import { favour, readHints, type Hints } from '../../../src/lib/task-system/context/compaction/hints.ts';
import { readMessage, type ContextMessage } from '../../../src/lib/task-system/context/messages/readMessage.ts';

const hintsOf = (...messages: readonly ContextMessage[]): Hints => readHints(messages, messages.map(readMessage));
const call = (id: string, input: object): ContextMessage => ({ role: 'assistant', content: [{ type: 'tool-call', toolCallId: id, toolName: 't', input }] });
const shapeOf = (key: string, hints: Partial<Hints>, callId?: string): number | undefined =>
  favour([{ key, value: 'v', shape: 1, siblings: 1 }], { asked: new Set(), current: new Set(), ...hints }, callId)[0]?.shape;

describe('readHints', () => {
  it('knows the names of all arguments so far', () => {
    expect(hintsOf(call('a', { userId: 'u1' }), call('b', { day: 'xx' })).asked).toEqual(new Set(['userId', 'day']));
  });

  it('knows a call about something that is spoken of now', () => {
    expect(hintsOf(call('a', { order: 'W-77' }), { role: 'user', content: 'what of W-77?' }).current).toEqual(new Set(['a']));
  });

  it('has forgotten what was spoken of three messages ago', () => {
    const messages = [call('a', { order: 'W-77' }), ...['what of W-77?', 'thanks', 'bye'].map((content) => ({ role: 'user', content }))];
    expect(hintsOf(...messages).current).toEqual(new Set());
  });

  it('does not take the words of the system for something that is spoken of', () => {
    expect(hintsOf(call('a', { order: 'W-77' }), { role: 'system', content: 'W-77' }).current).toEqual(new Set());
  });

  it('takes no plain word for something that tells calls apart', () => {
    expect(hintsOf(call('a', { order: 'open' }), { role: 'user', content: 'is it open?' }).current).toEqual(new Set());
  });

  it('takes no amount for something that tells calls apart', () => {
    expect(hintsOf(call('a', { count: '42' }), { role: 'user', content: '42 of them' }).current).toEqual(new Set());
  });
});

describe('favour', () => {
  it('leaves a value alone that nothing speaks for', () => {
    expect(shapeOf('colour', {})).toBe(1);
  });

  it('weighs a name more that tells things apart', () => {
    expect(shapeOf('userId', {})).toBe(2.5);
  });

  it('weighs a name more that a call has asked for', () => {
    expect(shapeOf('colour', { asked: new Set(['colour']) })).toBe(1.3);
  });

  it('weighs the result of a current call more', () => {
    expect(shapeOf('colour', { current: new Set(['a']) }, 'a')).toBe(1.5);
  });

  it('does not weigh the result of another call more', () => {
    expect(shapeOf('colour', { current: new Set(['a']) }, 'b')).toBe(1);
  });

  it('adds the reasons up', () => {
    expect(shapeOf('userId', { asked: new Set(['userId']), current: new Set(['a']) }, 'a')).toBeCloseTo(2.5 * 1.3 * 1.5);
  });
});
