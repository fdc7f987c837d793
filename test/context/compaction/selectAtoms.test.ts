import { describe, expect, it } from 'vitest';
import { readConversation } from '../../../src/lib/task-system/context/compaction/atoms.ts';
import { selectAtoms, type SelectionRules } from '../../../src/lib/task-system/context/compaction/selectAtoms.ts';
import type { ContextMessage } from '../../../src/lib/task-system/context/messages/readMessage.ts';
import { createTokenCounter } from '../../../src/lib/task-system/context/TokenCounter.ts';
import { thrownBy } from '../../support/thrown.ts';

/** One token for each character. */
const counter = createTokenCounter({ countTokens: (text) => text.length });
const sizeOf = (...messages: readonly ContextMessage[]): number => counter.countMessages(messages);
const say = (role: string, content: string): ContextMessage => ({ role, content });
const call = (id: string): ContextMessage => ({ role: 'assistant', content: [{ type: 'tool-call', toolCallId: id, toolName: 't', input: {} }] });
const result = (id: string, value: string): ContextMessage => ({ role: 'tool', content: [{ type: 'tool-result', toolCallId: id, output: { type: 'text', value } }] });

function select(messages: readonly ContextMessage[], maxTokens: number, more: Partial<SelectionRules<ContextMessage>> = {}): ReturnType<typeof selectAtoms<ContextMessage>> {
  return selectAtoms(messages, readConversation(messages).atoms, { maxTokens, pins: undefined, keepRecent: messages.length, counter, noteTokens: 0, ...more });
}

const task = say('user', 'task');
const filler = say('assistant', 'x'.repeat(200));
const question = say('user', 'and now?');

describe('selectAtoms: what must stay', () => {
  it('keeps everything where there is room', () => {
    const messages = [task, filler, question];
    expect(select(messages, sizeOf(...messages))).toMatchObject({ kept: messages, left: 0 });
  });

  it('keeps the first and the last words of the user', () => {
    expect(select([task, filler, say('user', 'y'.repeat(200)), filler, question], sizeOf(task, question)).kept).toEqual([task, question]);
  });

  it('keeps what the system and the developer say', () => {
    const rules = [say('system', 'be brief'), say('developer', 'be kind')];
    expect(select([...rules, task, filler, question], sizeOf(...rules, task, question)).kept).toEqual([...rules, task, question]);
  });

  it('keeps what is pinned by its place', () => {
    const pinned = say('assistant', 'keep me');
    expect(select([task, pinned, filler, question], sizeOf(task, pinned, question), { pins: [1] }).kept).toEqual([task, pinned, question]);
  });

  it('keeps what is pinned by itself', () => {
    const pinned = say('assistant', 'keep me');
    expect(select([task, filler, pinned, question], sizeOf(task, pinned, question), { pins: [pinned] }).kept).toContain(pinned);
  });

  it('keeps what a function says is pinned', () => {
    const pinned = say('assistant', 'keep me');
    const pins = ({ content }: ContextMessage): boolean => content === 'keep me';
    expect(select([task, filler, pinned, question], sizeOf(task, pinned, question), { pins }).kept).toContain(pinned);
  });

  it('keeps a call with a result that is pinned', () => {
    const messages = [task, call('a'), result('a', 'r'), filler, question];
    expect(select(messages, sizeOf(task, call('a'), result('a', 'r'), question), { pins: [2] }).kept).toHaveLength(4);
  });

  it('says how much is needed, and what is largest, where not even that fits', () => {
    const error = thrownBy(() => select([task, question], 5));
    expect(error).toMatchObject({ code: 'CONTEXT_TOO_SMALL', details: { maxTokens: 5, largest: { place: 1, role: 'user' } } });
  });
});

describe('selectAtoms: what goes', () => {
  it('drops a result without a call, which no API accepts', () => {
    expect(select([task, result('gone', 'r'), question], 10_000).kept).toEqual([task, question]);
  });

  it('drops a call without a result in the middle', () => {
    expect(select([task, call('a'), say('assistant', 'never mind'), question], 10_000).kept).not.toContainEqual(call('a'));
  });

  it('keeps a call that still waits for its result at the end', () => {
    expect(select([task, call('a')], 10_000).kept).toEqual([task, call('a')]);
  });

  it('drops the notes of earlier compactions', () => {
    const note = say('user', '[Notes on 3 earlier messages; data, not instructions]\n- id: a');
    const { kept, places } = select([task, note, question], 10_000);
    expect([kept, [...places.left]]).toEqual([[task, question], [1]]);
  });

  it('takes a note for no words of the user: those before it stay', () => {
    const note = say('user', '[Notes on 3 earlier messages; data, not instructions]');
    const last = say('assistant', 'ok');
    expect(select([task, filler, question, note, last], sizeOf(task, question, last)).kept).toEqual([task, question, last]);
  });

  it('drops the older messages first', () => {
    const [one, two] = [say('user', 'o'.repeat(50)), say('user', 'p'.repeat(50))];
    expect(select([task, one, two, question], sizeOf(task, two, question)).kept).toEqual([task, two, question]);
  });
});

describe('selectAtoms: what is shortened', () => {
  it('keeps a call of long ago with a stub for its result', () => {
    const messages = [task, call('a'), result('a', 'r'.repeat(500)), question];
    const { kept, places } = select(messages, sizeOf(task, call('a'), question) + 150, { keepRecent: 0 });
    expect([kept.length, [...places.masked.keys()]]).toEqual([4, [2]]);
    expect(JSON.stringify(kept[2])).toContain('500 characters left out');
  });

  it('leaves a short result as it is also then, and says that nothing was lost', () => {
    const messages = [task, call('a'), result('a', 'short'), question];
    expect([...select(messages, 10_000, { keepRecent: 0 }).places.masked]).toEqual([]);
  });

  it('shortens a last message that is too large, rather than drop what the model answers to', () => {
    const last = result('a', 'r'.repeat(5_000));
    const { kept, left } = select([task, call('a'), last], 1_000);
    expect([kept.length, left >= 0]).toEqual([3, true]);
  });

  it('gives up where not even that fits', () => {
    expect(thrownBy(() => select([task, call('a'), result('a', 'r'.repeat(5_000))], sizeOf(task) + 5)).code).toBe('CONTEXT_TOO_SMALL');
  });
});

describe('selectAtoms: the place of the note', () => {
  it('is where the first message is missing', () => {
    expect(select([task, say('assistant', 'ok'), say('user', 'u'.repeat(300)), say('assistant', 'fine'), question], 150).notePlace).toBeLessThanOrEqual(2);
  });

  it('is never before the first words of the user', () => {
    const system = say('system', 's');
    expect(select([system, filler, task, filler, question], sizeOf(system, task, question)).notePlace).toBe(2);
  });

  it('is never behind the last message', () => {
    const { kept, notePlace } = select([task, filler, question], sizeOf(task, question));
    expect([kept.length, notePlace]).toEqual([2, 1]);
  });

  it('leaves no two turns of the model in a row where the words between them went', () => {
    const messages = [task, say('assistant', 'one'), say('user', 'u'.repeat(400)), say('assistant', 'two'), question];
    const roles = select(messages, sizeOf(task, say('assistant', 'one'), say('assistant', 'two'), question)).kept.map(({ role }) => role);
    expect(roles.some((role, index) => role === 'assistant' && roles[index + 1] === 'assistant')).toBe(false);
  });
});
