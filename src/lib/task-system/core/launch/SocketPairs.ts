import { closeSync, constants, openSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Two ends of one connection. */
export interface SocketPair {
  /** The end that the host talks by. */
  readonly ours: Socket;
  /** The end that a child is given; nothing is ever read from it here. */
  readonly theirs: Socket;
  /** Number of the descriptor of `theirs`. */
  readonly descriptor: number;
}

const NAME = 'pair';

/**
 * Connected pairs of sockets, made ahead of need. Node makes such pairs only while it starts a process; here a server that nobody
 * else can reach accepts our own connections, one at a time.
 */
export class SocketPairs {
  readonly #size: number;
  readonly #stock: SocketPair[] = [];
  #server: Server | undefined;
  #folder: number | undefined;
  #path = '';
  #filling: Promise<void> | undefined;

  /** @param size how many are kept ready. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Fills the stock. @param directory where nobody else may look. Rejects where there are no such sockets. */
  async open(directory: string): Promise<void> {
    // Addresses of sockets are limited to about a hundred bytes; by way of a descriptor every directory is near.
    this.#folder = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    this.#path = `/proc/self/fd/${String(this.#folder)}/${NAME}`;
    const server = createServer({ pauseOnConnect: true });
    this.#server = server;
    server.listen(this.#path);
    await once(server, 'listening');
    server.unref();
    await this.#fill(server);
  }

  /** Takes pairs out of the stock, which is filled again afterwards; undefined when there are not as many. */
  take(count: number): readonly SocketPair[] | undefined {
    if (this.#server === undefined || this.#stock.length < count) return undefined;
    const taken = this.#stock.splice(0, count);
    for (const { ours } of taken) ours.ref();
    this.#refill();
    return taken;
  }

  /** Ends the server and the pairs that nobody took. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await this.#filling;
    for (const { ours, theirs } of this.#stock.splice(0)) {
      ours.destroy();
      theirs.destroy();
    }
    // Pairs that are in use do not concern the server any more: its close event waits for them, and nobody else has to.
    server?.close();
    if (this.#folder !== undefined) closeSync(this.#folder);
    this.#folder = undefined;
  }

  #refill(): void {
    const server = this.#server;
    if (server === undefined) return;
    // No more descriptors: the next process is started without the thread.
    this.#filling ??= this.#fill(server).catch(() => undefined).finally(() => { this.#filling = undefined; });
  }

  async #fill(server: Server): Promise<void> {
    while (this.#server === server && this.#stock.length < this.#size) this.#stock.push(await this.#makePair(server));
  }

  async #makePair(server: Server): Promise<SocketPair> {
    const accepted = acceptOne(server);
    const ours = connect(this.#path);
    const [theirs] = await Promise.all([accepted, once(ours, 'connect')]);
    for (const end of [ours, theirs]) end.unref().on('error', () => undefined);
    return { ours, theirs, descriptor: descriptorOf(theirs) };
  }
}

function acceptOne(server: Server): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  server.once('connection', resolve);
  return promise;
}

/** Node shows the number of a descriptor on the handle below a socket only. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const descriptor: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof descriptor === 'number' && descriptor >= 0) return descriptor;
  throw new TypeError('a socket has no descriptor');
}
