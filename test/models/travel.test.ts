import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { MockLanguageModelV4 } from 'ai/test';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priceOf } from '../../src/lib/task-system/models/price.ts';
import { openModel } from '../../src/lib/task-system/models/openModel.ts';
import { rejectionOf } from '../support/thrown.ts';
import { answer, connect, partsOf, readAll, REQUEST, STOP, streaming, USAGE } from './inProcess.ts';
import { endpoint } from './makers.ts';

const user = (...content: readonly object[]): { readonly prompt: readonly object[] } => ({ prompt: [{ role: 'user', content }] });

/** What the model of the host is asked, when a task asks this. */
async function asked(request: { readonly prompt: readonly object[] }): Promise<unknown> {
  const language = new MockLanguageModelV4({ doGenerate: answer('Yes') });
  await connect(language).model.doGenerate(request);
  return language.doGenerateCalls[0]?.prompt;
}

describe('a request on its way to the host', () => {
  it.each([['bytes', new Uint8Array([1, 2, 3])], ['a buffer', Buffer.from([1, 2, 3])], ['base64', 'AQID']])('carries a file as %s', async (_form, data) => {
    await expect(asked(user({ type: 'file', mediaType: 'image/png', data: { type: 'data', data } }))).resolves.toEqual([
      { role: 'user', content: [{ type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } }] },
    ]);
  });

  it('carries a file by its address', async () => {
    const part = { type: 'file', mediaType: 'image/png', data: { type: 'url', url: new URL('https://example.com/a.png') } };
    await expect(asked(user(part))).resolves.toEqual([{ role: 'user', content: [part] }]);
  });

  it('leaves the arguments and results of tools as they are', async () => {
    const prompt = [
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: '1', toolName: 't', input: { type: 'url', url: 'https://example.com' } }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: 't', output: { type: 'json', value: { type: 'url', url: 'https://example.com' } } }] },
    ];
    await expect(asked({ prompt })).resolves.toEqual(prompt);
  });

  it('leaves any text as it is', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      await expect(asked(user({ type: 'text', text }))).resolves.toEqual([{ role: 'user', content: [{ type: 'text', text }] }]);
    }), { numRuns: 50 });
  });
});

describe('an answer on its way to the task', () => {
  it('keeps dates', async () => {
    const timestamp = new Date(1_000);
    const { model } = connect(new MockLanguageModelV4({ doGenerate: answer('Yes', { response: { id: 'r', timestamp, modelId: 'm' } }) }));
    expect(await model.doGenerate(REQUEST)).toMatchObject({ response: { id: 'r', timestamp, modelId: 'm' } });
  });

  it('carries files as base64 and addresses as such', async () => {
    const url = new URL('https://example.com/a.png');
    const { model } = connect(new MockLanguageModelV4({ doGenerate: answer('', { content: [
      { type: 'file', mediaType: 'image/png', data: { type: 'data', data: new Uint8Array([1, 2, 3]) } },
      { type: 'file', mediaType: 'image/png', data: { type: 'url', url } },
    ] }) }));
    expect((await model.doGenerate(REQUEST)).content).toEqual([
      { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } },
      { type: 'file', mediaType: 'image/png', data: { type: 'url', url } },
    ]);
  });

  it.each<LanguageModelV4StreamPart>([
    { type: 'response-metadata', id: 'r', timestamp: new Date(5), modelId: 'm' },
    { type: 'tool-call', toolCallId: '1', toolName: 't', input: '{"a":' },
    { type: 'tool-input-start', id: '1', toolName: 't' },
    { type: 'reasoning-delta', id: '1', delta: 'hm', providerMetadata: { p: { signature: 's' } } },
    { type: 'source', sourceType: 'url', id: 's', url: 'https://example.com', title: 'A page' },
    { type: 'file', mediaType: 'text/plain', data: { type: 'url', url: new URL('https://example.com') } },
    { type: 'raw', rawValue: { any: ['thing'] } },
    { type: 'finish', finishReason: STOP, usage: USAGE },
  ])('keeps a part as it is: $type', async (part) => {
    const { model } = connect(streaming([part]));
    expect(await readAll((await model.doStream(REQUEST)).stream)).toEqual([part]);
  });

  it('keeps any pieces of text', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 20 }), async (pieces) => {
      const { model } = connect(streaming(partsOf(...pieces)));
      expect(await readAll((await model.doStream(REQUEST)).stream)).toEqual(partsOf(...pieces));
    }), { numRuns: 50 });
  });

  it('tells of an error in the middle as one of ours', async () => {
    const { model } = connect(streaming([{ type: 'text-start', id: '1' }, { type: 'error', error: new Error('broken by sk-abcdefgh12345678') }]));
    const parts = await readAll((await model.doStream(REQUEST)).stream);
    expect(parts).toMatchObject([{ type: 'text-start' }, { type: 'error', error: { code: 'MODEL_FAILED', message: expect.stringContaining('broken by [key]') } }]);
  });

  it('refuses what is no answer', async () => {
    const { model } = connect(new MockLanguageModelV4({ doGenerate: () => Promise.resolve({ ...answer(''), content: 'text' } as never) }));
    await expect(rejectionOf(model.doGenerate(REQUEST))).resolves.toMatchObject({ code: 'MODEL_FAILED' });
  });
});

describe('supportedUrls', () => {
  it('are those of the model in the host', async () => {
    const { model } = connect(new MockLanguageModelV4({ supportedUrls: { 'image/*': [/^https:\/\/example\.com\/.*$/i] } }));
    expect(await model.supportedUrls).toEqual({ 'image/*': [/^https:\/\/example\.com\/.*$/i] });
  });

  it('are asked for once', async () => {
    const { model, ask } = connect(new MockLanguageModelV4({ supportedUrls: {} }));
    expect(await model.supportedUrls).toBe(await model.supportedUrls);
    await expect(ask({ op: 'describe', model: 'default' })).resolves.toEqual({ supportedUrls: {} });
  });
});

describe('priceOf', () => {
  const tokens = { inputTokens: 1_000_000, outputTokens: 500_000, cachedTokens: 400_000 };

  it('is nothing without a price', () => {
    expect(priceOf(undefined, tokens)).toBe(0);
  });

  it('counts per million', () => {
    expect(priceOf({ input: 2, output: 10 }, tokens)).toBe(7);
  });

  it('takes less for what was in the cache', () => {
    expect(priceOf({ input: 2, output: 10, cachedInput: 0.5 }, tokens)).toBeCloseTo(6.4, 9);
  });

  it('believes in no more cached tokens than were sent', () => {
    expect(priceOf({ input: 2, output: 0, cachedInput: 0 }, { inputTokens: 10, outputTokens: 0, cachedTokens: 1_000 })).toBe(0);
  });
});

describe('openModel', () => {
  it('says which package is missing', async () => {
    const missing = openModel(endpoint(), () => Promise.reject(new Error('Cannot find package')));
    await expect(rejectionOf(missing)).resolves.toMatchObject({ code: 'MODEL_PEER_MISSING', message: expect.stringContaining('npm install @ai-sdk/openai-compatible') });
  });

  it('loads nothing for a model of the SDK', async () => {
    const language = new MockLanguageModelV4();
    await expect(openModel({ ...endpoint(), model: language }, () => Promise.reject(new Error('loaded')))).resolves.toBe(language);
  });

  it('makes a model of an address', async () => {
    await expect(openModel(endpoint())).resolves.toMatchObject({ modelId: 'm', provider: 'default.chat', specificationVersion: 'v4' });
  });
});
