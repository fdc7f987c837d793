import { describe, expect, it } from 'vitest';
import { editResults, shortenTexts } from '../../../src/lib/task-system/context/messages/editMessage.ts';

const cut = (): string => 'CUT';

describe('editResults', () => {
  it('edits the text of a tool message', () => {
    expect(editResults({ role: 'tool', content: 'long', tool_call_id: 'c' }, cut)).toEqual({ role: 'tool', content: 'CUT', tool_call_id: 'c' });
  });

  it('leaves what users and models say, and gives back the very same message', () => {
    const message = { role: 'user', content: 'long' };
    expect(editResults(message, cut)).toBe(message);
  });

  it('edits a result of the AI SDK and keeps the id of its call', () => {
    const message = { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', output: { type: 'json', value: { a: 1 } } }] };
    expect(editResults(message, cut).content).toEqual([{ type: 'tool-result', toolCallId: 'c', output: { type: 'text', value: 'CUT' } }]);
  });

  it('keeps an error an error', () => {
    const message = { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', output: { type: 'error-json', value: {} } }] };
    expect(editResults(message, cut).content).toMatchObject([{ output: { type: 'error-text', value: 'CUT' } }]);
  });

  it('shares a result with the original that the edit leaves alone', () => {
    const part = { type: 'tool-result', toolCallId: 'c', output: { type: 'json', value: [1] } };
    expect(editResults({ role: 'tool', content: [part] }, (text) => text).content[0]).toBe(part);
  });

  it('leaves the other parts beside a result', () => {
    const text = { type: 'text', text: 'note' };
    const message = { role: 'tool', content: [text, { type: 'tool-result', toolCallId: 'c', output: { type: 'text', value: 'x' } }] };
    expect(editResults(message, cut).content[0]).toBe(text);
  });

  it('leaves a message that only answers an approval', () => {
    const message = { role: 'tool', content: [{ type: 'tool-approval-response', approvalId: 'p', approved: true }] };
    expect(editResults(message, cut)).toBe(message);
  });

  it('hands the joined texts of a tool message in parts to the edit', () => {
    const seen: string[] = [];
    editResults({ role: 'tool', content: [{ type: 'text', text: 'a' }, { other: 1 }] }, (text) => { seen.push(text); return text; });
    expect(seen).toEqual(['a\n{"other":1}']);
  });

  it('does not change the message it was given', () => {
    const message = { role: 'tool', content: 'long' };
    editResults(message, cut);
    expect(message.content).toBe('long');
  });
});

describe('shortenTexts', () => {
  const long = 'a'.repeat(500) + 'z'.repeat(500);

  it('leaves a text that is as long as it may be', () => {
    expect(shortenTexts({ role: 'user', content: 'abcd' }, 4).content).toBe('abcd');
  });

  it('keeps the beginning and the end of a longer one, and says how much is gone', () => {
    const { content } = shortenTexts({ role: 'user', content: long }, 100);
    expect(content).toBe(`${'a'.repeat(60)}\n[... 900 characters left out ...]\n${'z'.repeat(40)}`);
  });

  it('never makes a text longer than it was', () => {
    expect(shortenTexts({ role: 'user', content: 'a'.repeat(40) }, 32).content).toBe('a'.repeat(40));
  });

  it('leaves no half of a character behind', () => {
    expect(shortenTexts({ role: 'user', content: '🐝'.repeat(500) }, 101).content.isWellFormed()).toBe(true);
  });

  it('shortens the texts inside the arguments of a call and keeps their names', () => {
    const message = { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 't', input: { path: 'a.txt', body: [long] } }] };
    const [part] = shortenTexts(message, 100).content;
    expect(part).toMatchObject({ toolCallId: 'c', toolName: 't', input: { path: 'a.txt' } });
    expect(JSON.stringify(part).length).toBeLessThan(300);
  });

  it('keeps arguments of the chat API valid JSON', () => {
    const message = { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 't', arguments: JSON.stringify({ body: long, n: 3 }) } }] };
    const read: unknown = JSON.parse(shortenTexts(message, 100).tool_calls[0]?.function.arguments ?? '');
    expect(read).toMatchObject({ n: 3 });
  });

  it('makes JSON of arguments that were none', () => {
    const message = { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 't', arguments: `{${long}` } }] };
    const read: unknown = JSON.parse(shortenTexts(message, 100).tool_calls[0]?.function.arguments ?? '');
    expect(read).toEqual({ text: expect.stringContaining('characters left out') });
  });

  it('leaves a call that it does not understand', () => {
    const message = { role: 'assistant', tool_calls: [{ id: 'c', custom: long }] };
    expect(shortenTexts(message, 100).tool_calls).toEqual(message.tool_calls);
  });
});
