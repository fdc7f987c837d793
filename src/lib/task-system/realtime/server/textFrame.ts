const FINAL_TEXT = 0x81;
const MAX_SHORT = 125;
const MAX_MEDIUM = 65_535;
/** In place of a length: it follows in two, or in eight bytes. */
const MEDIUM = 126;
const LONG = 127;

/** A text message as a server sends it over WebSocket (RFC 6455): one frame, neither masked nor compressed. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const start = length <= MAX_SHORT ? 2 : length <= MAX_MEDIUM ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = FINAL_TEXT;
  frame[1] = start === 2 ? length : start === 4 ? MEDIUM : LONG;
  if (start === 4) frame.writeUInt16BE(length, 2);
  if (start === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.write(text, start);
  return frame;
}
