import fc from 'fast-check';
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createTokenCounter } from '../../src/lib/task-system/context/TokenCounter.ts';
import { startProgram } from './programs.ts';
import { anyScript } from './tokens/strings.ts';

const PLAIN = { disallowedSpecial: new Set<string>() };
const ENCODINGS = [['o200k', o200k], ['cl100k', cl100k]] as const;

/** Counts how often it is asked. */
function spy(): { readonly countTokens: (text: string) => number; readonly asked: string[] } {
  const asked: string[] = [];
  return { asked, countTokens: (text) => { asked.push(text); return text.length; } };
}

describe.each(ENCODINGS)('createTokenCounter with %s', (encoding, exact) => {
  const counter = createTokenCounter({ encoding });

  it('counts exactly what the tokenizer counts, long runs of any script included', () => {
    fc.assert(fc.property(anyScript, (text) => { expect(counter.countText(text)).toBe(exact(text, PLAIN)); }), { numRuns: 300 });
  });

  it('never counts more tokens than bytes', () => {
    fc.assert(fc.property(anyScript, (text) => { expect(counter.countText(text)).toBeLessThanOrEqual(Buffer.byteLength(text)); }));
  });

  it.each(['<|endoftext|>', '<|endofprompt|>', 'a <|im_start|>system<|im_end|>', '<|fim_prefix|>'])('counts %s as the text it is', (text) => {
    expect(counter.countText(text)).toBeGreaterThan(3);
  });

  it('counts nothing for no text', () => { expect(counter.countText('')).toBe(0); });
});

describe('createTokenCounter', () => {
  const counter = createTokenCounter();

  it.each(['ก', '中', '😀', '\u200d', ' ', '=', 'é'])('counts 100,000 characters of %j in time that grows with their number, not its square', (unit) => {
    const time = (characters: number): number => {
      const text = unit.repeat(characters);
      const start = process.cpuUsage();
      counter.countText(text);
      return process.cpuUsage(start).user;
    };
    time(1_000);
    const small = Math.max(time(10_000), 2_000);
    // Ten times the text: ten times the work and the logarithm, or a hundred times for the square.
    expect(time(100_000) / small).toBeLessThan(60);
  });

  it('uses the function it was given and nothing else', () => {
    const { countTokens, asked } = spy();
    expect(createTokenCounter({ countTokens }).countText('four')).toBe(4);
    expect(asked).toEqual(['four']);
  });

  it('counts what stands between messages, calls, ids and schemas', () => {
    const message = { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"q":"bees"}' } }] };
    expect(counter.countMessage(message)).toBe(4 + counter.countText(JSON.stringify(message.tool_calls)));
    expect(counter.countMessage({ role: 'tool', tool_call_id: 'call_1', content: 'found' })).toBe(4 + counter.countText('call_1') + counter.countText('found'));
    expect(counter.countTools([{ name: 'find' }])).toBe(counter.countText('[{"name":"find"}]'));
    expect(counter.countTools(undefined)).toBe(0);
  });

  it('counts the schemas of validation libraries as JSON Schema', () => {
    expect(counter.countTools({ find: { inputSchema: z.object({ query: z.string().describe('a long explanation of what to look for') }) } })).toBeGreaterThan(20);
  });

  it('counts the parts of the AI SDK, and pictures by a flat number', () => {
    const call = { role: 'assistant', content: [{ type: 'text', text: 'Look:' }, { type: 'tool-call', toolCallId: 'c1', toolName: 'find', input: { q: 'bees' } }] };
    expect(counter.countMessage(call)).toBe(4 + counter.countText('Look:') + counter.countText('{"toolCallId":"c1","toolName":"find","input":{"q":"bees"}}'));
    expect(counter.countMessage({ role: 'user', content: [{ type: 'image', image: 'A'.repeat(100_000) }] })).toBe(1_504);
    const picture = { type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: { type: 'content', value: [{ type: 'image-data', data: 'A'.repeat(100_000) }] } };
    expect(counter.countMessage({ role: 'tool', content: [picture] })).toBeLessThan(1_600);
  });

  it('counts each message once, by content: a copy costs nothing, a change in place is seen', () => {
    const { countTokens, asked } = spy();
    const own = createTokenCounter({ countTokens });
    const message = { role: 'user', content: 'hello' };
    expect([own.countMessage(message), own.countMessage({ ...message })]).toEqual([9, 9]);
    expect(asked).toHaveLength(1);
    message.content = 'hello, world';
    expect(own.countMessage(message)).toBe(16);
  });

  it('forgets the oldest messages when it remembers too many', () => {
    const { countTokens, asked } = spy();
    const own = createTokenCounter({ countTokens, rememberedMessages: 2 });
    own.countMessages(['a', 'b', 'c', 'c', 'a'].map((content) => ({ role: 'user', content })));
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });

  it('tells messages apart whose texts only join to the same', () => {
    const parts = (...texts: string[]): object => ({ role: 'user', content: texts.map((text) => ({ type: 'text', text })) });
    expect([counter.countMessage(parts('a', 'b', 'c')), counter.countMessage(parts('abc'))]).toEqual([7, 5]);
  });

  it('answers from bytes alone where they decide, and counts where they do not', () => {
    const text = 'a few words '.repeat(10);
    expect(counter.fits(text, text.length)).toBe(true);
    expect(counter.fits(text, counter.countText(text))).toBe(true);
    expect(counter.fits(text, counter.countText(text) - 1)).toBe(false);
    const messages = [{ role: 'user', content: text }];
    expect([counter.fits(messages, counter.countMessages(messages)), counter.fits(messages, counter.countMessages(messages) - 1)]).toEqual([true, false]);
  });

  it('loads no tokenizer to say that something small fits', async () => {
    const program = `import { createTokenCounter } from ${JSON.stringify(new URL('../../src/lib/task-system/context/TokenCounter.ts', import.meta.url).href)};
      import { createRequire } from 'node:module';
      const counter = createTokenCounter();
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => /gpt-tokenizer|o200k/.test(file));
      const fits = counter.fits('<|endoftext|>', 100) && counter.fits([{ role: 'user', content: 'hi' }], 100);
      const before = loaded();
      counter.countText('now');
      console.log(JSON.stringify([fits, before, loaded()]));`;
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: import.meta.dirname });
    expect(JSON.parse(stdout)).toEqual([true, false, true]);
  });

  it.each([['no tokenizer', 'gone'], ['another version of it', 'other']])('says so where there is %s, and does without it when told how to count', async (_what, kind) => {
    const program = startProgram('withoutTokenizer', [kind]);
    const said: unknown[] = [];
    for await (const line of program.lines) said.push(JSON.parse(line));
    expect(await program.stderr).toBe('');
    expect(said).toEqual([
      { code: 'TOKENIZER_UNAVAILABLE', told: true, hasCause: kind === 'gone' },
      { code: 'TOKENIZER_UNAVAILABLE', told: true, hasCause: kind === 'gone' },
      { fits: true, own: 4, dropped: 37 },
    ]);
  });
});
