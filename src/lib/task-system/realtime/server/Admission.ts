import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { serializeError } from '../../types/Errors.ts';
import type { Clock, Logger } from '../../types/Ports.ts';
import { TOKEN_PROTOCOL_PREFIX } from '../../types/Wire.ts';

/** What a client showed. */
export interface Credentials {
  /** From `Authorization: Bearer …`, from the `token` of the client of this library, or from a later `hello`. */
  readonly token?: string;
}

/** Decides whether a client may connect. Anything but `true` refuses it. */
export type Authorize = (request: IncomingMessage, credentials: Credentials) => boolean | Promise<boolean>;

/** Why an upgrade is refused, as an HTTP answer. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly message: string;
}

/** What {@link Admission} needs. */
export interface AdmissionOptions {
  /** Origins that are allowed beside the server's own. */
  readonly origins: readonly string[];
  readonly authorize: Authorize | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const AUTHORIZE_TIMEOUT_MS = 10_000;
const STATUS_TEXTS = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const satisfies Record<Refusal['status'], string>;
const NO_AUTHORIZE = 'Without an `authorize` function the live feed is open to this machine only.';

/** Decides who may connect, before the upgrade. */
export class Admission {
  readonly #options: AdmissionOptions;
  #hasWarned = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Why this request must not become a connection, or undefined when it may. Never rejects. */
  async refusalOf(request: IncomingMessage): Promise<Refusal | undefined> {
    const { origins, authorize } = this.#options;
    if (!isOriginAllowed(request, origins)) return { status: 403, message: 'The origin of the page is not allowed.' };
    if (authorize === undefined) return isFromThisMachine(request) ? undefined : this.#refuseStranger();
    const token = tokenOf(request);
    return (await this.isAuthorized(request, token)) ? undefined : { status: 401, message: 'Not authorized.' };
  }

  /** Asks `authorize`; a failure or no answer within 10 seconds is a no. Without `authorize` everybody who is connected may stay. */
  async isAuthorized(request: IncomingMessage, token: string | undefined): Promise<boolean> {
    const { authorize, clock, logger } = this.#options;
    if (authorize === undefined) return true;
    const { promise: late, resolve } = Promise.withResolvers<false>();
    const timer = clock.setTimer(AUTHORIZE_TIMEOUT_MS, () => {
      logger.error('`authorize` of the live feed did not answer within 10 seconds; the client was refused.');
      resolve(false);
    });
    try {
      // From plain JavaScript anything may come back.
      const answer: unknown = await Promise.race([authorize(request, token === undefined ? {} : { token }), late]);
      return answer === true;
    } catch (error) {
      logger.error('`authorize` of the live feed failed; the client was refused.', { error: serializeError(error) });
      return false;
    } finally {
      timer.cancel();
    }
  }

  #refuseStranger(): Refusal {
    if (!this.#hasWarned) this.#options.logger.warn(`A client of the live feed was refused: ${NO_AUTHORIZE} Pass \`authorize\` to \`attachWebSocket\`.`);
    this.#hasWarned = true;
    return { status: 403, message: NO_AUTHORIZE };
  }
}

/** Answers an upgrade request with an HTTP error and closes its socket. */
export function refuse(socket: Duplex, { status, message }: Refusal): void {
  if (socket.destroyed) return;
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_TEXTS[status]}`, 'Connection: close', 'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(message))}`, ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${message}`, () => { socket.destroy(); });
}

/** Browsers always send an origin, and send cookies along whatever it is; other clients usually send none. */
function isOriginAllowed({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes(origin)) return true;
  const parsed = URL.parse(origin);
  if (parsed === null || host === undefined) return false;
  return parsed.host === URL.parse(`${parsed.protocol}//${host}`)?.host;
}

/**
 * Whether a request comes from this machine. One that a proxy passed on does not count, nor one whose `Host` is not a name of this
 * machine: so a page whose own name was made to point here (DNS rebinding) is refused although its origin equals its host.
 */
function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  const isProxied = ['forwarded', 'x-forwarded-for', 'x-real-ip'].some((name) => headers[name] !== undefined);
  const hostname = URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? '';
  const isLocalName = hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopback(hostname.replace(/^\[|\]$/g, ''));
  return !isProxied && isLocalName && isLoopback(socket.remoteAddress ?? '');
}

function isLoopback(address: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const encoded = offered.find((name) => name.startsWith(TOKEN_PROTOCOL_PREFIX));
  return encoded === undefined ? undefined : Buffer.from(encoded.slice(TOKEN_PROTOCOL_PREFIX.length), 'base64url').toString();
}
