import { duplexPair, type Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostChannel } from '../../src/lib/task-system/core/HostChannel.ts';
import { encodeFrame, FrameDecoder } from '../../src/lib/task-system/types/Frames.ts';
import type { ChildMessage } from '../../src/lib/task-system/types/ProtocolSchema.ts';
import { turns } from './until.ts';

const MAX_RESULT = 1_000;
const MAX_FRAME = MAX_RESULT * 2 + 256 * 1_024;
const TURN = 256;

interface Line {
  readonly channel: HostChannel;
  /** The child's end. */
  readonly child: Duplex;
  readonly host: Duplex;
  readonly messages: ChildMessage[];
  readonly faults: string[];
}

function connect(onMessage: (message: ChildMessage, line: Line) => void = () => undefined, maxResultBytes = MAX_RESULT): Line {
  const [host, child] = duplexPair();
  const line: Line = { channel: new HostChannel(host, maxResultBytes), child, host, messages: [], faults: [] };
  line.channel.listen({
    onMessage: (message) => { line.messages.push(message); onMessage(message, line); },
    onFault: (fault) => { line.faults.push(fault); },
  });
  return line;
}

/** A frame with any text in place of a message. */
function frameOf(text: string): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([header, Buffer.from(text)]);
}

function log(text: string): ChildMessage {
  return { type: 'log', level: 'info', text };
}

function percent(percent: number): ChildMessage {
  return { type: 'progress', percent };
}

describe('HostChannel', () => {
  it('hands over messages in order', async () => {
    const line = connect();
    const sent: readonly ChildMessage[] = [{ type: 'ready', version: 1 }, percent(50), log('hello'), { type: 'call', id: 0, method: 'spawn', params: { type: 'x' } }, { type: 'result', json: '1' }];
    for (const message of sent) line.child.write(encodeFrame(message));
    await turns(20);
    expect(line.messages).toEqual(sent);
    expect(line.faults).toEqual([]);
  });

  it('understands messages however the bytes are cut', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1, maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), async (texts, cuts) => {
      const line = connect();
      const bytes = Buffer.concat(texts.map((text) => encodeFrame(log(text))));
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const size = cuts[cut % cuts.length] ?? 1;
        line.child.write(bytes.subarray(at, at + size));
        at += size;
      }
      await turns(bytes.length + 10);
      expect(line.messages).toEqual(texts.map(log));
    }), { numRuns: 30 });
  });

  it('sends messages as frames', async () => {
    const { channel, child } = connect();
    const received: unknown[] = [];
    const decoder = new FrameDecoder(MAX_FRAME);
    child.on('data', (chunk: Buffer) => { received.push(...decoder.push(chunk)); });
    channel.send({ type: 'abort', cause: 'timeout', reason: 'over' });
    channel.send({ type: 'reply', id: 3, value: { id: 'child-1' } });
    await turns(20);
    expect(received).toEqual([{ type: 'abort', cause: 'timeout', reason: 'over' }, { type: 'reply', id: 3, value: { id: 'child-1' } }]);
  });

  it('speaks to the newest listener', async () => {
    const line = connect();
    line.child.write(encodeFrame(log('first')));
    await turns(20);
    const later: ChildMessage[] = [];
    line.channel.listen({ onMessage: (message) => { later.push(message); }, onFault: () => undefined });
    line.child.write(encodeFrame(log('second')));
    await turns(20);
    expect([line.messages, later]).toEqual([[log('first')], [log('second')]]);
  });

  it('drops what comes while nobody listens, without harm', async () => {
    const [host, child] = duplexPair();
    const channel = new HostChannel(host, MAX_RESULT);
    child.write(encodeFrame(log('nobody')));
    child.write(frameOf('garbage'));
    await turns(20);
    channel.send({ type: 'abort', cause: 'shutdown', reason: '' });
    expect(host.destroyed).toBe(true);
  });

  it('says when nothing more will come: after the end of the stream', async () => {
    const line = connect();
    line.child.end(encodeFrame(log('last words')));
    await line.channel.ended;
    expect(line.messages).toEqual([log('last words')]);
  });

  it('says when nothing more will come: after it was closed', async () => {
    const line = connect();
    line.channel.close();
    await expect(line.channel.ended).resolves.toBeUndefined();
  });

  it('takes no notice of a broken pipe: the exit of the process tells more', async () => {
    const line = connect();
    line.host.destroy(new Error('EPIPE'));
    await turns(20);
    line.channel.send({ type: 'abort', cause: 'shutdown', reason: '' });
    expect(line.faults).toEqual([]);
  });

  it('handles nothing after it was closed by its listener, not even what has arrived already', async () => {
    const line = connect((_message, { channel }) => { channel.close(); });
    line.child.write(Buffer.concat([encodeFrame(log('one')), encodeFrame(log('two')), frameOf('garbage')]));
    await turns(20);
    expect([line.messages, line.faults]).toEqual([[log('one')], []]);
  });
});

describe('HostChannel with a peer that breaks the protocol', () => {
  it.each([
    ['text that is not JSON', 'not json', 'not JSON'],
    ['an empty frame', '', 'not JSON'],
    ['half a JSON text', '{"type":"log"', 'not JSON'],
    ['a number', '7', ''],
    ['null', 'null', ''],
    ['a list', '[]', ''],
    ['no type', '{}', 'type'],
    ['an unknown type', '{"type":"please"}', 'type'],
    ['a type that every object has', '{"type":"constructor"}', 'type'],
    ['another version', '{"type":"ready","version":2}', 'version'],
    ['a percent beyond its range', '{"type":"progress","percent":101}', 'percent'],
    ['a missing field', '{"type":"result"}', 'json'],
    ['a field of the wrong type', '{"type":"result","json":{}}', 'json'],
    ['a field that nobody knows', '{"type":"result","json":"1","more":1}', 'more'],
    ['an unknown method', '{"type":"call","id":1,"method":"exec","params":null}', 'method'],
    ['an id that is no whole number', '{"type":"call","id":1.5,"method":"spawn","params":null}', 'id'],
    ['an unknown level', '{"type":"log","level":"loud","text":""}', 'level'],
    ['a text that is too long', JSON.stringify(log('x'.repeat(65_537))), 'text'],
  ])('reports %s once, and closes', async (_name, text, named) => {
    const line = connect();
    line.child.write(frameOf(text));
    line.child.write(frameOf(text));
    await turns(20);
    expect(line.faults).toHaveLength(1);
    expect(line.faults[0]).toContain(named);
    expect(line.messages).toEqual([]);
    expect(line.host.destroyed).toBe(true);
  });

  it('hands over what came before the fault and nothing of what comes after it', async () => {
    const line = connect();
    line.child.write(Buffer.concat([encodeFrame(log('before')), frameOf('garbage'), encodeFrame(log('after'))]));
    await turns(20);
    expect(line.messages).toEqual([log('before')]);
    expect(line.faults).toHaveLength(1);
  });

  it('refuses a frame by its announced length, before its bytes come', async () => {
    const line = connect();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(MAX_FRAME + 1);
    line.child.write(header);
    await turns(20);
    expect(line.faults).toEqual(['frame too large']);
  });

  it('has room for the largest result, escaped', async () => {
    const maxResultBytes = 1_000_000;
    const line = connect(undefined, maxResultBytes);
    // JSON of quotes only: every second character has to be escaped once more.
    const json = JSON.stringify('"'.repeat(maxResultBytes / 2 - 1));
    line.child.write(encodeFrame({ type: 'result', json }));
    await turns(50);
    expect(line.faults).toEqual([]);
    expect(line.messages).toEqual([{ type: 'result', json }]);
  });

  it.each([['lists', '[', ']'], ['objects', '{"a":', '}']])('survives data of 100,000 nested %s', async (_name, open, close) => {
    const line = connect();
    const depth = open === '[' ? 100_000 : 40_000;
    const data = `${open.repeat(depth)}${open === '[' ? '' : '1'}${close.repeat(depth)}`;
    line.child.write(frameOf(`{"type":"progress","percent":1,"data":${data}}`));
    await turns(20);
    expect(line.faults).toHaveLength(1);
  });

  it.each([
    ['as the data', '{"type":"log","level":"info","text":"x","data":{"__proto__":{"polluted":1}}}'],
    ['deep in the data', '{"type":"log","level":"info","text":"x","data":[{"a":{"__proto__":{"polluted":1}}}]}'],
    ['as the message', '{"__proto__":{"polluted":1},"type":"log","level":"info","text":"x"}'],
    ['as constructor.prototype', '{"type":"log","level":"info","text":"x","data":{"constructor":{"prototype":{"polluted":1}}}}'],
    ['in the details of an error', '{"type":"failure","error":{"name":"E","message":"m","details":{"__proto__":{"polluted":1}}}}'],
  ])('lets nothing named __proto__ reach a prototype: %s', async (_name, text) => {
    const line = connect();
    line.child.write(frameOf(text));
    await turns(20);
    const probe: object = {};
    expect('polluted' in probe).toBe(false);
    for (const message of line.messages) expect(JSON.stringify(message)).not.toBe('');
    expect(line.messages.some((message) => 'polluted' in message)).toBe(false);
    expect(line.messages.length + line.faults.length).toBe(1);
  });

  it('is not thrown off by any bytes whatsoever', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }), async (chunks) => {
      const line = connect();
      for (const chunk of chunks) line.child.write(chunk);
      line.child.end();
      await turns(20);
      expect(line.faults.length).toBeLessThanOrEqual(1);
    }), { numRuns: 60 });
  });
});

describe('HostChannel under load', () => {
  it('handles a flood in turns, so that others get theirs', async () => {
    const line = connect();
    const count = 10_000;
    for (let batch = 0; batch < 10; batch++) {
      line.child.write(Buffer.concat(Array.from({ length: count / 10 }, (_, index) => encodeFrame(log(`${batch * 1_000 + index}`)))));
    }
    const perTurn: number[] = [];
    for (let seen = 0; line.messages.length < count; seen = line.messages.length) {
      await turns(1);
      perTurn.push(line.messages.length - seen);
    }
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * TURN);
    expect(line.messages).toEqual(Array.from({ length: count }, (_, index) => log(`${index}`)));
  });

  it('does not read on while messages wait, so that the peer has to', async () => {
    const line = connect();
    line.child.write(Buffer.concat(Array.from({ length: TURN * 4 }, () => encodeFrame(log('x')))));
    while (line.messages.length === 0) await turns(1);
    expect([line.messages.length, line.host.isPaused()]).toEqual([TURN, true]);
    await turns(20);
    expect([line.messages.length, line.host.isPaused()]).toEqual([TURN * 4, false]);
  });

  it('reports a fault in the middle of a flood after the messages before it', async () => {
    const line = connect();
    line.child.write(Buffer.concat([...Array.from({ length: TURN * 3 + 5 }, () => encodeFrame(log('x'))), frameOf('garbage')]));
    await turns(20);
    expect(line.messages).toHaveLength(TURN * 3 + 5);
    expect(line.faults).toEqual(['not JSON']);
  });

  it('can be closed in the middle of a flood', async () => {
    const line = connect();
    line.child.write(Buffer.concat(Array.from({ length: TURN * 3 }, () => encodeFrame(log('x')))));
    await turns(1);
    const handled = line.messages.length;
    line.channel.close();
    await turns(20);
    expect(handled).toBeLessThan(TURN * 3);
    expect(line.messages).toHaveLength(handled);
  });

  it('gives up on a peer that does not read what is sent to it', () => {
    const line = connect();
    const reason = 'x'.repeat(1_024 * 1_024);
    let sent = 0;
    while (line.faults.length === 0 && sent < 100) {
      line.channel.send({ type: 'abort', cause: 'shutdown', reason });
      sent++;
    }
    expect(sent).toBeLessThanOrEqual(10);
    expect(line.faults).toHaveLength(1);
    expect(line.faults[0]).toContain('does not read');
    line.channel.send({ type: 'abort', cause: 'shutdown', reason });
    expect(line.faults).toHaveLength(1);
  });

  it('lets as much wait for a slow peer as is allowed', () => {
    const line = connect();
    for (let count = 0; count < 7; count++) line.channel.send({ type: 'abort', cause: 'shutdown', reason: 'x'.repeat(1_024 * 1_024) });
    expect(line.faults).toEqual([]);
  });
});
