import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Place } from '../../../src/lib/task-system/tools/builtin/BuiltIn.ts';
import { httpFetch } from '../../../src/lib/task-system/tools/builtin/httpFetch.ts';
import type { JsonObject } from '../../../src/lib/task-system/types/Json.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { callOptions } from './support.ts';

afterEach(() => { vi.unstubAllGlobals(); });

/** Answers every request with these bytes, in chunks of a few. */
function answerWith(body: Uint8Array | string, init: ResponseInit = {}, chunkBytes = 3): { readonly requests: (readonly [unknown, RequestInit | undefined])[] } {
  const bytes = Buffer.from(body);
  const requests: (readonly [unknown, RequestInit | undefined])[] = [];
  vi.stubGlobal('fetch', (url: unknown, options?: RequestInit) => {
    requests.push([url, options]);
    const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) => new Uint8Array(bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes)));
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = chunks.shift();
        if (next === undefined) controller.close();
        else controller.enqueue(next);
      },
    });
    return Promise.resolve(new Response(stream, init));
  });
  return { requests };
}

async function ask(input: JsonObject = {}): Promise<JsonObject> {
  return httpFetch.run({ url: 'http://a.example/x', ...input }, new Place({ workspace: '/nowhere' }), callOptions());
}

describe('http.fetch: pages', () => {
  it('gives a short body whole, and no next page', async () => {
    answerWith('hello');
    expect(await ask()).toMatchObject({ status: 200, body: 'hello' });
    expect(await ask()).not.toHaveProperty('nextOffset');
  });

  it('does not cut a character in two', async () => {
    answerWith('aé蜂🐝');
    expect(await ask({ limit: 5 })).toMatchObject({ body: 'aé', nextOffset: 3 });
  });

  it('gives the last page as it is, also where a body ends within a character', async () => {
    answerWith(Buffer.from('aé').subarray(0, 2));
    expect(await ask({ limit: 5 })).toMatchObject({ body: 'a\ufffd' });
  });

  it('goes on also where a page is smaller than a character', async () => {
    answerWith('蜂蜂');
    expect(await ask({ limit: 2 })).toMatchObject({ nextOffset: 2 });
  });

  it('says that there is no more when a page ends with the body', async () => {
    answerWith('abcdef');
    expect(await ask({ limit: 6 })).not.toHaveProperty('nextOffset');
  });

  it('gives nothing behind the end', async () => {
    answerWith('abc');
    expect(await ask({ offset: 10 })).toMatchObject({ body: '' });
  });

  it('cuts bytes wherever the page ends', async () => {
    answerWith('aé蜂', { headers: { 'content-type': 'image/png' } });
    expect(await ask({ limit: 2 })).toMatchObject({ bodyBase64: Buffer.from('aé').subarray(0, 2).toString('base64'), nextOffset: 2 });
  });

  it('loses nothing of a text, whatever the size of a page', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.integer({ min: 4, max: 20 }), fc.integer({ min: 1, max: 7 }), async (text, limit, chunk) => {
      answerWith(text, {}, chunk);
      let read = '';
      for (let offset: unknown = 0; typeof offset === 'number';) {
        const page = await ask({ limit, offset });
        read += typeof page['body'] === 'string' ? page['body'] : 'no text';
        offset = page['nextOffset'];
      }
      expect(read).toBe(text);
    }), { numRuns: 40 });
  });
});

describe('http.fetch: what is text', () => {
  const bodyField = async (type: string): Promise<string> => {
    answerWith('x', { headers: { 'content-type': type } });
    return Object.keys(await ask()).find((key) => key.startsWith('body')) ?? 'none';
  };

  it('takes text, JSON, XML and scripts for text', async () => {
    for (const type of ['text/html; charset=utf-8', 'application/json', 'application/problem+json', 'application/xml', 'application/javascript', 'Application/JSON']) expect(await bodyField(type)).toBe('body');
  });

  it('takes everything else for bytes', async () => {
    for (const type of ['image/svg', 'application/octet-stream', 'application/jsonp', 'application/pdf']) expect(await bodyField(type)).toBe('bodyBase64');
  });
});

describe('http.fetch: the request and its answer', () => {
  it('follows no redirect by itself', async () => {
    const { requests } = answerWith('', { status: 302, headers: { location: '/y' } });
    expect(await ask()).toMatchObject({ status: 302, headers: { location: '/y' } });
    expect(requests[0]?.[1]).toMatchObject({ redirect: 'manual' });
  });

  it('shows no headers but those of use', async () => {
    answerWith('', { headers: { 'content-type': 'text/plain', 'set-cookie': 'a=b', etag: 'x', server: 'y' } });
    expect(await ask()).toMatchObject({ headers: { 'content-type': 'text/plain', etag: 'x' } });
    expect(JSON.stringify(await ask())).not.toMatch(/a=b|server/);
  });

  it('cuts a header that is very long', async () => {
    answerWith('', { headers: { link: 'x'.repeat(5_000) } });
    expect(JSON.stringify(await ask()).length).toBeLessThan(2_500);
  });

  it('sends method, headers and body', async () => {
    const { requests } = answerWith('');
    await ask({ method: 'POST', headers: { 'x-a': '1' }, body: 'hi' });
    expect(requests[0]?.[1]).toMatchObject({ method: 'POST', headers: { 'x-a': '1' }, body: 'hi' });
  });

  it('sends no body where there is none, which GET would not allow', async () => {
    const { requests } = answerWith('');
    await ask({ method: 'GET' });
    expect(requests[0]?.[1]).not.toHaveProperty('body');
  });

  it('says what is behind a failure', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })));
    expect(await rejectionOf(ask())).toMatchObject({ code: 'TOOL_FAILED', message: expect.stringContaining('a.example: fetch failed (ECONNREFUSED)') });
  });

  it('fails with the reason of its signal when it was aborted', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
    const options = callOptions(AbortSignal.abort(new RangeError('out of time')));
    await expect(httpFetch.run({ url: 'http://a.example/' }, new Place({ workspace: '/nowhere' }), options)).rejects.toThrow('out of time');
  });
});
