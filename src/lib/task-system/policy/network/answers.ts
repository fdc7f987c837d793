import { serializeError, TaskSystemError } from '../../types/Errors.ts';

/** What a request gets instead of a connection. */
export interface Refusal {
  readonly status: number;
  /** JSON with the error under `error`: readable for people, and for the process of the task, which makes an error of it again. */
  readonly body: string;
}

const STATUS: Readonly<Record<string, number>> = { NETWORK_DENIED: 403, ADDRESS_REFUSED: 403, NETWORK_BUSY: 503 };
const BAD_GATEWAY = 502;
const REASONS: Readonly<Record<number, string>> = { 400: 'Bad Request', 403: 'Forbidden', 407: 'Proxy Authentication Required', 502: 'Bad Gateway', 503: 'Service Unavailable' };

/** Why a connection was not made, as an answer. Nothing of the host is in it but what the system says of the connection. */
export function refusalOf(error: unknown): Refusal {
  const { stack: _stack, cause: _cause, ...rest } = serializeError(error);
  const status = TaskSystemError.isInstance(error) ? STATUS[error.code] ?? BAD_GATEWAY : BAD_GATEWAY;
  return { status, body: JSON.stringify({ error: rest }) };
}

/** The answer to a request whose token is missing or unknown: also after the attempt is over. */
export function unknownToken(): Refusal {
  const error = new TaskSystemError('NETWORK_DENIED', 'the token of the request is not that of a running task', { reason: 'token' });
  return { ...refusalOf(error), status: 407 };
}

/** The headers of a refusal, whose connection ends with it. */
export function headersOf({ status, body }: Refusal): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close',
    ...(status === 407 ? { 'Proxy-Authenticate': 'Basic realm="task"' } : {}),
  };
}

/** A refusal as it goes over a connection that is not the server's any more. */
export function rawRefusal(refusal: Refusal): string {
  const lines = Object.entries(headersOf(refusal)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${String(refusal.status)} ${REASONS[refusal.status] ?? ''}\r\n${lines.join('')}\r\n${refusal.body}`;
}
