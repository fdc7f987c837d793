import { readSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from '../../types/Frames.ts';
import { messageOf } from '../../types/messageOf.ts';
import type { ParentMessage } from '../../types/Protocol.ts';
import type { ChildMessage } from '../../types/ProtocolSchema.ts';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const STDERR_FD = 2;
const READ_BYTES = 64 * 1024;
/** How long a process with nothing more to say waits to be ended before it watches whether its host is still there. */
const LINGER_MS = 1_000;

/** How a process can wait for its host: */
export type Pace =
  /** it has nothing else to do, and may stand still; */
  | 'still'
  /** its event loop must go on; */
  | 'running'
  /** it has told its outcome, and will be ended in a moment. */
  | 'over';

/** Who hears the host. */
export interface TransportListener {
  readonly onMessage: (message: ParentMessage) => void;
  /** Called when the host is gone. */
  readonly onGone: () => void;
  /** Asked after each turn in which something came. */
  readonly pace: () => Pace;
}

/** The child's end of the channel. */
export interface Transport {
  send(message: ChildMessage): void;
  listen(listener: TransportListener): void;
}

/**
 * The framed channel on an inherited socket. The host is trusted: its messages are not checked again.
 *
 * While the process has nothing else to do it reads and writes the descriptor synchronously. Only when its event loop is needed is that
 * made a `Socket`, for which Node loads its streams and its network: a tenth of what a process costs, and a task that answers at once
 * does without. Where the descriptor does not block, it is made one at the first need.
 */
export class ProcessTransport implements Transport {
  readonly #fd: number;
  readonly #decoder = new FrameDecoder(MAX_FRAME_BYTES);
  /** Kept before any code of the task runs, which may replace them. */
  readonly #timers = { soon: setImmediate, later: setTimeout };
  #listener: TransportListener | undefined;
  #socket: Socket | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  send(message: ChildMessage): void {
    const frame = encodeFrame(message);
    const rest = this.#socket === undefined ? writeChunk(this.#fd, frame) : frame;
    if (rest.length > 0) this.#open()?.write(rest);
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    this.#goOnSoon();
  }

  /** In a turn of its own, so that what a message set going has happened as far as it can without the event loop. */
  #goOnSoon(): void {
    this.#timers.soon(() => { this.#goOn(); });
  }

  #goOn(): void {
    if (this.#socket !== undefined) return;
    switch (this.#listener?.pace()) {
      case 'still':
        this.#readNow();
        break;
      case 'over':
        this.#timers.later(() => this.#open(), LINGER_MS);
        break;
      case 'running': case undefined:
        this.#open();
        break;
    }
  }

  #readNow(): void {
    const chunk = readChunk(this.#fd);
    // It does not wait, or is broken: a socket tells.
    if (chunk === undefined) {
      this.#open();
    } else if (chunk.length === 0) {
      this.#listener?.onGone();
    } else {
      this.#take(chunk);
      this.#goOnSoon();
    }
  }

  #open(): Socket | undefined {
    // Without the host nobody will ever read a result: end, close and error all mean the same.
    const gone = (): void => { this.#listener?.onGone(); };
    try {
      this.#socket ??= this.#makeSocket().once('error', gone).once('end', gone).once('close', gone);
    } catch (error) {
      // Code of the task has closed it, or put something else in its place: no outcome can be told any more.
      writeChunk(STDERR_FD, Buffer.from(`task-system: descriptor ${String(this.#fd)} is not the channel to the host any more: ${messageOf(error)}\n`));
      gone();
    }
    return this.#socket;
  }

  #makeSocket(): Socket {
    const { Socket } = process.getBuiltinModule('node:net');
    return new Socket({ fd: this.#fd, readable: true, writable: true }).on('data', (chunk: Buffer) => { this.#take(chunk); });
  }

  #take(chunk: Buffer): void {
    for (const message of this.#decoder.push(chunk)) if (isParentMessage(message)) this.#listener?.onMessage(message);
  }
}

/** Waits for something to read. @returns nothing at its end, undefined where it does not wait or cannot be read. */
function readChunk(fd: number): Buffer | undefined {
  const chunk = Buffer.allocUnsafe(READ_BYTES);
  try {
    return chunk.subarray(0, readSync(fd, chunk));
  } catch {
    return undefined;
  }
}

/** Writes as much as can be written. @returns the rest. */
function writeChunk(fd: number, chunk: Buffer): Buffer {
  let written = 0;
  try {
    while (written < chunk.length) written += writeSync(fd, chunk, written);
  } catch {
    // It does not wait, or is broken: a socket tells.
  }
  return chunk.subarray(written);
}

function isParentMessage(value: unknown): value is ParentMessage {
  return typeof value === 'object' && value !== null && 'type' in value;
}
