import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConversation } from '../../src/lib/task-system/context/compaction/atoms.ts';
import { parseNote } from '../../src/lib/task-system/context/compaction/note.ts';
import { compact, type Compaction } from '../../src/lib/task-system/context/ContextCompactor.ts';
import type { ContextMessage } from '../../src/lib/task-system/context/messages/readMessage.ts';
import { createTokenCounter } from '../../src/lib/task-system/context/TokenCounter.ts';
import { isRecord } from '../../src/lib/task-system/types/isRecord.ts';
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

function codeOf(error: unknown): string {
  if (TaskSystemError.isInstance(error)) return error.code;
  throw error;
}

function approvalsIn(messages: readonly ContextMessage[], type: string): readonly string[] {
  return messages.flatMap(partsOf).flatMap((part) => (isRecord(part) && part['type'] === type ? [String(part['approvalId'])] : [])).toSorted();
}

function partsOf({ content }: ContextMessage): readonly unknown[] {
  return Array.isArray(content) ? content : [];
}

function isThought({ content }: ContextMessage): boolean {
  return Array.isArray(content) && content.every((part: unknown) => isRecord(part) && part['type'] === 'reasoning');
}

/** What may go for another reason: two turns of the model that would come to stand side by side. */
function endsTurn(messages: readonly ContextMessage[], place: number): boolean {
  return messages[place]?.role === 'assistant' && messages[place + 1]?.role === 'assistant';
}

/** Messages that tell one value, in one of the places where values stand. */
function tellId(id: string, index: number, where: string): readonly ContextMessage[] {
  if (where === 'user' || where === 'assistant') return [{ role: where, content: `It is about ${id}, ${'and so on, '.repeat(60)}` }, { role: where === 'user' ? 'assistant' : 'user', content: 'Good.' }];
  const texts: Readonly<Record<string, string>> = { json: JSON.stringify([{ ref: id, state: 'open' }]), list: `one\n${id}\nthree`, text: `The number is ${id}, ${'and so on, '.repeat(60)}` };
  const call = { id: `call_${index}`, type: 'function', function: { name: 'look', arguments: JSON.stringify(where === 'call' ? { id } : {}) } };
  return [Object.assign({ role: 'assistant', content: null }, { tool_calls: [call] }), Object.assign({ role: 'tool', content: texts[where] ?? 'done' }, { tool_call_id: call.id })];
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

  it('I2: keeps approvals with the calls they are about, and thoughts with what was thought about', () => always((before, { messages }) => {
    expect(approvalsIn(messages, 'tool-approval-response')).toEqual(approvalsIn(messages, 'tool-approval-request'));
    before.forEach((message, place) => { if (isThought(message)) expect(messages.some((kept) => kept === message)).toBe(messages.some((kept) => kept === before[place + 1])); });
  }));

  it('I5: the last message stays, shortened if it must be', () => always((before, { messages }) => {
    const last = messages.at(-1);
    expect(last?.role).toBe(before.at(-1)?.role);
  }));

  it('I5: keeps the last messages as they are where they take less than a third of what is free', () => always((before, { messages }, budget) => {
    const { atoms } = readConversation(before);
    const tokens = (places: readonly number[]): number => counter.countMessages(places.flatMap((place) => before[place] ?? []));
    const last = atoms.filter(({ places }) => (places.at(-1) ?? 0) >= before.length - 4);
    const first = before.findIndex(({ role }) => role === 'user');
    const fixed = new Set([...before.keys()].filter((place) => before[place]?.role === 'system' || place === first || place === before.findLastIndex(({ role }) => role === 'user')));
    const free = budget - tokens([...fixed]);
    const recent = last.flatMap(({ places }) => places).filter((place) => !fixed.has(place));
    if (tokens(recent) > free / 3 || last.some(({ openCalls, isOrphan }) => isOrphan || openCalls.size > 0)) return;
    for (const place of recent) if (!endsTurn(before, place)) expect(messages).toContain(before[place]);
  }));

  it('I6: values that only gone messages held are in the note, as long as it has room for them', () => fc.assert(fc.asyncProperty(
    fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 12 }), fc.constantFrom('user', 'assistant', 'call', 'json', 'text', 'list'), async (ids, where) => {
      const messages = [{ role: 'system', content: 'You help.' }, { role: 'user', content: 'Begin.' }, ...ids.flatMap((id, index) => tellId(id, index, where)), { role: 'user', content: 'Go on.' }];
      const { messages: after } = await compact(messages, { maxTokens: 120 + 60 * ids.length, keepRecent: 0, counter });
      for (const id of ids) expect(JSON.stringify(after)).toContain(id);
    }), RUNS));

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

  it('I11: lands at its target, or says that it cannot; never in between', () => fc.assert(fc.asyncProperty(conversation, fc.double({ min: 0.1, max: 1, noNaN: true }), async ({ messages }, part) => {
    const maxTokens = Math.max(60, Math.floor(counter.countMessages(messages) * 0.8));
    const targetTokens = Math.max(40, Math.floor(maxTokens * part));
    const after = await compact(messages, { maxTokens, targetTokens, counter }).catch(codeOf);
    if (typeof after === 'string') expect(after).toBe('CONTEXT_TOO_SMALL');
    else if (after.report.after !== undefined) expect(after.report.after).toBeLessThanOrEqual(targetTokens);
  }), RUNS));

  it('I11: a conversation that grows is compacted once for all that was made free, not at every message', async () => {
    const [maxTokens, targetTokens] = [2_000, 1_000];
    let messages: readonly ContextMessage[] = [{ role: 'system', content: 'You help.' }, { role: 'user', content: 'Begin.' }];
    let [added, compactions] = [0, 0];
    for (let turn = 0; turn < 400; turn++) {
      const more = { role: turn % 2 === 0 ? 'assistant' : 'user', content: `${turn} ${'and so on '.repeat(10)}` };
      added += counter.countMessage(more);
      const { messages: after, report } = await compact([...messages, more], { maxTokens, targetTokens, counter });
      if (report.dropped + report.masked > 0) compactions++;
      messages = after;
    }
    expect(compactions).toBeGreaterThan(3);
    expect(compactions).toBeLessThanOrEqual(Math.ceil(added / (maxTokens - targetTokens)));
  });

  it('I12: works from far over the window', () => fc.assert(fc.asyncProperty(fc.array(conversation, { minLength: 20, maxLength: 20 }), fc.integer({ min: 400, max: 1_500 }), async (many, maxTokens) => {
    const messages = many.filter(({ shape }) => shape === many[0]?.shape).flatMap(({ messages: some }, index) => (index === 0 ? some : some.slice(1)));
    const last = { role: 'user', content: 'And now?' };
    const result = await compact([...messages, last], { maxTokens, counter }).catch(codeOf);
    if (typeof result === 'string') throw new Error(result);
    expect(counter.countMessages(result.messages)).toBeLessThanOrEqual(maxTokens);
    expect(result.messages).toEqual(expect.arrayContaining([messages[0], messages[1], last]));
  }), { numRuns: 10 }));

  it('I13: shortens one message that is larger than the budget, or says which; never gives an empty prompt', () => fc.assert(fc.asyncProperty(
    fc.constantFrom('user', 'assistant', 'call', 'json', 'text'), fc.integer({ min: 300, max: 3_000 }), fc.integer({ min: 160, max: 250 }), async (where, times, maxTokens) => {
      const huge = tellId('some words about bees, '.repeat(times), 0, where);
      const result = await compact([{ role: 'system', content: 'You help.' }, { role: 'user', content: 'Begin.' }, ...huge], { maxTokens, counter }).catch(codeOf);
      if (typeof result === 'string') expect([result, where]).toEqual(['CONTEXT_TOO_SMALL', 'user']);
      else {
        expect(counter.countMessages(result.messages)).toBeLessThanOrEqual(maxTokens);
        expect(result.messages.length).toBeGreaterThan(2);
        expect(JSON.stringify(result.messages)).toMatch(/characters left out|Notes on \d+ earlier/);
      }
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
