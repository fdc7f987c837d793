import type { Duplex } from 'node:stream';
import { encodeFrame, FrameDecoder } from '../types/Frames.ts';
import type { ParentMessage } from '../types/Protocol.ts';
import { childMessageSchema, type ChildMessage } from '../types/ProtocolSchema.ts';

/** How many messages of one child are handled before others get a turn. */
const MESSAGES_PER_TURN = 256;
/** What may wait for a child that does not read. */
const MAX_OUTBOUND_BYTES = 8 * 1024 * 1024;
/** Room for the envelope around a result. */
const ENVELOPE_BYTES = 256 * 1024;

/** Who hears what comes over the channel. */
export interface ChannelListener {
  onMessage(message: ChildMessage): void;
  /** The peer broke the protocol. Nothing more is read. */
  onFault(fault: string): void;
}

/**
 * The host's end of a child's channel. The child is not trusted: frames are bounded, every message is checked against its
 * schema, a flood is slowed down by not reading (the child's writes then block), and what waits to be sent is bounded.
 */
export class HostChannel {
  readonly #stream: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #inbox: unknown[] = [];
  /** Resolves when nothing more will come. */
  readonly ended: Promise<void>;
  #listener: ChannelListener | undefined;
  #state: 'open' | 'draining' | 'closed' = 'open';

  /** @param maxResultBytes the largest result of any task type; twice as much fits into a frame, because JSON in JSON is escaped. */
  constructor(stream: Duplex, maxResultBytes: number) {
    this.#stream = stream;
    this.#decoder = new FrameDecoder(maxResultBytes * 2 + ENVELOPE_BYTES);
    stream.on('data', (chunk: Buffer) => { this.#take(chunk); });
    // A write to a child that just died fails here before its exit is seen; the exit tells more.
    stream.on('error', () => undefined);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ended = promise.then(() => undefined);
    stream.once('end', () => { resolve(undefined); }).once('close', () => { resolve(undefined); });
  }

  /** Sets who hears the messages from now on. */
  listen(listener: ChannelListener): void {
    this.#listener = listener;
  }

  /** Sends a message; one that a dead child cannot take is dropped. */
  send(message: ParentMessage): void {
    if (this.#state === 'closed' || this.#stream.destroyed) return;
    this.#stream.write(encodeFrame(message));
    if (this.#stream.writableLength > MAX_OUTBOUND_BYTES) this.#fault(`it does not read: ${String(this.#stream.writableLength)} bytes wait for it`);
  }

  /** Stops reading for good. */
  close(): void {
    this.#state = 'closed';
    this.#inbox.length = 0;
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    for (const message of this.#decoder.push(chunk)) this.#inbox.push(message);
    if (this.#state === 'open') this.#drain();
  }

  #drain(): void {
    for (let handled = 0; this.#inbox.length > 0; handled++) {
      if (handled === MESSAGES_PER_TURN) {
        this.#state = 'draining';
        this.#stream.pause();
        setImmediate(() => { this.#goOn(); });
        return;
      }
      this.#handle(this.#inbox.shift());
      if (this.#isClosed()) return;
    }
    if (this.#decoder.fault !== undefined) this.#fault(this.#decoder.fault);
  }

  #goOn(): void {
    if (this.#isClosed()) return;
    this.#state = 'open';
    this.#stream.resume();
    this.#drain();
  }

  #handle(message: unknown): void {
    const parsed = parseMessage(message);
    if (typeof parsed === 'string') this.#fault(parsed);
    else this.#listener?.onMessage(parsed);
  }

  #fault(fault: string): void {
    if (this.#isClosed()) return;
    this.close();
    this.#listener?.onFault(fault);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

/** The message, or what is wrong with it. Very deep payloads exhaust the stack of the check, which is one more way to be wrong. */
function parseMessage(message: unknown): ChildMessage | string {
  try {
    const parsed = childMessageSchema.safeParse(message);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    return issue === undefined ? 'a message that fits no schema' : `${issue.path.map(String).join('.')}: ${issue.message}`;
  } catch (error) {
    return error instanceof Error ? error.message : 'a message that cannot be checked';
  }
}
