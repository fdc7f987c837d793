import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../types/Ports.ts';

const MAX_CHUNK_CHARACTERS = 8_192;
const TAIL_CHARACTERS = 2_048;
const DRAIN_LIMIT_MS = 500;
/** How many times its bound a task may print before that is taken for a runaway. */
const GROSS_EXCESS = 4;

/** Name of an output stream. */
export type OutputStream = 'stdout' | 'stderr';

/** Who hears of the output. */
export interface OutputListener {
  /** Whole lines where possible, several at once when there are many. */
  onText(stream: OutputStream, text: string): void;
  /** The bound is reached; the rest is read and thrown away. */
  onTruncated(limitBytes: number): void;
  /** Far more than the bound was printed; called once. */
  onExcess(allowedBytes: number, seenBytes: number): void;
}

/**
 * Reads what a task prints: to a log file and to a listener, up to a bound for both streams together. Beyond it the output is
 * still read, so that the task does not block, but kept nowhere.
 */
export class OutputCollector {
  readonly #listener: OutputListener;
  readonly #limitBytes: number;
  readonly #logPath: string;
  readonly #ended: Promise<unknown>;
  readonly #flushes: (() => void)[] = [];
  readonly #streams: readonly Readable[];
  /** Streams that wait for the log file to take more. */
  readonly #held = new Set<Readable>();
  #file: WriteStream | undefined;
  #bytes = 0;
  #isTruncated = false;
  #isExcessive = false;
  #tail = '';

  constructor(streams: Readonly<Record<OutputStream, Readable | null>>, logPath: string, limitBytes: number, listener: OutputListener) {
    this.#listener = listener;
    this.#limitBytes = limitBytes;
    this.#logPath = logPath;
    this.#streams = [streams.stdout, streams.stderr].filter((stream) => stream !== null);
    this.#ended = Promise.all([this.#read('stdout', streams.stdout), this.#read('stderr', streams.stderr)]);
  }

  /** The end of what was printed, for error messages. */
  get tail(): string {
    return this.#tail;
  }

  /** How much was printed, kept or not. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Waits for the streams to end, for a bounded time: something that escaped may hold them open. Then says the last lines and reads no more. */
  async finish(clock: Clock): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = clock.setTimer(DRAIN_LIMIT_MS, () => { resolve(undefined); });
    await Promise.race([this.#ended, promise]);
    timer.cancel();
    for (const stream of this.#streams) stream.destroy();
    for (const flush of this.#flushes) flush();
    this.#file?.end();
  }

  #read(name: OutputStream, stream: Readable | null): Promise<void> {
    if (stream === null) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const decoder = new StringDecoder('utf8');
    let partial = '';
    stream.on('data', (chunk: Buffer) => {
      const kept = this.#admit(chunk, stream);
      if (kept !== undefined) partial = this.#sayLines(name, partial + decoder.write(kept));
    });
    this.#flushes.push(() => { this.#say(name, partial + decoder.end()); partial = ''; });
    const isOver = (): void => { resolve(undefined); };
    stream.once('end', isOver).once('error', isOver).once('close', isOver);
    return promise;
  }

  /** The part of the chunk that is within the bound. */
  #admit(chunk: Buffer, stream: Readable): Buffer | undefined {
    const room = Math.max(0, this.#limitBytes - this.#bytes);
    this.#bytes += chunk.length;
    if (chunk.length > room && !this.#isTruncated) {
      this.#isTruncated = true;
      this.#listener.onTruncated(this.#limitBytes);
    }
    const most = this.#limitBytes * GROSS_EXCESS;
    if (this.#bytes > most && !this.#isExcessive) {
      this.#isExcessive = true;
      this.#listener.onExcess(most, this.#bytes);
    }
    if (room === 0) return undefined;
    const kept = chunk.length <= room ? chunk : chunk.subarray(0, room);
    if (!this.#writeFile(kept)) {
      this.#held.add(stream);
      stream.pause();
    }
    return kept;
  }

  #writeFile(bytes: Buffer): boolean {
    this.#file ??= this.#openFile();
    return this.#file.destroyed || this.#file.write(bytes);
  }

  #openFile(): WriteStream {
    const release = (): void => {
      for (const stream of this.#held) stream.resume();
      this.#held.clear();
    };
    // A log file that cannot be written must not stop the task; the events carry the output as well.
    return createWriteStream(this.#logPath, { mode: 0o600 }).on('error', () => undefined).on('drain', release).on('close', release);
  }

  /** Says what is whole and returns the rest: a line without its end. */
  #sayLines(name: OutputStream, text: string): string {
    let rest = text;
    for (let end = pieceEnd(rest); end > 0; end = pieceEnd(rest)) {
      this.#say(name, rest.slice(0, end));
      rest = rest.slice(end);
    }
    return rest;
  }

  #say(name: OutputStream, text: string): void {
    if (text === '') return;
    // Cutting may halve a character at the front, which no database and no JSON could hold.
    this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS).toWellFormed();
    this.#listener.onText(name, text);
  }
}

/** How much to say at once: as many whole lines as fit; of a longer line what fits; 0 to wait for the end of the line. */
function pieceEnd(text: string): number {
  const lines = text.lastIndexOf('\n', MAX_CHUNK_CHARACTERS - 1) + 1;
  if (lines > 0 || text.length <= MAX_CHUNK_CHARACTERS) return lines;
  const isMidCharacter = /[\uD800-\uDBFF]/.test(text.charAt(MAX_CHUNK_CHARACTERS - 1));
  return isMidCharacter ? MAX_CHUNK_CHARACTERS - 1 : MAX_CHUNK_CHARACTERS;
}
