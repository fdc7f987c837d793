import type { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { textFrame } from '../../src/lib/task-system/realtime/server/textFrame.ts';

/** Exported by ws, and not by its types. */
const Receiver = Reflect.get(ws, 'Receiver') as new (options: object) => EventEmitter & { write(chunk: Buffer): void };

/** What a client that we did not write reads out of the bytes. */
function read(bytes: Buffer): { readonly texts: readonly string[]; readonly errors: readonly unknown[] } {
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
  const texts: string[] = [];
  const errors: unknown[] = [];
  receiver.on('message', (data: Buffer, isBinary: boolean) => { texts.push(isBinary ? 'binary' : String(data)); }).on('error', (error) => { errors.push(error); });
  receiver.write(bytes);
  return { texts, errors };
}

describe('textFrame', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])('makes a message of %i bytes that ws reads', (length) => {
    const text = 'x'.repeat(length);
    expect(read(textFrame(text))).toEqual({ texts: [text], errors: [] });
  });

  it('counts bytes, not characters', () => {
    const text = 'ö✓😀'.repeat(40);
    expect(read(textFrame(text))).toEqual({ texts: [text], errors: [] });
  });

  it('makes messages that can stand one after the other', () => {
    expect(read(Buffer.concat(['a', 'b'.repeat(200), ''].map(textFrame))).texts).toEqual(['a', 'b'.repeat(200), '']);
  });

  it('is understood whatever the text is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => { expect(read(textFrame(text))).toEqual({ texts: [text], errors: [] }); }));
  });
});
