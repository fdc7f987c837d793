import { serializeError, TaskSystemError } from '../../types/Errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../types/Json.ts';
import type { ToolCallOptions } from '../../types/Tools.ts';
import { numberOf, textOf, type BuiltIn } from './BuiltIn.ts';
import { wholeCharacters } from './fsRead.ts';

const BODY_BYTES = 65_536;
const MAX_BODY_BYTES = 131_072;
/** How much of a body is read at all, from its beginning; what a page lies behind has to be read too. */
const MAX_READ_BYTES = 16_777_216;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Of the headers of an answer, what a model can use. */
const SHOWN = ['content-type', 'content-length', 'content-language', 'last-modified', 'etag', 'location', 'retry-after', 'link', 'x-ratelimit-remaining', 'x-ratelimit-reset'];
const TEXT_TYPE = /^(?:text\/|application\/(?:[\w.+-]*\+)?(?:json|xml|yaml|javascript|x-www-form-urlencoded)\b)/i;

/** Asks a server over HTTP. */
export const httpFetch: BuiltIn = {
  name: 'http.fetch',
  description: 'Asks a server over http or https. Long bodies come in pages: when the answer has nextOffset, call again with it as offset. Redirects are not followed: the answer has the address in headers.location, to be called by itself.',
  inputSchema: {
    type: 'object', required: ['url'], additionalProperties: false,
    properties: {
      url: { type: 'string', minLength: 1, maxLength: 8_192 },
      method: { enum: METHODS, default: 'GET' },
      headers: { type: 'object', maxProperties: 64, additionalProperties: { type: 'string', maxLength: 8_192 } },
      body: { type: 'string', description: 'What is sent.' },
      offset: { type: 'integer', minimum: 0, default: 0, description: 'Where in the body of the answer to begin, in bytes.' },
      limit: { type: 'integer', minimum: 1, maximum: MAX_BODY_BYTES, default: BODY_BYTES, description: 'How much of it to answer, in bytes.' },
    },
  },
  annotations: { title: 'Fetch a page', openWorldHint: true },
  async run(input, _place, options) {
    const url = new URL(textOf(input['url']));
    const response = await ask(url, input, options);
    const [offset, limit] = [numberOf(input['offset'], 0), numberOf(input['limit'], BODY_BYTES)];
    const { page: bytes, hasMore } = await readPage(response, offset, limit);
    const isText = TEXT_TYPE.test(response.headers.get('content-type') ?? 'text/plain');
    const page = isText && hasMore ? endOfCharacter(bytes) : bytes;
    return {
      status: response.status, url: response.url === '' ? url.href : response.url, headers: headersOf(response),
      ...(isText ? { body: page.toString() } : { bodyBase64: page.toString('base64') }), ...(hasMore ? { nextOffset: offset + page.length } : {}),
    };
  },
};

async function ask(url: URL, input: JsonObject, { abortSignal }: ToolCallOptions): Promise<Response> {
  const { body } = input;
  try {
    return await fetch(url, {
      method: textOf(input['method']), headers: textsOf(input['headers']), redirect: 'manual', signal: abortSignal, ...(typeof body === 'string' ? { body } : {}),
    });
  } catch (error) {
    abortSignal.throwIfAborted();
    throw new TaskSystemError('TOOL_FAILED', `http.fetch ${url.host}: ${reasonOf(error)}`, { tool: 'http.fetch', host: url.host }, { cause: error });
  }
}

/** `fetch failed` says nothing; what is behind it does. */
function reasonOf(error: unknown): string {
  const { message, cause } = serializeError(error);
  return cause === undefined ? message : `${message} (${cause.code ?? cause.message})`;
}

async function readPage(response: Response, offset: number, limit: number): Promise<{ readonly page: Buffer; readonly hasMore: boolean }> {
  const kept: Uint8Array[] = [];
  let [position, hasMore] = [0, false];
  for await (const chunk of chunksOf(response)) {
    const part = chunk.subarray(Math.max(0, offset - position), Math.max(0, offset + limit - position));
    if (part.length > 0) kept.push(part);
    position += chunk.length;
    hasMore = position > offset + limit;
    if (hasMore || position > MAX_READ_BYTES) break;
  }
  return { page: Buffer.concat(kept), hasMore };
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  for await (const chunk of body) if (chunk instanceof Uint8Array) yield chunk;
}

/** A page that is read on begins with the character that did not fit; one that holds less than a character stays what it is. */
function endOfCharacter(bytes: Buffer): Buffer {
  const whole = wholeCharacters(bytes);
  return whole.length === 0 ? bytes : whole;
}

function headersOf({ headers }: Response): JsonObject {
  return Object.fromEntries(SHOWN.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value.slice(0, 2_048)]];
  }));
}

function textsOf(value: JsonValue | undefined): Record<string, string> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
