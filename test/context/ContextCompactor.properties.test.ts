import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConversation } from '../../src/lib/task-system/context/compaction/atoms.ts';
import { parseNote } from '../../src/lib/task-system/context/compaction/note.ts';
import { compact, type Compaction } from '../../src/lib/task-system/context/ContextCompactor.ts';
import type { ContextMessage } from '../../src/lib/task-system/context/messages/readMessage.ts';
import { createTokenCounter } from '../../src/lib/task-system/context/TokenCounter.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { conversation } from './compaction/conversations.ts';

const counter = createTokenCounter();
const share = fc.double({ min: 0.02, max: 0.95, noNaN: true });
const RUNS = { numRuns: 40 };

/** Undefined when what must stay does not fit, which must be said with a code. */
async function shrink(messages: readonly ContextMessage[], part: number, pins?: readonly number[]): Promise<{ readonly budget: number; readonly result: Compaction | undefined }> {
  const budget = Math.max(60, Math.floor(counter.countMessages(messages) * part));
  try {
    return { budget, result: await compact(messages, { maxTokens: budget, counter, ...(pins === undefined ? {} : { pins }) }) };
  } catch (error) {
    if (TaskSystemError.isInstance(error)) expect(error.code).toBe('CONTEXT_TOO_SMALL');
    else throw error;
    return { budget, result: undefined };
  }
}

function isNote(message: ContextMessage): boolean {
  return message.role === 'user' && parseNote(message.content) !== undefined;
}

function users(messages: readonly ContextMessage[]): readonly ContextMessage[] {
  return messages.filter((message) => message.role === 'user' && !isNote(message));
}

async function always(check: (messages: readonly ContextMessage[], compaction: Compaction, budget: number) => void | Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(conversation, share, async ({ messages }, part) => {
    const { budget, result } = await shrink(messages, part);
    if (result !== undefined) await check(messages, result, budget);
  }), RUNS);
}

describe('compact, for any conversation', () => {
  it('I1: is never over the budget', () => always((_, { messages, report }, budget) => {
    expect(counter.countMessages(messages)).toBeLessThanOrEqual(budget);
    if (report.after !== undefined) expect(report.after).toBe(counter.countMessages(messages));
  }));

  it('I1: counts the definitions of tools and what is kept free', () => fc.assert(fc.asyncProperty(conversation, async ({ messages }) => {
    const tools = [{ name: 'look', description: 'looks '.repeat(20) }];
    const budget = Math.floor(counter.countMessages(messages) * 0.7) + 60;
    const { messages: after } = await compact(messages, { maxTokens: budget, tools, reserveTokens: 10, counter }).catch(() => ({ messages: [] }));
    expect(counter.countMessages(after) + (after.length === 0 ? 0 : counter.countTools(tools) + 10)).toBeLessThanOrEqual(budget);
  }), RUNS));

  it('I2: every result has its call before it and every call its result', () => always((_, { messages }) => {
    const { atoms } = readConversation(messages);
    expect(atoms.filter(({ isOrphan, openCalls }) => isOrphan || openCalls.size > 0)).toEqual([]);
    for (const { places } of atoms) expect(places.map((place, index) => place - index)).toEqual(places.map(() => places[0]));
  }));

  it('I3: keeps system, first and last words of the user as they are', () => always((before, { messages }) => {
    for (const message of [...before.filter(({ role }) => role === 'system'), users(before)[0], users(before).at(-1)]) expect(messages).toContain(message);
  }));

  it('I3, I4: keeps pinned messages and the calls they belong to', () => fc.assert(fc.asyncProperty(conversation, share, fc.nat(), async ({ messages }, part, pick) => {
    const pin = pick % messages.length;
    const { result } = await shrink(messages, part, [pin]);
    const atom = readConversation(messages).atoms.find(({ places }) => places.includes(pin));
    if (result !== undefined) for (const place of atom?.places ?? []) expect(result.messages).toContain(messages[place]);
  }), RUNS));

  it('I5: the last message stays, shortened if it must be', () => always((before, { messages }) => {
    const last = messages.at(-1);
    expect(last?.role).toBe(before.at(-1)?.role);
  }));

  it('I7: keeps the order, and adds one note and nothing else', () => always((before, { messages, report }) => {
    const kept = messages.map((message) => before.indexOf(message)).filter((place) => place >= 0);
    expect(kept).toEqual(kept.toSorted((left, right) => left - right));
    expect(messages.filter(isNote).length).toBeLessThanOrEqual(1);
    expect(messages.filter((message) => !isNote(message))).toHaveLength(before.length - report.dropped);
  }));

  it('I7: puts no turn of the model after another where there was something between', () => always((before, { messages }) => {
    messages.forEach((message, index) => {
      const next = messages[index + 1];
      if (message.role !== 'assistant' || next?.role !== 'assistant') return;
      const place = before.indexOf(message);
      if (place >= 0) expect(before[place + 1]?.role).toBe('assistant');
    });
  }));

  it('I8: changes nothing more when it is done again', () => always(async (_, { messages }, budget) => {
    expect((await compact(messages, { maxTokens: budget, counter })).messages).toBe(messages);
  }));

  it('I9: leaves its input alone', () => fc.assert(fc.asyncProperty(conversation, share, async ({ messages }, part) => {
    const copy = structuredClone(messages);
    await shrink(messages, part);
    expect(messages).toEqual(copy);
  }), RUNS));

  it('I10: gives the same bytes for the same conversation', () => always(async (before, { messages }, budget) => {
    const again = await compact(structuredClone(before), { maxTokens: budget, counter: createTokenCounter() });
    expect(JSON.stringify(again.messages)).toBe(JSON.stringify(messages));
  }));

  it('I11: lands at its target', () => fc.assert(fc.asyncProperty(conversation, async ({ messages }) => {
    const maxTokens = Math.max(200, Math.floor(counter.countMessages(messages) * 0.8));
    const targetTokens = Math.floor(maxTokens * 0.7);
    const result = await compact(messages, { maxTokens, targetTokens, counter }).catch(() => undefined);
    if (result?.report.after !== undefined) expect(result.report.after).toBeLessThanOrEqual(targetTokens);
  }), RUNS));

  it('I8, I12: holds on for ten compactions in a row, and keeps its pins', () => fc.assert(fc.asyncProperty(fc.array(conversation, { minLength: 10, maxLength: 10 }), async (rounds) => {
    const rule = { role: 'user', content: 'Rule: never delete anything.' };
    let messages: readonly ContextMessage[] = [{ role: 'system', content: 'You help.' }, { role: 'user', content: 'Begin.' }, rule];
    for (const { messages: more } of rounds.filter(({ shape }) => shape === rounds[0]?.shape)) {
      const longer = [...messages, ...more.slice(1)];
      const result = await compact(longer, { maxTokens: 3_000, pins: [rule], counter }).catch(() => undefined);
      // Only one huge last word of the user can be too much, and then nothing is lost either.
      messages = result?.messages ?? messages;
      expect(counter.countMessages(messages)).toBeLessThanOrEqual(3_000);
      expect(messages).toContain(rule);
      expect(messages.filter(isNote).length).toBeLessThanOrEqual(1);
    }
  }), { numRuns: 8 }));
});
