import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const NEW_BYTES = 32;
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** A new random secret. */
export function createSecret(): string {
  return PREFIX + randomBytes(NEW_BYTES).toString('base64');
}

/** The key inside a secret; undefined when it is none. The prefix `whsec_` may be missing. */
export function keyOf(secret: string): Buffer | undefined {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  const key = Buffer.from(text, 'base64');
  // Decoding skips what is not base64: the text must also be the one that such a key is written as.
  const isExact = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return isExact && key.length >= MIN_BYTES && key.length <= MAX_BYTES ? key : undefined;
}

/** The signature of a message, in the form `v1,…`. `seconds` since 1970. */
export function signatureOf(key: Buffer, id: string, seconds: number, body: string | Uint8Array): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${String(seconds)}.`).update(body).digest('base64')}`;
}
