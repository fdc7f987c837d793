import { describe, expect, it } from 'vitest';
import { renderMessage, renderTools, toText } from '../../../src/lib/task-system/context/messages/renderMessage.ts';

const parts = (...content: unknown[]): ReturnType<typeof renderMessage> => renderMessage({ role: 'user', content });

describe('renderMessage', () => {
  it('gives the text of a message and not its role', () => {
    expect(renderMessage({ role: 'user', content: 'hi' })).toEqual({ texts: ['hi'], media: 0 });
  });

  it('gives nothing for a message without content', () => {
    expect([renderMessage({ role: 'user', content: null }), renderMessage({ role: 'user' })]).toEqual([{ texts: [], media: 0 }, { texts: [], media: 0 }]);
  });

  it('writes a content that is an object as JSON', () => {
    expect(renderMessage({ role: 'user', content: { a: 1 } }).texts).toEqual(['{"a":1}']);
  });

  it('counts fields beside the content, such as the calls of the chat API', () => {
    expect(renderMessage({ role: 'assistant', content: '', tool_calls: [{ id: 'c' }] }).texts).toEqual(['', '[{"id":"c"}]']);
  });

  it('leaves out settings for the provider, which no model reads', () => {
    expect(renderMessage({ role: 'user', content: 'hi', providerOptions: { x: 1 } }).texts).toEqual(['hi']);
  });

  it('leaves out fields that hold nothing', () => {
    expect(renderMessage({ role: 'user', content: 'hi', name: undefined, refusal: null }).texts).toEqual(['hi']);
  });

  it('gives the words of texts, thoughts and refusals without their wrapping', () => {
    expect(parts({ type: 'text', text: 'a' }, { type: 'reasoning', text: 'b' }, { type: 'refusal', text: 'c' }).texts).toEqual(['a', 'b', 'c']);
  });

  it('counts pictures and files one by one and reads none of their data', () => {
    expect(parts({ type: 'image', image: 'AAAA' }, { type: 'file', data: 'BBBB' }, { type: 'text', text: 'a' })).toEqual({ texts: ['a'], media: 2 });
  });

  it('gives the name and the arguments of a call', () => {
    expect(parts({ type: 'tool-call', toolCallId: 'c', toolName: 'find', input: { q: 1 } }).texts).toEqual(['{"toolCallId":"c","toolName":"find","input":{"q":1}}']);
  });

  it('gives the text of a result beside what names it', () => {
    expect(parts({ type: 'tool-result', toolCallId: 'c', output: { type: 'text', value: 'done' } }).texts).toEqual(['{"toolCallId":"c"}', 'done']);
  });

  it('gives the JSON of a result that is no text', () => {
    expect(parts({ type: 'tool-result', toolCallId: 'c', output: { type: 'json', value: [1] } }).texts).toEqual(['{"toolCallId":"c"}', '[1]']);
  });

  it('counts the pictures inside a result apart from its texts', () => {
    const output = { type: 'content', value: [{ type: 'text', text: 'see' }, { type: 'image-data', data: 'AAAA' }] };
    expect(parts({ type: 'tool-result', toolCallId: 'c', output })).toEqual({ texts: ['{"toolCallId":"c"}', '[{"type":"text","text":"see"}]'], media: 1 });
  });

  it('takes parts that are no objects for texts', () => {
    expect(parts('plain', 7)).toEqual({ texts: ['plain', '7'], media: 0 });
  });
});

describe('toText', () => {
  it('leaves a text as it is', () => {
    expect(toText('"a"')).toBe('"a"');
  });

  it('writes large integers, which JSON cannot, as their digits', () => {
    expect(toText({ n: 10n })).toBe('{"n":"10"}');
  });

  it('gives something for a value that refers to itself', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    expect(toText(value)).toBe('[object Object]');
  });

  it('gives no text for a function', () => {
    expect(toText(() => 1)).toBe('');
  });
});

describe('renderTools', () => {
  it('leaves functions out', () => {
    expect(renderTools({ find: { description: 'd', execute: () => 1 } })).toBe('{"find":{"description":"d"}}');
  });

  it('asks a schema for its JSON Schema', () => {
    const schema = { '~standard': { jsonSchema: { input: ({ target }: { target: string }) => ({ target }) } } };
    expect(renderTools({ find: { inputSchema: schema } })).toBe('{"find":{"inputSchema":{"target":"draft-07"}}}');
  });

  it('counts a schema as it is that cannot tell its JSON Schema', () => {
    const schema = { '~standard': { jsonSchema: { input: () => { throw new TypeError('cannot'); } } }, kind: 'odd' };
    expect(renderTools({ find: schema })).toContain('"kind":"odd"');
  });
});
