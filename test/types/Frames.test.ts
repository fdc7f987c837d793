import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../src/lib/task-system/types/Frames.ts';

const MAX = 1_000_000;

function decodeAll(decoder: FrameDecoder, chunks: readonly Buffer[]): unknown[] {
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
}

/** Cuts bytes at the given places. */
function cutAt(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

function header(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

describe('encodeFrame', () => {
  it('writes the length of the UTF-8 text, not of the string', () => {
    const frame = encodeFrame({ bee: '🐝' });
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4).toString()).toBe('{"bee":"🐝"}');
  });
});

describe('FrameDecoder', () => {
  it('gives back what was encoded, however the stream is cut', () => {
    const messages = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 8 });
    fc.assert(fc.property(messages, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map((message) => encodeFrame(message)));
      const decoder = new FrameDecoder(MAX);
      expect(JSON.stringify(decodeAll(decoder, cutAt(stream, cuts)))).toBe(JSON.stringify(sent));
      expect(decoder.fault).toBeUndefined();
    }));
  });

  it('gives back what was encoded when bytes come one by one', () => {
    const stream = Buffer.concat([encodeFrame({ a: 1 }), encodeFrame({}), encodeFrame({ text: 'é🐝' })]);
    const bytes = Array.from(stream, (_, index) => stream.subarray(index, index + 1));
    expect(decodeAll(new FrameDecoder(MAX), bytes)).toEqual([{ a: 1 }, {}, { text: 'é🐝' }]);
  });

  it('waits for the rest of a frame', () => {
    const frame = encodeFrame({ a: 1 });
    const decoder = new FrameDecoder(MAX);
    expect([...decoder.push(frame.subarray(0, 3))]).toEqual([]);
    expect([...decoder.push(frame.subarray(3, 6))]).toEqual([]);
    expect([...decoder.push(frame.subarray(6))]).toEqual([{ a: 1 }]);
  });

  it('accepts a frame of exactly the largest size, and none that is larger', () => {
    const frame = encodeFrame({ text: 'x'.repeat(100) });
    const fits = new FrameDecoder(frame.length - 4);
    expect([...fits.push(frame)]).toHaveLength(1);
    const tooSmall = new FrameDecoder(frame.length - 5);
    expect([...tooSmall.push(frame)]).toEqual([]);
    expect(tooSmall.fault).toBe('frame too large');
  });

  it('refuses a frame by its length alone, before its bytes come', () => {
    const decoder = new FrameDecoder(MAX);
    expect([...decoder.push(header(0xffff_ffff))]).toEqual([]);
    expect(decoder.fault).toBe('frame too large');
  });

  it.each(['', '{', 'undefined', '{"a":1}{', '\u0000'])('reports %j as not JSON', (text) => {
    const decoder = new FrameDecoder(MAX);
    expect([...decoder.push(Buffer.concat([header(Buffer.byteLength(text)), Buffer.from(text)]))]).toEqual([]);
    expect(decoder.fault).toBe('not JSON');
  });

  it('gives the messages before a fault and ignores everything after it', () => {
    const decoder = new FrameDecoder(MAX);
    const bad = Buffer.concat([header(1), Buffer.from('?')]);
    expect([...decoder.push(Buffer.concat([encodeFrame({ n: 1 }), bad, encodeFrame({ n: 2 })]))]).toEqual([{ n: 1 }]);
    expect([...decoder.push(encodeFrame({ n: 3 }))]).toEqual([]);
    expect(decoder.fault).toBe('not JSON');
  });

  it('never throws and never makes up a message, whatever bytes come', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (chunks) => {
      const decoder = new FrameDecoder(64);
      const messages = decodeAll(decoder, chunks.map((chunk) => Buffer.from(chunk)));
      const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      expect(messages.length * 5).toBeLessThanOrEqual(total);
    }));
  });

  it('gives the same messages and the same fault however garbage is cut', () => {
    fc.assert(fc.property(fc.array(fc.dictionary(fc.string(), fc.integer()), { maxLength: 4 }), fc.uint8Array({ maxLength: 30 }), fc.array(fc.nat(), { maxLength: 10 }), (sent, garbage, cuts) => {
      const stream = Buffer.concat([...sent.map((message) => encodeFrame(message)), Buffer.from(garbage)]);
      const whole = new FrameDecoder(500);
      const pieces = new FrameDecoder(500);
      expect(JSON.stringify(decodeAll(pieces, cutAt(stream, cuts)))).toBe(JSON.stringify(decodeAll(whole, [stream])));
      expect(pieces.fault).toBe(whole.fault);
    }));
  });
});
