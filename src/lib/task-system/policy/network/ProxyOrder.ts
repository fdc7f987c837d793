/** The variable of the environment in which a task process is told its way to the network. */
export const PROXY_VARIABLE = 'TASK_SYSTEM_PROXY';

/** Where a sandboxed task finds the socket of its proxy. */
export const INNER_SOCKET = '/proxy/socket';

/** In a network of its own every port is free: programs that heed `HTTPS_PROXY` are sent to this one. */
export const RELAY_PORT = 3_128;

/** How a task process reaches the proxy of its host, and by which token the proxy knows it. */
export interface ProxyOrder {
  readonly token: string;
  /** A unix socket; otherwise the proxy listens on `port` of the loopback. */
  readonly socket?: string;
  /** Where programs find the proxy on the loopback: the proxy itself, or what the process passes on to the socket. */
  readonly port: number;
  /** Whether the process is the one that tells its programs, and passes on what they send. */
  readonly mayRelay?: boolean;
}

/** Reads an order; undefined when it is none. */
export function readProxyOrder(json: string | undefined): ProxyOrder | undefined {
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return isOrder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value of the `Proxy-Authorization` header for a token. */
export function authorizationOf(token: string): string {
  return `Basic ${Buffer.from(`task:${token}`).toString('base64')}`;
}

function isOrder(value: unknown): value is ProxyOrder {
  if (typeof value !== 'object' || value === null || !('token' in value) || !('port' in value)) return false;
  return typeof value.token === 'string' && typeof value.port === 'number' && (!('socket' in value) || typeof value.socket === 'string');
}
