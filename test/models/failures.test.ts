import { APICallError } from '@ai-sdk/provider';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFailure, toError, withoutSecrets } from '../../src/lib/task-system/models/failures.ts';
import { endpoint } from './makers.ts';

const model = endpoint();
const apiError = (statusCode: number, responseHeaders: Record<string, string> = {}, message = 'No'): APICallError => new APICallError({ message, url: 'http://127.0.0.1/v1', requestBodyValues: { prompt: 'private' }, statusCode, responseHeaders });

describe('readFailure', () => {
  it.each([[429, true], [500, true], [503, true], [400, false], [401, false], [404, false]])('takes status %i as one that may be repeated: %s', (status, isRetryable) => {
    expect(readFailure(apiError(status), model, 0)).toEqual({ message: 'No', status, isRetryable });
  });

  it.each([
    ['seconds', { 'retry-after': '3' }, 3_000],
    ['parts of seconds', { 'retry-after': '0.5' }, 500],
    ['milliseconds', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    ['a date', { 'retry-after': new Date(61_000).toUTCString() }, 60_000],
    ['a date that is past', { 'retry-after': new Date(0).toUTCString() }, 0],
  ])('reads how long to wait, in %s', (_form, headers, retryAfterMs) => {
    expect(readFailure(apiError(429, headers), model, 1_000)).toMatchObject({ retryAfterMs });
  });

  it.each(['', 'soon', 'NaN'])('does not wait for "%s"', (text) => {
    expect(readFailure(apiError(429, { 'retry-after': text }), model, 0)).not.toHaveProperty('retryAfterMs');
  });

  it('looks at the last error of a model that repeats by itself', () => {
    const wrapped = Object.assign(new Error('Failed after 3 attempts'), { lastError: apiError(503, {}, 'Overloaded') });
    expect(readFailure(wrapped, model, 0)).toEqual({ message: 'Overloaded', status: 503, isRetryable: true });
  });

  it.each([[new Error('broken'), 'broken'], ['a text', 'a text'], [undefined, 'undefined'], [null, 'null']])('does not repeat what it does not know: %s', (thrown, message) => {
    expect(readFailure(thrown, model, 0)).toEqual({ message, isRetryable: false });
  });

  it('keeps the message short', () => {
    expect(readFailure(new Error('x'.repeat(10_000)), model, 0).message).toHaveLength(500);
  });
});

describe('toError', () => {
  it('says that the provider may be asked later', () => {
    expect(toError({ message: 'Slow down', status: 429, isRetryable: true, retryAfterMs: 90_000 }, model, 4)).toMatchObject({
      code: 'MODEL_UNAVAILABLE', retryable: true, details: { model: 'default', status: 429, attempts: 4, retryAfterMs: 90_000 },
    });
  });

  it('says that asking again will not help', () => {
    expect(toError({ message: 'No such model', status: 404, isRetryable: false }, model, 1)).toMatchObject({ code: 'MODEL_FAILED', retryable: false, details: { status: 404 } });
  });

  it('tells nothing of the request and the address', () => {
    const text = JSON.stringify(toError(readFailure(apiError(500), model, 0), model, 1));
    expect(text).not.toMatch(/private|127\.0\.0\.1/);
  });
});

describe('withoutSecrets', () => {
  it('takes out the key of the model, whatever it looks like', () => {
    fc.assert(fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (apiKey, before, after) => {
      expect(withoutSecrets(`${before}${apiKey}${after}`, endpoint({ apiKey }))).not.toContain(apiKey);
    }), { examples: [['a key with $& in it', '', '']] });
  });

  it.each([
    'Incorrect API key provided: sk-proj-abcdefgh12345678.',
    'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.payload',
    'key AIzaSyA1234567890abcdefghijklmnop is blocked',
    'api_key=0123456789abcdef is unknown',
  ])('takes out what looks like a key of somebody else: %s', (text) => {
    expect(withoutSecrets(text, endpoint())).toContain('[key]');
    expect(withoutSecrets(text, endpoint())).not.toMatch(/abcdefgh|eyJ|AIza|0123456789/);
  });

  it('leaves other words alone', () => {
    expect(withoutSecrets('The model is overloaded; try again in 20 seconds.', endpoint())).toBe('The model is overloaded; try again in 20 seconds.');
  });
});
