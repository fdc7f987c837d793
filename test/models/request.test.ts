import { describe, expect, it } from 'vitest';
import { readOrder } from '../../src/lib/task-system/models/orders.ts';
import { ignoredFields, providerTools, readRequest } from '../../src/lib/task-system/models/request.ts';
import { priceOf } from '../../src/lib/task-system/models/price.ts';
import { resolveModels } from '../../src/lib/task-system/types/resolveModels.ts';
import type { ResolvedModel } from '../../src/lib/task-system/types/Models.ts';
import type { JsonObject, JsonValue } from '../../src/lib/task-system/types/Json.ts';
import { thrownBy } from '../support/thrown.ts';

function modelWith(providerOptions: Readonly<Record<string, JsonObject>> = {}): ResolvedModel {
  const model = resolveModels({ small: { model: 'm', baseURL: 'http://127.0.0.1:1', providerOptions } }).get('small');
  if (model === undefined) throw new Error('the model is gone');
  return model;
}

const prompt: JsonValue = [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }];
const read = (options: JsonObject, model = modelWith()): object => readRequest({ prompt, ...options }, model);

describe('readRequest', () => {
  it('passes on what a task may set', () => {
    expect(read({ maxOutputTokens: 5, temperature: 0, seed: 1 })).toEqual({ prompt, maxOutputTokens: 5, temperature: 0, seed: 1, providerOptions: {} });
  });

  it('passes on no headers, which could carry a key to somebody else', () => {
    expect(read({ headers: { authorization: 'x' } })).not.toHaveProperty('headers');
  });

  it('passes on the host\'s own settings for the provider, and not the task\'s', () => {
    expect(read({ providerOptions: { openai: { model: 'dearer' } } }, modelWith({ openai: { user: 'acme' } }))).toMatchObject({ providerOptions: { openai: { user: 'acme' } } });
  });

  it('gives away a copy of these settings', () => {
    const model = modelWith({ openai: { user: 'acme' } });
    expect(readRequest({ prompt }, model).providerOptions).not.toBe(model.providerOptions);
  });

  it('makes addresses of files addresses again', () => {
    const file: JsonValue = [{ role: 'user', content: [{ type: 'file', data: { type: 'url', url: 'https://a.example/x.png' } }] }];
    expect(readRequest({ prompt: file }, modelWith()).prompt).toEqual([{ role: 'user', content: [{ type: 'file', data: { type: 'url', url: new URL('https://a.example/x.png') } }] }]);
  });

  it('leaves a text that is no address', () => {
    const file: JsonValue = [{ role: 'user', content: [{ type: 'file', data: { type: 'url', url: 'no address' } }] }];
    expect(readRequest({ prompt: file }, modelWith()).prompt).toEqual(file);
  });

  it('refuses a request without a prompt', () => {
    expect(thrownBy(() => readRequest({}, modelWith())).code).toBe('MODEL_REQUEST_INVALID');
  });

  it('refuses an empty prompt', () => {
    expect(thrownBy(() => read({ prompt: [] })).code).toBe('MODEL_REQUEST_INVALID');
  });

  it('refuses a message without a role or without content', () => {
    expect(thrownBy(() => read({ prompt: [{ content: 'x' }] })).code).toBe('MODEL_REQUEST_INVALID');
    expect(thrownBy(() => read({ prompt: [{ role: 'user' }] })).code).toBe('MODEL_REQUEST_INVALID');
  });
});

describe('ignoredFields', () => {
  it('names headers and settings for the provider', () => {
    expect(ignoredFields({ headers: { a: '1' }, providerOptions: { openai: {} } })).toEqual(['providerOptions', 'headers']);
  });

  it('does not name the header that the SDK always sends', () => {
    expect(ignoredFields({ headers: { 'User-Agent': 'ai/7' } })).toEqual([]);
  });

  it('does not name what is empty', () => {
    expect(ignoredFields({ headers: {}, providerOptions: {} })).toEqual([]);
  });
});

describe('providerTools', () => {
  it('finds the tools that run at the provider', () => {
    const tools: JsonValue = [{ type: 'function', name: 'find' }, { type: 'provider', id: 'openai.search', args: { depth: 1 } }];
    expect(providerTools({ tools })).toEqual([{ id: 'openai.search', args: { depth: 1 } }]);
  });

  it('takes whatever it does not know for one of them', () => {
    expect(providerTools({ tools: [7, { type: 'new' }] })).toEqual([{ id: 'unknown', args: null }, { id: 'unknown', args: null }]);
  });

  it('finds none where there are no tools', () => {
    expect([providerTools({}), providerTools({ tools: 'x' })]).toEqual([[], []]);
  });
});

describe('readOrder', () => {
  const code = (params: JsonValue): string => thrownBy(() => readOrder(params)).code;

  it('reads a call with its model and options', () => {
    expect(readOrder({ op: 'stream', call: 1, model: 'm', options: {} })).toEqual({ op: 'stream', call: 1, model: 'm', options: {} });
  });

  it('keeps only a true mark of a turn', () => {
    expect([readOrder({ op: 'generate', call: 1, model: 'm', options: {}, isTurn: true }), readOrder({ op: 'generate', call: 1, model: 'm', options: {}, isTurn: 1 })])
      .toEqual([{ op: 'generate', call: 1, model: 'm', options: {}, isTurn: true }, { op: 'generate', call: 1, model: 'm', options: {} }]);
  });

  it('reads what goes on with a call, and nothing beside its number', () => {
    expect([readOrder({ op: 'pull', call: 2, model: 'x' }), readOrder({ op: 'abort', call: 3 })]).toEqual([{ op: 'pull', call: 2 }, { op: 'abort', call: 3 }]);
  });

  it('reads a question about a model', () => {
    expect(readOrder({ op: 'describe', model: 'm', call: 1 })).toEqual({ op: 'describe', model: 'm' });
  });

  it('refuses an order that there is not', () => {
    expect(code({ op: 'delete', call: 1, model: 'm', options: {} })).toBe('MODEL_REQUEST_INVALID');
  });

  it('refuses a call whose number is none', () => {
    expect([code({ op: 'pull', call: '1' }), code({ op: 'pull', call: 0.5 }), code({ op: 'pull' })]).toEqual(Array.from({ length: 3 }, () => 'MODEL_REQUEST_INVALID'));
  });

  it('refuses options that are no object', () => {
    expect([code({ op: 'generate', call: 1, model: 'm', options: [] }), code({ op: 'generate', call: 1, model: 'm' })]).toEqual(['MODEL_REQUEST_INVALID', 'MODEL_REQUEST_INVALID']);
  });

  it('refuses what is no object at all', () => {
    expect([code(null), code('generate'), code([])]).toEqual(Array.from({ length: 3 }, () => 'MODEL_REQUEST_INVALID'));
  });
});

describe('priceOf', () => {
  const tokens = { inputTokens: 1_000_000, outputTokens: 500_000, cachedTokens: 0 };

  it('is nothing without a price', () => {
    expect(priceOf(undefined, tokens)).toBe(0);
  });

  it('counts a million tokens at the price of the table', () => {
    expect(priceOf({ input: 2, output: 8 }, tokens)).toBe(6);
  });

  it('counts cached tokens at their own price, and not twice', () => {
    expect(priceOf({ input: 2, output: 8, cachedInput: 1 }, { ...tokens, outputTokens: 0, cachedTokens: 500_000 })).toBe(1.5);
  });

  it('counts cached tokens like the others where they have no price', () => {
    expect(priceOf({ input: 2, output: 8 }, { ...tokens, outputTokens: 0, cachedTokens: 500_000 })).toBe(2);
  });

  it('never counts more cached tokens than there were', () => {
    expect(priceOf({ input: 2, output: 8, cachedInput: 1 }, { inputTokens: 1_000_000, outputTokens: 0, cachedTokens: 9_000_000 })).toBe(1);
  });
});
