import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../types/Ports.ts';

const MAX_CHUNK_CHARACTERS = 8_192;
const TAIL_CHARACTERS = 2_048;
const DRAIN_LIMIT_MS = 500;

/** Name of an output stream. */
export type OutputStream = 'stdout' | 'stderr';

/** Who hears of the output. */
export interface OutputListener {
  /** Whole lines where possible, several at once when there are many. */
  onText(stream: OutputStream, text: string): void;
  /** The bound is reached; the rest is read and thrown away. */
  onTruncated(limitBytes: number): void;
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
  /** Streams that wait for the log file to take more. */
  readonly #held = new Set<Readable>();
  #file: WriteStream | undefined;
  #bytes = 0;
  #isTruncated = false;
  #tail = '';

  constructor(streams: Readonly<Record<OutputStream, Readable | null>>, logPath: string, limitBytes: number, listener: OutputListener) {
    this.#listener = listener;
    this.#limitBytes = limitBytes;
    this.#logPath = logPath;
    this.#ended = Promise.all([this.#read('stdout', streams.stdout), this.#read('stderr', streams.stderr)]);
  }

  /** The end of what was printed, for error messages. */
  get tail(): string {
    return this.#tail;
  }

  /** Waits for the streams to end, for a bounded time: something that escaped may hold them open. Then says the last lines. */
  async finish(clock: Clock): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = clock.setTimer(DRAIN_LIMIT_MS, () => { resolve(undefined); });
    await Promise.race([this.#ended, promise]);
    timer.cancel();
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
      if (kept === undefined) return;
      const text = partial + decoder.write(kept);
      const end = text.length > MAX_CHUNK_CHARACTERS ? text.length : text.lastIndexOf('\n') + 1;
      partial = text.slice(end);
      this.#say(name, text.slice(0, end));
    });
    this.#flushes.push(() => { this.#say(name, partial + decoder.end()); partial = ''; });
    stream.once('end', resolve).once('error', () => { resolve(undefined); });
    return promise;
  }

  /** The part of the chunk that is within the bound. */
  #admit(chunk: Buffer, stream: Readable): Buffer | undefined {
    const room = this.#limitBytes - this.#bytes;
    this.#bytes += chunk.length;
    if (room <= 0) return undefined;
    const kept = chunk.length <= room ? chunk : chunk.subarray(0, room);
    if (!this.#writeFile(kept)) {
      this.#held.add(stream);
      stream.pause();
    }
    if (chunk.length > room && !this.#isTruncated) {
      this.#isTruncated = true;
      this.#listener.onTruncated(this.#limitBytes);
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

  #say(name: OutputStream, text: string): void {
    if (text === '') return;
    this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS);
    for (let at = 0; at < text.length; at += MAX_CHUNK_CHARACTERS) this.#listener.onText(name, text.slice(at, at + MAX_CHUNK_CHARACTERS));
  }
}
