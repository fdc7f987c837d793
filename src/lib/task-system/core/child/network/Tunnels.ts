import { connect, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { deserializeError, type SerializedError } from '../../../types/Errors.ts';
import { authorizationOf, type ProxyOrder } from '../../../policy/network/ProxyOrder.ts';

const HEAD_END = '\r\n\r\n';
/** What a refusal may take, head and body. */
const MAX_ANSWER_BYTES = 65_536;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const OK = 'HTTP/1.1 200 ';

/** Makes the connections of a task: through tunnels of the proxy, and to the task's own loopback directly. */
export class Tunnels {
  readonly #order: ProxyOrder;
  readonly #env: NodeJS.ProcessEnv;

  /** @param env is asked for `NO_PROXY` with every connection. */
  constructor(order: ProxyOrder, env: NodeJS.ProcessEnv) {
    this.#order = order;
    this.#env = env;
  }

  /**
   * A connection to a host.
   * @throws TaskSystemError `NETWORK_DENIED`, `ADDRESS_REFUSED`, `NETWORK_BUSY`; or what the system said to the proxy (`ECONNREFUSED` and so on).
   */
  async open(host: string, port: number): Promise<Socket> {
    if (this.#isOwn(host)) return connected(connect({ host: unbracketed(host), port }));
    const { socket: path, port: proxyPort } = this.#order;
    const socket = await connected(path === undefined ? connect({ host: '127.0.0.1', port: proxyPort }) : connect(path));
    const target = `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: ${authorizationOf(this.#order.token)}${HEAD_END}`);
    try {
      const { head, body } = await readAnswer(socket);
      if (!head.startsWith(OK)) throw errorOf(head, body);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket.setNoDelay(true);
  }

  /** The same, encrypted. */
  async openTls(host: string, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = await this.open(host, port);
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    const secure = connectTls({ host: unbracketed(host), ...options, socket }, () => { resolve(secure); });
    secure.setTimeout(HANDSHAKE_TIMEOUT_MS, () => { secure.destroy(Object.assign(new Error(`no TLS handshake with ${host}`), { code: 'ETIMEDOUT' })); });
    secure.once('error', reject);
    try {
      return await promise;
    } finally {
      secure.off('error', reject).setTimeout(0).removeAllListeners('timeout');
    }
  }

  #isOwn(host: string): boolean {
    return (this.#env['NO_PROXY'] ?? '').split(',').map((name) => name.trim()).includes(unbracketed(host));
  }
}

function unbracketed(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function connected(socket: Socket): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  socket.once('error', reject).once('connect', () => {
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}

/** Reads the answer to a CONNECT: its head, and of a refusal also the body. What a tunnel carries behind the head stays in the socket. */
function readAnswer(socket: Socket): Promise<{ readonly head: string; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly head: string; readonly body: string }>();
  let received = Buffer.alloc(0);
  const read = (): void => {
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read()) received = Buffer.concat([received, chunk]);
    const end = received.indexOf(HEAD_END);
    const head = end < 0 ? '' : received.subarray(0, end).toString('latin1');
    if (!head.startsWith(OK)) {
      if (received.length > MAX_ANSWER_BYTES) socket.destroy(new Error('the proxy answers too much'));
      return;
    }
    stop();
    const rest = received.subarray(end + HEAD_END.length);
    if (rest.length > 0) socket.unshift(rest);
    resolve({ head, body: '' });
  };
  const over = (): void => {
    stop();
    const [head = '', body = ''] = received.toString().split(HEAD_END, 2);
    resolve({ head, body });
  };
  const fail = (error: Error): void => { stop(); reject(error); };
  const stop = (): void => { socket.off('readable', read).off('end', over).off('close', over).off('error', fail); };
  socket.on('readable', read).once('end', over).once('close', over).once('error', fail);
  return promise;
}

function errorOf(head: string, body: string): Error {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed && isSerialized(parsed.error)) return freshStack(deserializeError(parsed.error));
  } catch {
    // Not from our proxy, or cut off.
  }
  return new Error(`the proxy of the task answered ${JSON.stringify(head.split('\r\n', 1)[0])}`);
}

/** The stack of the error is that of this process: the host keeps its own to itself. */
function freshStack(error: Error): Error {
  Error.captureStackTrace(error, errorOf);
  return error;
}

function isSerialized(value: unknown): value is SerializedError {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && 'message' in value && typeof value.message === 'string';
}
