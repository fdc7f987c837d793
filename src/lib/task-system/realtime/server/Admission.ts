import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Logger } from '../../types/Ports.ts';
import { TOKEN_PROTOCOL_PREFIX } from '../../types/Wire.ts';
import { answerOf } from './answerOf.ts';

/** What a client showed. */
export interface Credentials {
  /** From `Authorization: Bearer …`, from the `token` of the client of this library, or from a later `hello`. */
  readonly token?: string;
}

/** A client that may connect. */
export interface Admitted<Identity = unknown> {
  /** Handed to `authorize` with every question about this client. */
  readonly identity: Identity;
  /** Its name, for the log: who approved what. Up to 256 characters. @defaultValue the identity, when that is a text; else 'a client of the live feed' */
  readonly name?: string;
  /** When the client has to come back with a new token, in milliseconds since 1970. @defaultValue never */
  readonly expiresAt?: number;
}

/**
 * What `authenticate` may answer: who it is (`true`: nobody in particular), `'hello'` to let a client through that has shown no token
 * yet and must do so in its first frame, or how to refuse it (`false` is 401, and so is anything else).
 */
export type Admittance<Identity = unknown> = Admitted<Identity> | boolean | 'hello' | 401 | 403;

/** Decides who may connect: before the upgrade, and again for a token that comes with `hello`. A failure or no answer within 10 seconds is a no. */
export type Authenticate<Identity = unknown> = (request: IncomingMessage, credentials: Credentials) => Admittance<Identity> | Promise<Admittance<Identity>>;

/** What became of a request: a client, one that must show its token, or none. */
export type Verdict = { readonly admitted: Admitted } | { readonly admitted: 'hello' } | { readonly admitted: undefined; readonly refusal: Refusal };

/** Why an upgrade is refused, as an HTTP answer. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly message: string;
}

/** What {@link Admission} needs. */
export interface AdmissionOptions {
  /** Origins that are allowed beside the server's own. */
  readonly origins: readonly string[];
  readonly authenticate: Authenticate | undefined;
  /** Whether everybody may connect who is not refused; without it and without `authenticate` only this machine may. */
  readonly isOpen: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_NAME = 256;
const STATUS_TEXTS = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const satisfies Record<Refusal['status'], string>;
const NO_AUTHORIZE = 'Without `authenticate` or `authorize` the live feed is open to this machine only.';

/** Decides who may connect, before the upgrade. */
export class Admission {
  readonly #options: AdmissionOptions;
  #hasWarned = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Decides on a request before its upgrade. Never rejects. */
  async admit(request: IncomingMessage): Promise<Verdict> {
    const { origins, authenticate, isOpen } = this.#options;
    if (!isOriginAllowed(request, origins)) return refused({ status: 403, message: 'The origin of the page is not allowed.' });
    if (authenticate !== undefined) return this.authenticate(request, tokenOf(request));
    return isOpen || isFromThisMachine(request) ? NOBODY : refused(this.#refuseStranger());
  }

  /** Asks `authenticate`. Without it everybody who is connected may stay. */
  async authenticate(request: IncomingMessage, token: string | undefined): Promise<Verdict> {
    const { authenticate } = this.#options;
    if (authenticate === undefined) return NOBODY;
    const answer = await answerOf('authenticate', () => authenticate(request, token === undefined ? {} : { token }), this.#options);
    if (answer === true) return NOBODY;
    if (answer === 'hello') return { admitted: 'hello' };
    if (isAdmitted(answer)) return { admitted: answer };
    return refused(answer === 403 ? { status: 403, message: 'Forbidden.' } : { status: 401, message: 'Not authorized.' });
  }

  #refuseStranger(): Refusal {
    if (!this.#hasWarned) this.#options.logger.warn(`A client of the live feed was refused: ${NO_AUTHORIZE} Pass \`authenticate\` to \`attachWebSocket\`.`);
    this.#hasWarned = true;
    return { status: 403, message: NO_AUTHORIZE };
  }
}

/** The name of a client, for the log. */
export function nameOf(admitted: Admitted | undefined): string {
  const { identity, name = identity } = admitted ?? {};
  return typeof name === 'string' && name !== '' ? name.slice(0, MAX_NAME).toWellFormed().replaceAll('\0', '') : 'a client of the live feed';
}

const NOBODY: Verdict = { admitted: { identity: undefined } };

function refused(refusal: Refusal): Verdict {
  return { admitted: undefined, refusal };
}

function isAdmitted(answer: unknown): answer is Admitted {
  if (typeof answer !== 'object' || answer === null || !('identity' in answer)) return false;
  return !('expiresAt' in answer) || answer.expiresAt === undefined || Number.isFinite(answer.expiresAt);
}

/** Answers an upgrade request with an HTTP error and closes its socket. */
export function refuse(socket: Duplex, { status, message }: Refusal): void {
  if (socket.destroyed) return;
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_TEXTS[status]}`, 'Connection: close', 'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(message))}`, ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []), ...(status === 503 ? ['Retry-After: 5'] : []),
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
