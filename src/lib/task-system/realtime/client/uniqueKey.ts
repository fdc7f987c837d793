/** A key that nobody else has: 128 random bits. Unlike `randomUUID` this works on pages that came without TLS, too. */
export function uniqueKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
