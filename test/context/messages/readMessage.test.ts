import { describe, expect, it } from 'vitest';
import { outputText, readMessage } from '../../../src/lib/task-system/context/messages/readMessage.ts';

describe('readMessage: texts', () => {
  it('takes a text as it is', () => {
    expect(readMessage({ role: 'user', content: 'hi' }).texts).toEqual(['hi']);
  });

  it('takes the texts of the parts, in order', () => {
    expect(readMessage({ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'image' }, { type: 'text', text: 'b' }] }).texts).toEqual(['a', 'b']);
  });

  it('leaves out what the model only thought', () => {
    expect(readMessage({ role: 'assistant', content: [{ type: 'reasoning', text: 'hm' }, { type: 'text', text: 'yes' }] }).texts).toEqual(['yes']);
  });

  it('reads nothing out of a message without content', () => {
    expect(readMessage({ role: 'assistant' })).toEqual({ texts: [], calls: [], results: [], asks: [], answers: [], isReasoning: false });
  });

  it('passes over parts that are no objects', () => {
    expect(readMessage({ role: 'user', content: [null, 7, 'x', { type: 'text', text: 'a' }] }).texts).toEqual(['a']);
  });
});

describe('readMessage: calls', () => {
  it('reads a call of the AI SDK', () => {
    const content = [{ type: 'tool-call', toolCallId: 'c1', toolName: 'find', input: { q: 1 } }];
    expect(readMessage({ role: 'assistant', content }).calls).toEqual([{ id: 'c1', name: 'find', input: { q: 1 } }]);
  });

  it('reads a call of the chat API, its arguments as JSON', () => {
    const message = { role: 'assistant', content: null, tool_calls: [{ id: 'c1', function: { name: 'find', arguments: '{"q":1}' } }] };
    expect(readMessage(message).calls).toEqual([{ id: 'c1', name: 'find', input: { q: 1 } }]);
  });

  it('takes arguments that are no JSON as text', () => {
    const message = { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'find', arguments: '{q' } }] };
    expect(readMessage(message).calls[0]?.input).toBe('{q');
  });

  it('gives a call of the oldest form an id by its name', () => {
    expect(readMessage({ role: 'assistant', ...{ function_call: { name: 'find', arguments: '{}' } } }).calls).toEqual([{ id: 'function:find', name: 'find', input: {} }]);
  });

  it('reads calls of both forms in one message', () => {
    const message = { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'x', arguments: '1' } }], content: [{ type: 'tool-call', toolCallId: 'b', toolName: 'y', input: 2 }] };
    expect(readMessage(message).calls.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('passes over calls that are no objects', () => {
    expect(readMessage({ role: 'assistant', ...{ tool_calls: [null, 'x'] } }).calls).toEqual([]);
  });
});

describe('readMessage: results', () => {
  it('reads the result of a tool message by the id of its call', () => {
    expect(readMessage({ role: 'tool', content: 'ok', ...{ tool_call_id: 'c1' } })).toMatchObject({ texts: [], results: [{ id: 'c1', text: 'ok', isError: false }] });
  });

  it('finds the call of the oldest form by the name of the function', () => {
    expect(readMessage({ role: 'function', content: 'ok', ...{ name: 'find' } }).results).toEqual([{ id: 'function:find', text: 'ok', isError: false }]);
  });

  it('joins the texts of a result that came in parts', () => {
    expect(readMessage({ role: 'tool', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }], ...{ tool_call_id: 'c' } }).results[0]?.text).toBe('a\nb');
  });

  it('reads the result of the AI SDK, and JSON as text', () => {
    const content = [{ type: 'tool-result', toolCallId: 'c1', output: { type: 'json', value: { a: 1 } } }];
    expect(readMessage({ role: 'tool', content }).results).toEqual([{ id: 'c1', text: '{"a":1}', isError: false }]);
  });

  it('reads the result of an older AI SDK', () => {
    expect(readMessage({ role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', result: 'old' }] }).results[0]?.text).toBe('old');
  });

  it('knows an error of the AI SDK by its type, whatever it says', () => {
    const content = [{ type: 'tool-result', toolCallId: 'c', output: { type: 'error-text', value: 'no such file' } }];
    expect(readMessage({ role: 'tool', content }).results[0]?.isError).toBe(true);
  });

  it('knows an error by its first word, in any case', () => {
    const isError = (content: string): boolean | undefined => readMessage({ role: 'tool', content }).results[0]?.isError;
    expect(['Error: x', 'EXCEPTION', 'failed to', '[error] x'].map(isError)).toEqual([true, true, true, true]);
  });

  it('takes no error where the word stands later, or only begins another', () => {
    const isError = (content: string): boolean | undefined => readMessage({ role: 'tool', content }).results[0]?.isError;
    expect(['no error', 'errors: 0', 'failedAt'].map(isError)).toEqual([false, false, false]);
  });
});

describe('readMessage: approvals and reasoning', () => {
  it('reads which approvals a message asks for', () => {
    expect(readMessage({ role: 'assistant', content: [{ type: 'tool-approval-request', approvalId: 'p1' }] }).asks).toEqual(['p1']);
  });

  it('does not take the answer to an approval for the result of a call', () => {
    expect(readMessage({ role: 'tool', content: [{ type: 'tool-approval-response', approvalId: 'p1' }] })).toMatchObject({ answers: ['p1'], results: [] });
  });

  it('sees a message that holds nothing but thoughts', () => {
    expect(readMessage({ role: 'assistant', content: [{ type: 'reasoning', text: 'hm' }] }).isReasoning).toBe(true);
  });

  it('takes no empty message for thoughts', () => {
    expect(readMessage({ role: 'assistant', content: [] }).isReasoning).toBe(false);
  });

  it('takes no thoughts from anybody but the model', () => {
    expect(readMessage({ role: 'user', content: [{ type: 'reasoning', text: 'hm' }] }).isReasoning).toBe(false);
  });
});

describe('outputText', () => {
  it('unwraps the value of an output', () => {
    expect(outputText({ type: 'text', value: 'v' })).toBe('v');
  });

  it('writes an object without a value as JSON', () => {
    expect(outputText({ a: 1 })).toBe('{"a":1}');
  });

  it('gives no text for nothing', () => {
    expect(outputText(undefined)).toBe('');
  });
});
