import { timingSafeEqual } from 'node:crypto';
import { TaskSystemError } from '../../types/Errors.ts';
import type { TaskEvent } from '../../types/Events.ts';
import { parseJson, type JsonValue } from '../../types/Json.ts';
import type { WebhookPayload, WebhookTestData } from '../../types/Webhooks.ts';
import { keyOf, signatureOf } from './secrets.ts';

/** What {@link verifyWebhook} takes. */
export interface VerifyWebhookOptions {
  /** The secret of the endpoint; several while one is being replaced. */
  readonly secret: string | readonly string[];
  /** The headers of the request: of Node (`request.headers`), or of `fetch` (`request.headers`). */
  readonly headers: WebhookHeaders;
  /** The body as it came, byte for byte: parsed and written again it is another one. */
  readonly body: string | Uint8Array;
  /** How old, or how far ahead of this clock, the attempt may be, in milliseconds. @defaultValue 300_000 (5 minutes) */
  readonly toleranceMs?: number;
  /** The time of day, in milliseconds since 1970. @defaultValue the clock of this machine */
  readonly now?: number;
}

/** Headers as Node or `fetch` have them. */
export type WebhookHeaders = { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** A message that is what it says it is. */
export type VerifiedWebhook = WebhookPayload<TaskEvent | WebhookTestData> & {
  /** The same for every attempt at this message: who has seen it has nothing left to do. */
  readonly id: string;
};

const TOLERANCE_MS = 300_000;

/**
 * For receivers: checks that a request was signed with the secret, and lately; reads its body.
 * @throws TaskSystemError `WEBHOOK_UNVERIFIED`, with what is wrong in `details.reason`: answer with a status in the 400s.
 */
export function verifyWebhook(options: VerifyWebhookOptions): VerifiedWebhook {
  const { headers, body, toleranceMs = TOLERANCE_MS, now = Date.now() } = options;
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headerOf(headers, name));
  if (id === undefined || timestamp === undefined || signatures === undefined) throw unverified('headers', 'The headers webhook-id, webhook-timestamp and webhook-signature are not all there');
  if (!/^\d{1,12}$/.test(timestamp)) throw unverified('timestamp', 'webhook-timestamp is not a number of seconds');
  const seconds = Number(timestamp);
  if (Math.abs(now - seconds * 1_000) > toleranceMs) throw unverified('timestamp', 'The message was signed too long ago, or in the future');
  const keys = [options.secret].flat().map(keyOf).filter((key) => key !== undefined);
  if (keys.length === 0) throw unverified('secret', 'The secret is not one: expected whsec_ and 24 to 64 bytes in base64');
  const given = signatures.split(' ');
  const isSigned = keys.some((key) => {
    const expected = signatureOf(key, id, seconds, body);
    return given.some((signature) => isSame(signature, expected));
  });
  if (!isSigned) throw unverified('signature', 'No signature fits the secret and the body');
  return { ...payloadOf(body), id };
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  // An object may have a header of the name `get`; only what `fetch` has is a function.
  const value = 'get' in headers && typeof headers.get === 'function' ? headers.get(name) : fieldOf(headers, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function fieldOf(headers: WebhookHeaders, name: string): unknown {
  const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name);
  const value: unknown = key === undefined ? undefined : Reflect.get(headers, key);
  return Array.isArray(value) ? value[0] : value;
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function payloadOf(body: string | Uint8Array): WebhookPayload<TaskEvent | WebhookTestData> {
  let payload: JsonValue;
  try {
    payload = parseJson(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  } catch {
    throw unverified('body', 'The body is not JSON');
  }
  if (!isPayload(payload)) throw unverified('body', 'The body is not a message of this library');
  return payload;
}

/** It was signed by who knows the secret: only that it is such a message at all is looked at. */
function isPayload(value: unknown): value is WebhookPayload<TaskEvent | WebhookTestData> {
  return isObject(value) && typeof value['type'] === 'string' && typeof value['timestamp'] === 'string' && isObject(value['data']) && typeof value['data']['type'] === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unverified(reason: string, what: string): TaskSystemError {
  return new TaskSystemError('WEBHOOK_UNVERIFIED', what, { reason });
}
