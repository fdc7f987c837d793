import { describe, expect, it } from 'vitest';
import { Gatherer, type Gathered } from '../../../src/lib/task-system/context/compaction/Gatherer.ts';
import { formatNote } from '../../../src/lib/task-system/context/compaction/note.ts';
import { readMessage, type ContextMessage } from '../../../src/lib/task-system/context/messages/readMessage.ts';

const call = (id: string, input: object): ContextMessage => Object.assign({ role: 'assistant', content: null }, { tool_calls: [{ id, type: 'function', function: { name: 'look', arguments: JSON.stringify(input) } }] });
const result = (id: string, content: string): ContextMessage => Object.assign({ role: 'tool', content }, { tool_call_id: id });
const says = (role: string, content: string): ContextMessage => ({ role, content });

/** What is known when the messages at these places are left out. */
function gather(messages: readonly ContextMessage[], left: readonly number[], masked: ReadonlyMap<number, ContextMessage> = new Map<number, ContextMessage>()): Gathered {
  return new Gatherer(messages, messages.map(readMessage)).gather({ left: new Set(left), masked });
}

function valuesOf({ entries }: Gathered): readonly string[] {
  return entries.map(({ value }) => value);
}

describe('Gatherer', () => {
  it('counts messages and calls that are gone, and keeps the last errors', () => {
    const talk = [call('a', {}), result('a', 'Error: one'), call('b', {}), result('b', 'Error: two'), says('user', 'so?')];
    expect(gather(talk, [0, 1, 2, 3])).toMatchObject({ messages: 4, calls: new Map([['look', 2]]), errors: ['Error: one', 'Error: two'] });
    expect(gather(talk, [0, 1])).toMatchObject({ messages: 2, errors: ['Error: one'] });
  });

  it('leaves out what can still be read', () => {
    const talk = [result('a', 'found AB-12 and CD-34'), says('user', 'take AB-12')];
    expect(valuesOf(gather(talk, [0]))).toEqual(['CD-34']);
  });

  it('knows that a stub shows nothing any more', () => {
    const talk = [result('a', '{"id":"AB-12"}'), says('user', 'go on')];
    expect(valuesOf(gather(talk, [], new Map([[0, result('a', '[14 characters left out]')]])))).toContain('AB-12');
  });

  it('puts first what many have said, then what tells things apart, and amounts last', () => {
    const talk = [
      says('user', 'My order is W-100.'), call('a', { order: 'W-100' }),
      result('a', JSON.stringify({ order: 'W-100', item_id: 'I-200', note: 'N-300', price: 128, at: '07:30' })), says('user', 'and now?'),
    ];
    const [first, second, third] = valuesOf(gather(talk, [0, 1, 2]));
    expect([first, second, third]).toEqual(['W-100', 'I-200', 'N-300']);
  });

  it('prefers the results of calls about what is spoken of now', () => {
    const talk = [call('a', { order: 'W-100' }), result('a', '{"ref":"R-1"}'), call('b', { order: 'W-200' }), result('b', '{"ref":"R-2"}'), says('user', 'Change W-100, please.')];
    const values = valuesOf(gather(talk, [0, 1, 2, 3]));
    expect(values.indexOf('R-1')).toBeLessThan(values.indexOf('R-2'));
  });

  it('prefers values of names that calls have asked for', () => {
    const talk = [call('a', { gate: 'G-1' }), result('a', '[{"gate":"G-2","hall":"H-2"}]'), says('user', 'next')];
    const values = valuesOf(gather(talk, [0, 1]));
    expect(values.indexOf('G-2')).toBeLessThan(values.indexOf('H-2'));
  });

  it('takes up an earlier note, its counts and its entries in their order', () => {
    const note = formatNote({ messages: 7, calls: new Map([['look', 2]]), errors: ['Error: x'], entries: [{ key: 'id', value: 'A-1' }, { key: 'id', value: 'A-2' }], summary: 'so far' });
    const gathered = gather([says('user', note), says('user', 'next')], [0]);
    expect(gathered).toMatchObject({ messages: 7, calls: new Map([['look', 2]]), errors: ['Error: x'], summary: 'so far' });
    expect(valuesOf(gathered)).toEqual(['A-1', 'A-2']);
  });

  it('gives the same for the same parts when it is asked again', () => {
    const talk = [says('user', 'W-1 and W-2'), says('assistant', 'W-3'), says('user', 'next')];
    const gatherer = new Gatherer(talk, talk.map(readMessage));
    const ask = (left: readonly number[]): Gathered => gatherer.gather({ left: new Set(left), masked: new Map<number, ContextMessage>() });
    const first = ask([0, 1]);
    ask([1]);
    expect(ask([0, 1])).toEqual(first);
  });
});
