import type { ClientRequest, IncomingMessage } from 'node:http';
import type { RequestOptions as HttpsOptions } from 'node:https';
import type { AddressGuard } from '../../types/AddressGuard.ts';
import { TaskSystemError } from '../../types/Errors.ts';
import type { Clock } from '../../types/Ports.ts';
import type { WebhookAttempt } from '../../types/Webhooks.ts';

/** One request to be made. */
export interface Outgoing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What sending needs. */
export interface SendPorts {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  /** How long an attempt may take in all, in milliseconds. */
  readonly timeoutMs: number;
  /** Certificates of authorities to trust beside those of Node. */
  readonly ca: readonly string[];
}

/** How an attempt went. */
export interface SendOutcome {
  readonly attempt: WebhookAttempt;
  /** What the answer says in `Retry-After`. */
  readonly retryAfterMs?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 16_384;
const SHOWN_CHARACTERS = 1_024;

/**
 * Makes one request, on a connection of its own: redirects are not followed, proxies of the environment are not asked, and of the
 * answer only the status counts. Never rejects; undefined when `signal` cut it short.
 */
export async function send(outgoing: Outgoing, ports: SendPorts, signal: AbortSignal): Promise<SendOutcome | undefined> {
  const startedAt = ports.clock.now();
  const ended = await exchange(outgoing, ports, signal);
  if (ended === undefined) return undefined;
  const { status, error, answer, retryAfter } = ended;
  const durationMs = Math.max(0, ports.clock.now() - startedAt);
  const ok = status !== undefined && status >= 200 && status < 300;
  const failure = ok ? {} : { error: error ?? `The answer was ${String(status)}`, ...(answer === undefined || answer === '' ? {} : { answer }) };
  const retryAfterMs = retryAfter === undefined ? undefined : readRetryAfter(retryAfter, ports.clock.now());
  return { attempt: { ok, ...(status === undefined ? {} : { status }), ...failure, durationMs }, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

interface Ended {
  readonly status?: number;
  readonly error?: string;
  readonly answer?: string;
  readonly retryAfter?: string;
}

async function exchange({ url, headers, body }: Outgoing, { guard, clock, timeoutMs, ca }: SendPorts, signal: AbortSignal): Promise<Ended | undefined> {
  const target = new URL(url);
  try {
    guard.requireHost(target.hostname);
  } catch (error) {
    return { error: describe(error) };
  }
  // Loaded with the first message: a system without webhooks need not know HTTP.
  const { request } = target.protocol === 'http:' ? await import('node:http') : await import('node:https');
  const authorities = ca.length === 0 ? {} : { ca: [...(await import('node:tls')).getCACertificates(), ...ca] };
  if (signal.aborted) return undefined;
  const { promise, resolve } = Promise.withResolvers<Ended | undefined>();
  const options: HttpsOptions = { method: 'POST', headers, agent: false, lookup: guard.lookup, ...authorities };
  const outgoing = request(target, options);
  const abort = (): void => { resolve(undefined); };
  let giveUp = (): void => { resolve({ error: `No answer within ${String(timeoutMs)} ms` }); };
  const timer = clock.setTimer(timeoutMs, () => { giveUp(); });
  const connecting = clock.setTimer(CONNECT_TIMEOUT_MS, () => {
    if (!isConnected(outgoing)) resolve({ error: `No connection within ${String(CONNECT_TIMEOUT_MS)} ms` });
  });
  outgoing.on('error', (error) => { resolve({ error: describe(error) }); });
  // Once there is a status, an answer that takes its time is as good as one that has ended.
  outgoing.on('response', (response) => {
    connecting.cancel();
    giveUp = read(response, resolve);
  });
  signal.addEventListener('abort', abort, { once: true });
  outgoing.end(body);
  const ended = await promise;
  timer.cancel();
  connecting.cancel();
  signal.removeEventListener('abort', abort);
  outgoing.destroy();
  return ended;
}

/** Reads what can be shown of an answer, and no more: whoever answers must not fill the memory of who asks. @returns ends the reading. */
function read(response: IncomingMessage, resolve: (ended: Ended) => void): () => void {
  const { statusCode, headers } = response;
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = (): void => {
    const retryAfter = headers['retry-after'];
    resolve({
      ...(statusCode === undefined ? {} : { status: statusCode }),
      answer: shown(Buffer.concat(chunks)),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  };
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > MAX_ANSWER_BYTES) finish();
  });
  // The status says it all: what happens to the rest of the answer changes nothing.
  response.on('end', finish).on('error', finish).on('close', finish);
  return finish;
}

/** A socket that still shakes hands is not connected. */
function isConnected({ socket }: ClientRequest): boolean {
  if (socket === null || socket.connecting) return false;
  return !('secureConnecting' in socket) || socket.secureConnecting !== true;
}

/** The beginning of an answer, on one line and without what a terminal would act on. */
function shown(answer: Buffer): string {
  return answer.toString('utf8').slice(0, SHOWN_CHARACTERS).replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** Milliseconds from now; undefined when the header makes no sense. */
function readRetryAfter(header: string, now: number): number | undefined {
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1_000;
  const time = Date.parse(text);
  return Number.isNaN(time) || !/[a-z]{3}/i.test(text) ? undefined : Math.max(0, time - now);
}

function describe(error: unknown): string {
  if (TaskSystemError.isInstance(error)) return error.message;
  if (!(error instanceof Error)) return String(error);
  // Of several addresses that all failed, Node tells nothing but the code.
  return error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name;
}
