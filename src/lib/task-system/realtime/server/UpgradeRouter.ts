import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TaskSystemError } from '../../types/Errors.ts';
import { answerAsRequest } from './answerAsRequest.ts';
import { override, type Restore } from './override.ts';

/** Takes over an upgrade request. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What is shared by all attachments of one HTTP server. */
export interface UpgradeRoutes {
  /** @returns removes the path again. @throws TaskSystemError `PATH_TAKEN`. */
  add(path: string, handler: UpgradeHandler): () => void;
}

// In the global symbol registry, so that two copies of this package on one server share one router.
const ROUTER = Symbol.for('task-system.upgrade-router.v1');

/** The router of an HTTP server; made when there is none. */
export function upgradeRoutes(server: Server): UpgradeRoutes {
  const known: unknown = Reflect.get(server, ROUTER);
  return isRoutes(known) ? known : new UpgradeRouter(server);
}

function isRoutes(value: unknown): value is UpgradeRoutes {
  return typeof value === 'object' && value !== null && 'add' in value && typeof value.add === 'function';
}

/**
 * Takes WebSocket upgrades of certain paths out of an HTTP server before anybody else sees them. A plain `upgrade` listener would
 * not do: frameworks answer every upgrade, and the client would get their 404 on the socket that was already upgraded here. So
 * `server.emit` is wrapped while there is a path, and everything else goes on as it would without us.
 */
class UpgradeRouter implements UpgradeRoutes {
  readonly #server: Server;
  readonly #handlers = new Map<string, UpgradeHandler>();
  // Undefined while not in place. Where somebody else wrapped the server after us, ours stays in the chain, without effect.
  #restoreEmit: Restore | undefined;
  #restoreShouldUpgrade: Restore | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  add(path: string, handler: UpgradeHandler): () => void {
    if (this.#handlers.has(path)) throw new TaskSystemError('PATH_TAKEN', `the path "${path}" is in use on this server`, { path });
    if (this.#handlers.size === 0) this.#install();
    this.#handlers.set(path, handler);
    return () => {
      if (this.#handlers.get(path) !== handler) return;
      this.#handlers.delete(path);
      if (this.#handlers.size === 0) this.#uninstall();
    };
  }

  // Without any listener Node does not upgrade at all; what reaches this one was not taken by `emit`.
  readonly #listener = (request: IncomingMessage): void => {
    const isAlone = this.#server.listenerCount('upgrade') === 1;
    if (isAlone) answerAsRequest(this.#server, request);
  };

  #install(): void {
    const server = this.#server;
    server.on('upgrade', this.#listener);
    this.#restoreEmit ??= override(server, 'emit', (receiver, args, inner) => this.#take(args) || inner(receiver, args));
    if ('shouldUpgradeCallback' in server) {
      this.#restoreShouldUpgrade ??= override(server, 'shouldUpgradeCallback', (receiver, args, inner) => this.#shouldUpgrade(receiver, args, inner));
    }
    Object.defineProperty(server, ROUTER, { value: this, configurable: true, enumerable: false });
  }

  #uninstall(): void {
    this.#server.off('upgrade', this.#listener);
    if (this.#restoreEmit?.() === true) this.#restoreEmit = undefined;
    if (this.#restoreShouldUpgrade?.() === true) this.#restoreShouldUpgrade = undefined;
    // A router that is still in the chain is kept, so that the next attachment uses it again and the chain does not grow.
    if (this.#restoreEmit === undefined && this.#restoreShouldUpgrade === undefined) Reflect.deleteProperty(this.#server, ROUTER);
  }

  /** Hands one of our upgrades to its handler. False for every other event. */
  #take(args: readonly unknown[]): boolean {
    const [event, request, , head] = args;
    if (event !== 'upgrade' || !isRequest(request)) return false;
    const handler = this.#handlerFor(request);
    handler?.(request, request.socket, Buffer.isBuffer(head) ? head : Buffer.alloc(0));
    return handler !== undefined;
  }

  /** Newer versions of Node ask before they upgrade. For what is not ours the answer is the one without us, that is, without our listener. */
  #shouldUpgrade(receiver: unknown, args: readonly unknown[], inner: (receiver: unknown, args: readonly unknown[]) => unknown): unknown {
    const [request] = args;
    if (this.#handlers.size === 0) return inner(receiver, args);
    if (isRequest(request) && this.#handlerFor(request) !== undefined) return true;
    const server = this.#server;
    const countOthers = (event: string): number => server.listenerCount(event) - (event === 'upgrade' ? 1 : 0);
    return inner(Object.create(server, { listenerCount: { value: countOthers } }), args);
  }

  #handlerFor(request: IncomingMessage): UpgradeHandler | undefined {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return undefined;
    return this.#handlers.get(request.url?.split('?', 1)[0] ?? '');
  }
}

/** Loaded when a feed is attached: a host without an HTTP server would pay 20 ms for it at import. */
function isRequest(value: unknown): value is IncomingMessage {
  return value instanceof process.getBuiltinModule('node:http').IncomingMessage;
}
