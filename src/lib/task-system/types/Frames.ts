const HEADER_BYTES = 4;

/** Why a byte stream is not a sequence of frames. */
export type FrameFault = 'frame too large' | 'not JSON';

/** Encodes a message as 4 bytes of length (big endian) and UTF-8 JSON. */
export function encodeFrame(message: object): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/**
 * Cuts a byte stream into JSON messages. The length is checked before anything is buffered for it, so a hostile peer can
 * make the reader hold at most `maxFrameBytes`. After a fault it ignores everything else.
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number;
  readonly #chunks: Buffer[] = [];
  #buffered = 0;
  #fault: FrameFault | undefined;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** The first fault that was found, if any. */
  get fault(): FrameFault | undefined {
    return this.#fault;
  }

  /** Takes bytes and yields the messages that are complete now. Stops at the first fault. */
  *push(chunk: Buffer): Generator<unknown, void> {
    if (this.#fault !== undefined) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    for (let body = this.#next(); body !== undefined; body = this.#next()) {
      let message: unknown;
      try {
        message = JSON.parse(body.toString());
      } catch {
        this.#fail('not JSON');
        return;
      }
      yield message;
    }
  }

  #next(): Buffer | undefined {
    if (this.#buffered < HEADER_BYTES) return undefined;
    const length = this.#joined(HEADER_BYTES).readUInt32BE(0);
    if (length > this.#maxFrameBytes) {
      this.#fail('frame too large');
      return undefined;
    }
    if (this.#buffered < HEADER_BYTES + length) return undefined;
    const joined = this.#joined(HEADER_BYTES + length);
    this.#chunks[0] = joined.subarray(HEADER_BYTES + length);
    this.#buffered -= HEADER_BYTES + length;
    return joined.subarray(HEADER_BYTES, HEADER_BYTES + length);
  }

  /** Makes the first chunk hold at least `bytes`; the caller knows that as many are buffered. */
  #joined(bytes: number): Buffer {
    let first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length < bytes) {
      first = Buffer.concat(this.#chunks);
      this.#chunks.length = 0;
      this.#chunks.push(first);
    }
    return first;
  }

  #fail(fault: FrameFault): void {
    this.#fault = fault;
    this.#chunks.length = 0;
    this.#buffered = 0;
  }
}
