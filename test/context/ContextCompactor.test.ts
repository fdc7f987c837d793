import { describe, expect, it } from 'vitest';
import { compact } from '../../src/lib/task-system/context/ContextCompactor.ts';
import { createTokenCounter } from '../../src/lib/task-system/context/TokenCounter.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';

const counter = createTokenCounter();
const HISTORY = [
  { role: 'system', content: 'You help.' },
  { role: 'user', content: 'Repair the import of orders.' },
  ...Array.from({ length: 12 }, (_, index) => [
    { role: 'assistant', content: `Looking at /srv/orders/part-${index}.csv with ticket OPS-${index}77.` },
    { role: 'user', content: `Go on, ${'please '.repeat(20)}` },
  ]).flat(),
];
const maxTokens = Math.floor(counter.countMessages(HISTORY) * 0.4);

function textOf(messages: readonly { readonly content: unknown }[]): string {
  return messages.map(({ content }) => String(content)).join('\n');
}

describe('compact', () => {
  it('returns the very array that fits', async () => {
    expect((await compact(HISTORY, { maxTokens: 100_000 })).messages).toBe(HISTORY);
  });

  it('I6: keeps identifiers of what is left out in its note', async () => {
    const { messages, report } = await compact(HISTORY, { maxTokens, counter });
    expect(report.dropped).toBeGreaterThan(5);
    for (let index = 0; index < 12; index++) expect(textOf(messages)).toContain(`OPS-${index}77`);
  });

  it('I13: shortens a result that is larger than the budget, and says so', async () => {
    const call = { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } }] };
    const { messages } = await compact([...HISTORY.slice(0, 2), call, { role: 'tool', content: `first ${'x y '.repeat(20_000)} last`, tool_call_id: 'c' }], { maxTokens: 500, counter });
    expect(textOf(messages)).toMatch(/first .*characters left out.* last/s);
  });

  it('says which message is too large when nothing can be done', async () => {
    await expect(compact([{ role: 'user', content: 'word '.repeat(500) }], { maxTokens: 100, counter })).rejects.toMatchObject({ code: 'CONTEXT_TOO_SMALL', details: { largest: { place: 0 } } });
  });

  it.each([0, -1, Number.NaN])('refuses a budget of %s', async (wrong) => {
    await expect(compact(HISTORY, { maxTokens: wrong })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' });
  });

  it('puts the summary it was given into the note', async () => {
    const { messages, report } = await compact(HISTORY, { maxTokens, counter, summarize: () => 'All parts were looked at.' });
    expect(report.summary).toBe('used');
    expect(textOf(messages)).toContain('All parts were looked at.');
  });

  it.each([
    ['failed', () => Promise.reject(new Error('no model'))],
    ['failed', () => { throw new Error('at once'); }],
    ['too-long', () => 'word '.repeat(5_000)],
  ] as const)('does without a summary that %s', async (outcome, summarize) => {
    const { messages, report } = await compact(HISTORY, { maxTokens, counter, summarize });
    expect(report.summary).toBe(outcome);
    expect(messages).toEqual((await compact(HISTORY, { maxTokens, counter })).messages);
  });

  it('does without a summary that is late, and aborts it', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<AbortSignal>();
    const compacting = compact(HISTORY, { maxTokens, counter, clock, summarizeTimeoutMs: 1_000, summarize: ({ signal }) => { asked.resolve(signal); return new Promise<string>(() => {}); } });
    const signal = await asked.promise;
    clock.advance(1_000);
    expect((await compacting).report.summary).toBe('timeout');
    expect(signal.aborted).toBe(true);
  });

  it('counts one message when one was added to 8,000', async () => {
    const asked: string[] = [];
    const own = createTokenCounter({ countTokens: (text) => { asked.push(text); return Math.ceil(text.length / 4); } });
    const long = Array.from({ length: 8_000 }, (_, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content: `message number ${index}` }));
    own.countMessages(long);
    asked.length = 0;
    const next = { role: 'user', content: 'one more' };
    await compact([...long, next], { maxTokens: 2_000, counter: own });
    expect(asked.filter((text) => text.startsWith('message number'))).toEqual([]);
    expect(asked.filter((text) => text === next.content)).toHaveLength(1);
  });
});
