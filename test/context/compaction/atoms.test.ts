import { describe, expect, it } from 'vitest';
import { readConversation, type Atom } from '../../../src/lib/task-system/context/compaction/atoms.ts';
import type { ContextMessage } from '../../../src/lib/task-system/context/messages/readMessage.ts';

const user = (content = 'hi'): ContextMessage => ({ role: 'user', content });
const call = (...ids: readonly string[]): ContextMessage => ({ role: 'assistant', content: ids.map((toolCallId) => ({ type: 'tool-call', toolCallId, toolName: 't', input: {} })) });
const result = (...ids: readonly string[]): ContextMessage => ({ role: 'tool', content: ids.map((toolCallId) => ({ type: 'tool-result', toolCallId, output: { type: 'text', value: 'x' } })) });
const thought: ContextMessage = { role: 'assistant', content: [{ type: 'reasoning', text: 'hm' }] };

const atomsOf = (...messages: readonly ContextMessage[]): readonly Atom[] => readConversation(messages).atoms;
const places = (...messages: readonly ContextMessage[]): readonly (readonly number[])[] => atomsOf(...messages).map((atom) => atom.places);

describe('readConversation', () => {
  it('takes each message of a talk by itself', () => {
    expect(places(user(), { role: 'assistant', content: 'yes' }, user())).toEqual([[0], [1], [2]]);
  });

  it('keeps a call and its result together', () => {
    expect(places(user(), call('a'), result('a'), user())).toEqual([[0], [1, 2], [3]]);
  });

  it('keeps a call together with results in several messages', () => {
    expect(places(call('a', 'b'), result('a'), result('b'))).toEqual([[0, 1, 2]]);
  });

  it('finds the call of a result across a message between them', () => {
    expect(places(call('a'), user(), result('a'))).toEqual([[0, 2], [1]]);
  });

  it('knows which calls have no result yet', () => {
    expect(atomsOf(call('a', 'b'), result('a')).map(({ openCalls }) => [...openCalls])).toEqual([['b']]);
  });

  it('gives a result to the latest call where an id is used again', () => {
    expect(places(call('a'), result('a'), call('a'), result('a'))).toEqual([[0, 1], [2, 3]]);
  });

  it('calls a result an orphan that belongs to no call', () => {
    expect(atomsOf(user(), result('z')).map(({ isOrphan }) => isOrphan)).toEqual([false, true]);
  });

  it('calls no message of a user an orphan', () => {
    expect(atomsOf(user())[0]?.isOrphan).toBe(false);
  });

  it('puts thoughts to the turn after them', () => {
    expect(places(user(), thought, call('a'), result('a'))).toEqual([[0], [1, 2, 3]]);
  });

  it('puts no words of the user to the thoughts before them', () => {
    expect(places(thought, user())).toEqual([[0], [1]]);
  });

  it('does not carry thoughts over a message of the user', () => {
    expect(places(thought, user(), { role: 'assistant', content: 'yes' })).toEqual([[0], [1], [2]]);
  });

  it('keeps the answer to an approval with the message that asked for it', () => {
    const asks: ContextMessage = { role: 'assistant', content: [{ type: 'tool-approval-request', approvalId: 'p' }] };
    expect(places(asks, { role: 'tool', content: [{ type: 'tool-approval-response', approvalId: 'p' }] })).toEqual([[0, 1]]);
  });

  it('reads every message, also those that belong to another', () => {
    expect(readConversation([call('a'), result('a')]).read).toHaveLength(2);
  });
});
