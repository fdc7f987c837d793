/** A replacer for `JSON.stringify`: JSON has no bytes, and the AI SDK takes base64 for them wherever it gives bytes. */
export function bytesAsBase64(this: unknown, key: string, value: unknown): unknown {
  // A Buffer has been made an object by its `toJSON` already: looked at where it came from.
  const raw: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : value;
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('base64') : value;
}
