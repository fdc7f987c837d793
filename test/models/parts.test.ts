import { describe, expect, it } from 'vitest';
import { readParts, readPatterns, readResult } from '../../src/lib/task-system/models/client/revive.ts';
import { encodePart, encodeResult } from '../../src/lib/task-system/models/parts.ts';
import { deserializeError, serializeError, TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { parseJson } from '../../src/lib/task-system/types/Json.ts';
import { thrownBy } from '../support/thrown.ts';

const usage = { inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined }, outputTokens: { total: 1, text: 1, reasoning: undefined } };
const answer = { content: [{ type: 'text', text: 'yes' }] as const, finishReason: { unified: 'stop', raw: undefined }, usage, warnings: [] } as const;
const encoded = (more: Partial<Parameters<typeof encodeResult>[0]> = {}): ReturnType<typeof encodeResult> => encodeResult({ ...answer, content: [...answer.content], warnings: [], ...more });

describe('encodePart', () => {
  it('gives a piece of a text as it is, with about its size', () => {
    expect(encodePart({ type: 'text-delta', id: '1', delta: 'abc' })).toEqual({ value: { type: 'text-delta', id: '1', delta: 'abc' }, bytes: 51 });
  });

  it('keeps what a provider says of a piece', () => {
    expect(encodePart({ type: 'text-delta', id: '1', delta: 'a', providerMetadata: { p: { x: 1 } } }).value).toMatchObject({ providerMetadata: { p: { x: 1 } } });
  });

  it('writes the bytes of a file as base64', () => {
    const { value } = encodePart({ type: 'file', mediaType: 'image/png', data: { type: 'data', data: new Uint8Array([1, 2, 3]) } });
    expect(value).toMatchObject({ data: { data: 'AQID' } });
  });

  it('writes a Buffer as base64 as well, not as its JSON', () => {
    const { value } = encodePart({ type: 'file', mediaType: 'image/png', data: { type: 'data', data: Buffer.from([1, 2, 3]) } });
    expect(value).toMatchObject({ data: { data: 'AQID' } });
  });
});

describe('encodeResult', () => {
  it('passes on id, model and time of the response', () => {
    expect(encoded({ response: { id: 'r', modelId: 'm', timestamp: new Date(0) } }).value).toMatchObject({ response: { id: 'r', modelId: 'm', timestamp: '1970-01-01T00:00:00.000Z' } });
  });

  it('keeps headers and bodies to the host', () => {
    const { value } = encoded({ request: { body: 'hush' }, response: { headers: { 'x-key': 'hush' }, body: 'hush' } });
    expect(JSON.stringify(value)).not.toContain('hush');
  });

  it('counts its own size', () => {
    const { value, bytes } = encoded();
    expect(bytes).toBe(JSON.stringify(value).length);
  });
});

describe('readResult', () => {
  it('makes a date of the time again', () => {
    const { value } = encoded({ response: { timestamp: new Date(5) } });
    expect(readResult(value, 'm')).toMatchObject({ response: { timestamp: new Date(5) } });
  });

  it('makes addresses of the texts that they have become', () => {
    const value = { ...answer, content: [{ type: 'file', mediaType: 'x', data: { type: 'url', url: 'https://a.example/' } }] };
    expect(readResult(parseJson(JSON.stringify(value)), 'm').content).toMatchObject([{ data: { url: new URL('https://a.example/') } }]);
  });

  it('refuses an answer without content', () => {
    expect(thrownBy(() => readResult({ usage: {}, finishReason: {}, warnings: [] }, 'm')).code).toBe('MODEL_FAILED');
  });

  it('refuses what is no answer at all', () => {
    expect([thrownBy(() => readResult(null, 'm')).code, thrownBy(() => readResult('yes', 'm')).details]).toEqual(['MODEL_FAILED', { model: 'm' }]);
  });
});

describe('readParts', () => {
  it('says whether these are the last ones', () => {
    expect([readParts({ parts: [], isDone: true }).isDone, readParts({ parts: [], isDone: 1 }).isDone, readParts({}).isDone]).toEqual([true, false, false]);
  });

  it('gives nothing for what is no list', () => {
    expect([readParts(null).parts, readParts({ parts: 'x' }).parts]).toEqual([[], []]);
  });

  it('passes over what is no part', () => {
    expect(readParts({ parts: [null, 7, {}, { type: 'text-start', id: '1' }] }).parts).toEqual([{ type: 'text-start', id: '1' }]);
  });

  it('makes an error of an error again, with its code', () => {
    const sent = serializeError(new TaskSystemError('MODEL_FAILED', 'x'));
    const [part] = readParts(parseJson(JSON.stringify({ parts: [{ type: 'error', error: sent }] }))).parts;
    expect(part).toMatchObject({ type: 'error', error: deserializeError(sent) });
  });

  it('makes an error of an error that is none', () => {
    expect(readParts({ parts: [{ type: 'error', error: 'odd' }] }).parts).toEqual([{ type: 'error', error: new Error('the host told of an error') }]);
  });

  it('makes a date of the time of a response', () => {
    expect(readParts({ parts: [{ type: 'response-metadata', timestamp: '1970-01-01T00:00:00.000Z' }] }).parts).toEqual([{ type: 'response-metadata', timestamp: new Date(0) }]);
  });

  it('leaves a response without a time', () => {
    expect(readParts({ parts: [{ type: 'response-metadata', id: 'r' }] }).parts).toEqual([{ type: 'response-metadata', id: 'r' }]);
  });
});

describe('readPatterns', () => {
  it('makes patterns of source and flags', () => {
    expect(readPatterns({ supportedUrls: { 'image/*': [['^https:', 'i']] } })).toEqual({ 'image/*': [/^https:/i] });
  });

  it('passes over what is no pattern', () => {
    expect(readPatterns({ supportedUrls: { 'image/*': ['x', ['a'], [1, 2]], 'text/*': 'x' } })).toEqual({ 'image/*': [], 'text/*': [] });
  });

  it('has none where there are none', () => {
    expect([readPatterns(null), readPatterns({ supportedUrls: [] })]).toEqual([{}, {}]);
  });
});
