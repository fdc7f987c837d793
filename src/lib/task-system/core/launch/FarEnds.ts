import { connect, type Socket } from 'node:net';
import { TaskSystemError } from '../../types/Errors.ts';
import type { SocketNumbers } from './wire.ts';

/** The ends of the launcher's connections that processes are given, in the helper. Nothing is ever read from them here. */
export class FarEnds {
  readonly #path: string;
  readonly #secret: string;
  readonly #ends = new Map<number, Socket>();
  #count = 0;

  /** @param path where the host listens. @param secret by which it knows its own. */
  constructor(path: string, secret: string) {
    this.#path = path;
    this.#secret = secret;
  }

  /** Makes so many more connections, and tells the host their numbers by themselves. */
  connect(count: number): void {
    for (let made = 0; made < count; made++) {
      const number = ++this.#count;
      const socket = connect(this.#path);
      // What the host writes is for the process, also what it writes before that exists.
      socket.pause();
      // A host that is gone, or has no more descriptors, takes none; it then starts processes without the helper.
      socket.on('error', () => this.#ends.delete(number));
      socket.write(`${this.#secret} ${String(number)}\n`);
      this.#ends.set(number, socket);
    }
  }

  /**
   * Takes connections out, and tells by which descriptors a process can be given them; they are to be destroyed afterwards.
   * @throws TaskSystemError `TASK_CRASHED` when one of them has been lost: without it the others would get wrong numbers.
   */
  take(numbers: SocketNumbers): { readonly sockets: readonly Socket[]; readonly descriptors: readonly number[] } {
    const sockets = numbers.map((number) => this.#ends.get(number)).filter((socket) => socket !== undefined);
    for (const number of numbers) this.#ends.delete(number);
    if (sockets.length === numbers.length) {
      const [, , channel] = sockets;
      if (channel !== undefined) letBlock(channel);
      return { sockets, descriptors: sockets.map(descriptorOf) };
    }
    for (const socket of sockets) socket.destroy();
    throw new TaskSystemError('TASK_CRASHED', 'A connection to its host was lost before the process could be started');
  }
}

/** A process waits for its first messages by reading. Where Node has no such method any more, the process notices, and waits in another way. */
function letBlock(channel: Socket): void {
  const handle = handleOf(channel);
  const setBlocking: unknown = Reflect.get(handle, 'setBlocking');
  if (typeof setBlocking === 'function') Reflect.apply(setBlocking, handle, [true]);
}

function descriptorOf(socket: Socket): number {
  const descriptor: unknown = Reflect.get(handleOf(socket), 'fd');
  if (typeof descriptor === 'number' && descriptor >= 0) return descriptor;
  throw new TypeError('a socket has no descriptor');
}

/** What is below a socket: Node shows the number of its descriptor, and how it is read, only there. */
function handleOf(socket: Socket): object {
  const handle: unknown = Reflect.get(socket, '_handle');
  return typeof handle === 'object' && handle !== null ? handle : {};
}
