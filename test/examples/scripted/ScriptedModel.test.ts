import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText, type LanguageModel } from 'ai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ScriptedModel, type Script } from '../../../examples/scripted/ScriptedModel.ts';
import { poll } from '../../models/poll.ts';

async function start(script: Script, apiKey?: string): Promise<{ readonly server: ScriptedModel; readonly model: LanguageModel }> {
  const server = await ScriptedModel.start(script, apiKey === undefined ? {} : { apiKey });
  onTestFinished(() => server.close());
  return { server, model: createOpenAICompatible({ name: 'scripted', baseURL: server.baseURL, includeUsage: true })('m') };
}

const options = { maxRetries: 0, prompt: 'Hello' };

describe('ScriptedModel', () => {
  it('answers as the script says, with usage', async () => {
    const { model } = await start([{ text: 'Good day', usage: { input: 7, output: 3 } }]);
    const { text, usage } = await generateText({ model, ...options });
    expect([text, usage.inputTokens, usage.outputTokens]).toEqual(['Good day', 7, 3]);
  });

  it('streams the pieces one by one', async () => {
    const { model } = await start([{ text: ['Good', ' ', 'day'] }]);
    const pieces = [];
    for await (const piece of streamText({ model, ...options }).textStream) pieces.push(piece);
    expect(pieces).toEqual(['Good', ' ', 'day']);
  });

  it('keeps what it was asked', async () => {
    const { server, model } = await start([{ text: 'Yes' }]);
    await generateText({ model, ...options });
    expect(server.requests).toMatchObject([{ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }]);
  });

  it('answers by what it is asked, when the script is a function', async () => {
    const { model } = await start(({ messages }, index) => ({ text: `${String(index)} ${JSON.stringify(messages[0]?.content)}` }));
    expect((await generateText({ model, ...options })).text).toBe('0 "Hello"');
  });

  it.each([true, false])('asks for tools (streamed: %s)', async (isStreamed) => {
    const { model } = await start([{ calls: [{ name: 'add', arguments: { a: 1, b: 2 } }] }]);
    const calls = isStreamed ? await streamText({ model, ...options }).toolCalls : (await generateText({ model, ...options })).toolCalls;
    expect(calls).toMatchObject([{ toolName: 'add', input: { a: 1, b: 2 } }]);
  });

  it('can ask for a tool with arguments that are not JSON', async () => {
    const { model } = await start([{ calls: [{ name: 'add', arguments: '{"a": ' }] }]);
    expect((await generateText({ model, ...options })).toolCalls).toMatchObject([{ toolName: 'add', invalid: true }]);
  });

  it('refuses with a status, a message and headers', async () => {
    const { model } = await start([{ status: 429, message: 'Slow down', headers: { 'retry-after': '3' } }]);
    await expect(generateText({ model, ...options })).rejects.toMatchObject({ statusCode: 429, message: 'Slow down', responseHeaders: { 'retry-after': '3' } });
  });

  it('says the wrong key when it refuses one, as real ones do', async () => {
    const { model } = await start([{ text: 'Never' }], 'right');
    await expect(generateText({ model, ...options })).rejects.toMatchObject({ statusCode: 401, message: 'Incorrect API key provided: .' });
  });

  it('has no more to say at the end of its script', async () => {
    const { model } = await start([]);
    await expect(generateText({ model, ...options })).rejects.toThrow('no reply to request 1');
  });

  it('breaks off in the middle', async () => {
    const { server, model } = await start([{ text: ['one', 'two', 'three'], cutAfter: 2 }]);
    const pieces: string[] = [];
    const read = async (): Promise<void> => {
      for await (const part of streamText({ model, ...options, onError: () => undefined }).stream) {
        if (part.type === 'text-delta') pieces.push(part.text);
        if (part.type === 'error') throw part.error;
      }
    };
    await expect(read()).rejects.toMatchObject({ isRetryable: true });
    expect(pieces).toEqual(['one', 'two']);
    await poll(() => server.broken).toBe(1);
  });

  it('says nothing before it is allowed to', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { server, model } = await start([{ text: 'late', until: gate.promise }]);
    const asked = generateText({ model, ...options });
    await poll(() => server.open).toBe(1);
    gate.resolve(undefined);
    expect((await asked).text).toBe('late');
  });

  it('never ends, until nobody listens any more', async () => {
    const { server, model } = await start([{ text: 'again ', isEndless: true }]);
    const stop = new AbortController();
    for await (const piece of streamText({ model, ...options, abortSignal: stop.signal }).textStream) {
      expect(piece).toBe('again ');
      stop.abort();
    }
    await poll(() => server.open).toBe(0);
  });
});
