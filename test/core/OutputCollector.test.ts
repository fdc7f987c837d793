import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OutputCollector, type OutputStream } from '../../src/lib/task-system/core/OutputCollector.ts';
import { Redactor } from '../../src/lib/task-system/tools/secrets/Redactor.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import { temporaryDirectory } from '../support/files.ts';
import { turns, until } from './until.ts';

const PIECE = 8_192;
const MEBIBYTE = 1_024 * 1_024;

interface Said {
  readonly stream: OutputStream;
  readonly text: string;
}

interface Setup {
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly said: Said[];
  readonly truncations: number[];
  readonly output: OutputCollector;
  readonly excesses: readonly (readonly [allowed: number, seen: number])[];
  readonly clock: FakeClock;
  readonly logPath: string;
}

function collect(limitBytes = MEBIBYTE, logPath = '/dev/null', redactor?: Redactor): Setup {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const said: Said[] = [];
  const truncations: number[] = [];
  const excesses: [allowed: number, seen: number][] = [];
  const output = new OutputCollector({ stdout, stderr }, logPath, limitBytes, {
    onText: (stream, text) => { said.push({ stream, text }); },
    onTruncated: (limit) => { truncations.push(limit); },
    onExcess: (allowed, seen) => { excesses.push([allowed, seen]); },
  }, redactor);
  return { stdout, stderr, said, truncations, excesses, output, clock: new FakeClock(), logPath };
}

/** Ends both streams and waits until all of it was said. */
async function end({ stdout, stderr, output, clock }: Setup): Promise<void> {
  stdout.end();
  stderr.end();
  await output.finish(clock);
}

function textOf(said: readonly Said[], stream: OutputStream = 'stdout'): string {
  return said.filter((one) => one.stream === stream).map(({ text }) => text).join('');
}

function logFile(): string {
  return path.join(temporaryDirectory(), 'task.log');
}

function logSize({ logPath }: Setup): number {
  return existsSync(logPath) ? readFileSync(logPath).length : 0;
}

describe('OutputCollector', () => {
  it('says whole lines as they come, and which stream they came from', async () => {
    const setup = collect();
    setup.stdout.write('one\ntwo\n');
    setup.stderr.write('oh no\n');
    await turns();
    expect(setup.said).toEqual([{ stream: 'stdout', text: 'one\ntwo\n' }, { stream: 'stderr', text: 'oh no\n' }]);
    await end(setup);
  });

  it('keeps the beginning of a line until the rest comes', async () => {
    const setup = collect();
    setup.stdout.write('one\nbegin');
    await turns();
    expect(textOf(setup.said)).toBe('one\n');
    setup.stdout.write('ning\n');
    await turns();
    expect(setup.said.at(-1)?.text).toBe('beginning\n');
    await end(setup);
  });

  it('says a last line that has no end', async () => {
    const setup = collect();
    setup.stdout.write('no end');
    await end(setup);
    expect(setup.said).toEqual([{ stream: 'stdout', text: 'no end' }]);
  });

  it('puts characters together whose bytes come apart', async () => {
    const setup = collect();
    const bytes = Buffer.from('蜂 🐝 é\n');
    for (const byte of bytes) setup.stdout.write(Uint8Array.of(byte));
    await end(setup);
    expect(textOf(setup.said)).toBe('蜂 🐝 é\n');
  });

  it('says and keeps no secret, in however many pieces it comes', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom('hush-hush-42', 'hush-', '\n', 'x'.repeat(8_185)), fc.string({ maxLength: 20 })), { maxLength: 12 }), fc.integer({ min: 1, max: 5_000 }), async (parts, size) => {
      const setup = collect(MEBIBYTE, logFile(), new Redactor(['hush-hush-42']));
      const text = parts.join('');
      for (let at = 0; at < text.length; at += size) setup.stdout.write(text.slice(at, at + size));
      await end(setup);
      const said = textOf(setup.said);
      expect(said).not.toContain('hush-hush-42');
      expect(said.replaceAll('[redacted]', '')).toBe(text.toWellFormed().replaceAll('hush-hush-42', '').replaceAll('[redacted]', ''));
    }), { numRuns: 60 });
  });

  it('writes to the log file what it says, where there are secrets', async () => {
    const setup = collect(MEBIBYTE, logFile(), new Redactor(['hush-hush-42']));
    setup.stdout.write('the key is hush-hush-42\nno end: hush-');
    setup.stdout.write('hush-42');
    await end(setup);
    await until(() => logSize(setup) === 'the key is [redacted]\nno end: [redacted]'.length);
    expect(readFileSync(setup.logPath, 'utf8')).toBe('the key is [redacted]\nno end: [redacted]');
    expect(setup.output.tail).toBe('the key is [redacted]\nno end: [redacted]');
  });

  it('does not mix up half characters of two streams', async () => {
    const setup = collect();
    const bee = Buffer.from('🐝');
    setup.stdout.write(bee.subarray(0, 2));
    setup.stderr.write(bee.subarray(0, 2));
    await turns();
    setup.stdout.write(bee.subarray(2));
    setup.stderr.write(bee.subarray(2));
    await end(setup);
    expect([textOf(setup.said, 'stdout'), textOf(setup.said, 'stderr')]).toEqual(['🐝', '🐝']);
  });

  it('keeps lines whole also when much comes at once', async () => {
    const setup = collect();
    const lines = Array.from({ length: 3_000 }, (_, index) => `line ${index} of a task that has much to say\n`);
    setup.stdout.write(lines.join(''));
    await end(setup);
    expect(textOf(setup.said)).toBe(lines.join(''));
    for (const { text } of setup.said) {
      expect(text.endsWith('\n')).toBe(true);
      expect(text.length).toBeLessThanOrEqual(PIECE);
    }
  });

  it('cuts a line that is too long, but no character', async () => {
    const setup = collect();
    const line = `a${'🐝'.repeat(PIECE)}`;
    setup.stdout.write(line);
    await end(setup);
    expect(textOf(setup.said)).toBe(line);
    for (const { text } of setup.said) {
      expect(text.length).toBeLessThanOrEqual(PIECE);
      expect(text.isWellFormed()).toBe(true);
    }
  });

  it('says everything once and in order, however text is cut into chunks', async () => {
    const text = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.constant('\n'), fc.constant('x'.repeat(5_000))), { maxLength: 12 }).map((parts) => parts.join(''));
    await fc.assert(fc.asyncProperty(text, fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 8 }), async (whole, sizes) => {
      const setup = collect();
      const bytes = Buffer.from(whole);
      for (let at = 0, index = 0; at < bytes.length; index++) {
        const size = sizes[index % sizes.length] ?? 1;
        setup.stdout.write(bytes.subarray(at, at + size));
        at += size;
      }
      await end(setup);
      expect(textOf(setup.said)).toBe(bytes.toString());
      expect(setup.output.tail).toBe(bytes.toString().slice(-2_048).toWellFormed());
    }), { numRuns: 40 });
  });

  it('remembers the end of what was printed, of both streams together', async () => {
    const setup = collect();
    setup.stdout.write(`${'x'.repeat(5_000)}\n`);
    await turns();
    setup.stderr.write('Error: no bees\n');
    await end(setup);
    expect(setup.output.tail).toHaveLength(2_048);
    expect(setup.output.tail.endsWith('x\nError: no bees\n')).toBe(true);
  });

  it('never remembers half a character', async () => {
    const setup = collect();
    setup.stdout.write(`${'🐝'.repeat(1_500)}!`);
    await end(setup);
    expect(setup.output.tail.isWellFormed()).toBe(true);
  });

  it('lives with streams that are not there', async () => {
    const output = new OutputCollector({ stdout: null, stderr: null }, '/nowhere/task.log', 10, { onText: () => undefined, onTruncated: () => undefined, onExcess: () => undefined });
    await output.finish(new FakeClock());
    expect(output.tail).toBe('');
  });
});

describe('OutputCollector beyond its bound', () => {
  it('keeps what is within the bound, of both streams together', async () => {
    const setup = collect(10);
    setup.stdout.write('123456');
    await turns();
    setup.stderr.write('7890abc');
    await end(setup);
    expect([textOf(setup.said, 'stdout'), textOf(setup.said, 'stderr')]).toEqual(['123456', '7890']);
  });

  it('says once that the rest is thrown away', async () => {
    const setup = collect(10);
    for (let count = 0; count < 5; count++) setup.stdout.write('1234567');
    setup.stderr.write('more');
    await end(setup);
    expect(setup.truncations).toEqual([10]);
  });

  it('says it also when the bound falls between two chunks', async () => {
    const setup = collect(8);
    setup.stdout.write('1234');
    setup.stdout.write('5678');
    await turns();
    expect(setup.truncations).toEqual([]);
    setup.stdout.write('9');
    await end(setup);
    expect([textOf(setup.said), setup.truncations]).toEqual(['12345678', [8]]);
  });

  it('says nothing of it when the output fits exactly', async () => {
    const setup = collect(4);
    setup.stdout.write('1234');
    await end(setup);
    expect(setup.truncations).toEqual([]);
  });

  it('goes on reading, so that the task is not held up', async () => {
    const setup = collect(1_000);
    let written = 0;
    for (let count = 0; count < 500; count++) {
      setup.stdout.write(Buffer.alloc(65_536, 'x'));
      written += 65_536;
      if (count % 50 === 0) await turns(1);
    }
    await end(setup);
    expect(setup.stdout.readableLength).toBe(0);
    expect(written).toBeGreaterThan(30_000_000);
    expect(textOf(setup.said)).toHaveLength(1_000);
  });
});

describe('OutputCollector.finish', () => {
  it('gives up on a stream that never ends when its time is over, and says what it has', async () => {
    const setup = collect();
    setup.stdout.write('last words');
    setup.stderr.end();
    await turns();
    const finished = setup.output.finish(setup.clock);
    setup.clock.advance(499);
    await turns();
    expect(setup.said).toEqual([]);
    setup.clock.advance(1);
    await finished;
    expect(textOf(setup.said)).toBe('last words');
  });

  it('does not give up while there is more to read', async () => {
    const setup = collect();
    let isOver = false;
    const finished = setup.output.finish(setup.clock).then(() => { isOver = true; });
    for (let round = 0; round < 5; round++) {
      setup.stdout.write('more\n');
      await turns();
      setup.clock.advance(500);
      await turns();
      expect(isOver).toBe(false);
    }
    setup.clock.advance(500);
    await finished;
    expect(textOf(setup.said)).toBe('more\n'.repeat(5));
  });

  it('gives up in the end on a stream that something goes on writing to', async () => {
    const setup = collect();
    const finished = setup.output.finish(setup.clock);
    let rounds = 0;
    for (; !setup.stdout.destroyed && rounds < 100; rounds++) {
      setup.stdout.write('more\n');
      await turns();
      setup.clock.advance(500);
      await turns();
    }
    await finished;
    expect([rounds, setup.clock.pendingTimers]).toEqual([20, 0]);
  });

  it('hears nothing any more of a stream that it gave up on', async () => {
    const setup = collect();
    const finished = setup.output.finish(setup.clock);
    setup.clock.advance(500);
    await finished;
    setup.stdout.write('too late\n');
    await turns();
    expect(setup.said).toEqual([]);
    expect(setup.stdout.destroyed).toBe(true);
  });

  it('does not wait for a stream that broke', async () => {
    const setup = collect();
    setup.stdout.destroy(new Error('EIO'));
    setup.stderr.destroy();
    await setup.output.finish(setup.clock);
    expect(setup.clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const setup = collect();
    await end(setup);
    expect(setup.clock.pendingTimers).toBe(0);
  });
});

describe('OutputCollector and its log file', () => {
  afterEach(() => { vi.restoreAllMocks(); });

  it('writes every byte of both streams, in the order in which they came', async () => {
    const setup = collect(MEBIBYTE, logFile());
    setup.stdout.write('one\n');
    await turns();
    setup.stderr.write(Buffer.from([0xff, 0x00, 0x0a]));
    await turns();
    setup.stdout.write('unfinished');
    await end(setup);
    await until(() => logSize(setup) === 17);
    expect(readFileSync(setup.logPath)).toEqual(Buffer.concat([Buffer.from('one\n'), Buffer.from([0xff, 0x00, 0x0a]), Buffer.from('unfinished')]));
  });

  it('writes no more than the bound', async () => {
    const setup = collect(5, logFile());
    setup.stdout.write('123456789');
    await end(setup);
    await until(() => logSize(setup) === 5);
    expect(readFileSync(setup.logPath, 'utf8')).toBe('12345');
  });

  it('reads no faster than the disk takes it', async () => {
    const pauses: boolean[] = [];
    const stdout = new PassThrough();
    const output = new OutputCollector({ stdout, stderr: null }, logFile(), MEBIBYTE, { onText: () => { pauses.push(stdout.isPaused()); }, onTruncated: () => undefined, onExcess: () => undefined });
    stdout.end(`${'x'.repeat(100_000)}\n`);
    await until(() => stdout.readableEnded);
    await output.finish(new FakeClock());
    expect(pauses[0]).toBe(true);
  });

  it('goes on without a log file that cannot be written', async () => {
    const setup = collect(MEBIBYTE, path.join(temporaryDirectory(), 'missing', 'task.log'));
    for (let count = 0; count < 10; count++) {
      setup.stdout.write(`${'x'.repeat(40_000)}\n`);
      await turns();
    }
    await end(setup);
    expect(textOf(setup.said)).toHaveLength(400_010);
  });

  it('waits for a slow disk without piling up listeners', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const setup = collect(16 * MEBIBYTE, logFile());
    for (let count = 0; count < 100; count++) {
      if (!setup.stdout.write(Buffer.alloc(65_536, 'x'))) await turns(1);
      setup.stderr.write(Buffer.alloc(20_000, 'y'));
    }
    setup.stdout.end();
    setup.stderr.end();
    await until(() => setup.stdout.readableEnded && setup.stderr.readableEnded);
    await setup.output.finish(setup.clock);
    expect(textOf(setup.said)).toHaveLength(6_553_600);
    expect(textOf(setup.said, 'stderr')).toHaveLength(2_000_000);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('OutputCollector.bytes', () => {
  it('counts what is thrown away as well', async () => {
    const { stdout, stderr, output, clock } = collect(10);
    stderr.end();
    stdout.end('x'.repeat(25));
    await output.finish(clock);
    expect(output.bytes).toBe(25);
  });

  it('is told as an excess once, above four times the bound and not at it', async () => {
    const { stdout, stderr, output, clock, excesses } = collect(10);
    stdout.write('x'.repeat(40));
    stderr.write('y');
    stderr.end('z'.repeat(100));
    stdout.end();
    await output.finish(clock);
    expect(excesses).toHaveLength(1);
    expect(excesses[0]?.[0]).toBe(40);
  });
});
