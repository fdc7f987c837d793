import type { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { OutboxSocket } from './Outbox.ts';

const TEXT = { binary: false } as const;

/**
 * A WebSocket together with the stream that it runs on. Messages that many clients get are made once and written past `ws`, which
 * would frame each of them again for each client: a third of the work of a burst. `ws` writes everything at once and in one piece as
 * long as nothing is compressed, so the bytes of the two never mix.
 */
export class ClientSocket implements OutboxSocket {
  readonly #webSocket: WebSocket;
  readonly #stream: Writable;

  constructor(webSocket: WebSocket, stream: Writable) {
    this.#webSocket = webSocket;
    this.#stream = stream;
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  sendText(text: string, callback: () => void): void {
    this.#webSocket.send(text, TEXT, callback);
  }

  sendMessage(message: Buffer, callback?: () => void): void {
    this.#stream.write(message, callback);
  }
}
