import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Redactor } from '../tools/secrets/Redactor.ts';
import type { Clock } from '../types/Ports.ts';
import { endedWithin } from './endedWithin.ts';

const MAX_CHUNK_CHARACTERS = 8_192;
const TAIL_CHARACTERS = 2_048;
/** How long a stream may be quiet that does not end, and how often that is waited for. */
const DRAIN_LIMIT_MS = 500;
const MAX_DRAINS = 20;
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
  readonly #redactor: Pick<Redactor, 'longest' | 'values'>;
  #file: WriteStream | undefined;
  #bytes = 0;
  #isTruncated = false;
  #isExcessive = false;
  #isOver = false;
  #tail = '';

  /** @param redactor takes registered secrets out of everything that is kept or said. */
  constructor(streams: Readonly<Record<OutputStream, Readable | null>>, logPath: string, limitBytes: number, listener: OutputListener, redactor: Pick<Redactor, 'longest' | 'values'> = NO_SECRETS) {
    this.#listener = listener;
    this.#redactor = redactor;
    this.#limitBytes = limitBytes;
    this.#logPath = logPath;
    this.#streams = [streams.stdout, streams.stderr].filter((stream) => stream !== null);
    this.#ended = Promise.all([this.#read('stdout', streams.stdout), this.#read('stderr', streams.stderr)]).then(() => { this.#isOver = true; });
  }

  /** The end of what was printed, for error messages. */
  get tail(): string {
    return this.#tail;
  }

  /** How much was printed, kept or not. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Waits for the streams to end, for a bounded time: something that escaped may hold them open. While there is more to read, or a slow disk
   * holds it up, it waits longer. Then says the last lines and reads no more.
   */
  async finish(clock: Clock): Promise<void> {
    for (let round = 0, seen = -1; !this.#isOver && round < MAX_DRAINS && (seen !== this.#bytes || this.#held.size > 0); round++) {
      seen = this.#bytes;
      await endedWithin(this.#ended, DRAIN_LIMIT_MS, clock);
    }
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
      if (kept !== undefined) partial = this.#sayLines(name, stream, partial + decoder.write(kept));
    });
    this.#flushes.push(() => { this.#say(name, stream, this.#redactor.values(partial + decoder.end())); partial = ''; });
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
    // Where there are secrets, only what was looked through goes to the file.
    if (this.#redactor.longest === 0) this.#writeFile(kept, stream);
    return kept;
  }

  #writeFile(data: Buffer | string, stream: Readable): void {
    this.#file ??= this.#openFile();
    if (this.#file.destroyed || this.#file.writableEnded || this.#file.write(data)) return;
    this.#held.add(stream);
    stream.pause();
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
  #sayLines(name: OutputStream, stream: Readable, text: string): string {
    const { longest } = this.#redactor;
    let rest = this.#redactor.values(text);
    // Of a line without its end the last characters wait: they may be the beginning of a secret.
    for (let end = pieceEnd(rest, longest); end > 0; end = pieceEnd(rest, longest)) {
      this.#say(name, stream, rest.slice(0, end));
      rest = rest.slice(end);
    }
    return rest;
  }

  #say(name: OutputStream, stream: Readable, text: string): void {
    if (text === '') return;
    if (this.#redactor.longest > 0) this.#writeFile(text, stream);
    // Cutting may halve a character at the front, which no database and no JSON could hold.
    this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS).toWellFormed();
    this.#listener.onText(name, text);
  }
}

const NO_SECRETS: Pick<Redactor, 'longest' | 'values'> = { longest: 0, values: (value) => value };

/** How much to say at once: as many whole lines as fit; of a longer line what fits; 0 to wait for the end of the line. @param held characters at the end that must wait. */
function pieceEnd(text: string, held: number): number {
  const lines = text.lastIndexOf('\n', MAX_CHUNK_CHARACTERS - 1) + 1;
  if (lines > 0 || text.length <= MAX_CHUNK_CHARACTERS + held) return lines;
  const isMidCharacter = /[\uD800-\uDBFF]/.test(text.charAt(MAX_CHUNK_CHARACTERS - 1));
  return isMidCharacter ? MAX_CHUNK_CHARACTERS - 1 : MAX_CHUNK_CHARACTERS;
}
