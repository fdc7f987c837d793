import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { openSocketPath } from './socketPath.ts';

/** The host's end of a connection to the helper. */
export interface StockedSocket {
  readonly socket: Socket;
  /** Names the other end to the helper. */
  readonly number: number;
}

/**
 * Connections to the launcher's helper, made ahead of need: the helper gives their other ends to the processes that it starts, so
 * that the host can write to a process before there is one. A connection is believed when it knows the secret.
 */
export class SocketStock {
  readonly #secret: string;
  readonly #stock: StockedSocket[] = [];
  readonly #strangers = new Set<Socket>();
  readonly #server: Server;
  #state: 'closed' | 'open' = 'closed';
  #folder: number | undefined;
  #onArrival: () => void = () => undefined;

  constructor(secret: string) {
    this.#secret = secret;
    this.#server = createServer((socket) => { this.#greet(socket); });
  }

  /** Begins to listen. @param directory where nobody else may look. Rejects where there are no such sockets. */
  async open(directory: string): Promise<void> {
    const { path, folder } = openSocketPath(directory);
    this.#folder = folder;
    this.#server.listen(path);
    await once(this.#server, 'listening');
    this.#server.unref();
    this.#state = 'open';
  }

  /** Resolves when there are so many. */
  async has(count: number): Promise<void> {
    while (this.#stock.length < count) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#onArrival = () => { resolve(undefined); };
      await promise;
    }
  }

  /** Takes connections out of the stock, the oldest first; undefined when there are not as many. */
  take(count: number): readonly StockedSocket[] | undefined {
    if (this.#stock.length < count) return undefined;
    const taken = this.#stock.splice(0, count);
    for (const { socket } of taken) socket.ref();
    return taken;
  }

  /** Ends the connections that nobody took, and takes no more. */
  close(): void {
    if (this.#folder === undefined) return;
    this.#state = 'closed';
    for (const { socket } of this.#stock.splice(0)) socket.destroy();
    for (const socket of this.#strangers) socket.destroy();
    // Connections that are in use do not concern the server any more: its close event waits for them, and nobody else has to.
    this.#server.close();
    closeSync(this.#folder);
    this.#folder = undefined;
  }

  /** Reads no more than the greeting: what comes after it is the process's. */
  #greet(socket: Socket): void {
    this.#strangers.add(socket);
    socket.unref().on('error', () => undefined);
    socket.once('close', () => this.#strangers.delete(socket));
    socket.once('readable', () => {
      this.#strangers.delete(socket);
      const chunk: unknown = socket.read();
      const [secret, number] = String(chunk).split(' ');
      if (this.#state === 'closed' || secret !== this.#secret) socket.destroy();
      else this.#stock.push({ socket, number: Number(number) });
      this.#onArrival();
    });
  }
}
