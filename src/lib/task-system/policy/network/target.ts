import { isIP, isIPv4, isIPv6 } from 'node:net';

/** Where a request wants to go, in the strict notation that is let through. */
export interface Target {
  /** A name in lower case or an IPv4 address; an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

/** An absolute `http:` address, cut into what the connection and what the request line needs. */
export interface RequestTarget extends Target {
  /** Path and query. */
  readonly path: string;
  /** What the `Host` header says: with the port only where it is written. */
  readonly authority: string;
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const MAX_NAME = 253;
/** Resolvers take a name that ends like this for an address, in one of many notations: 0x7f.1, 127.1, 2130706433, 0177.0.0.1. */
const NUMBER_AT_THE_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
const AUTHORITY = /^(\[[^\]]*\]|[^:]*):([1-9]\d{0,4})$/;
const ABSOLUTE = /^http:\/\/([^/?#]*)([/?][^#]*)?$/;
const MAX_PORT = 65_535;
const HTTP_PORT = 80;

/**
 * Reads `host:port` as it stands in a CONNECT request. Undefined for everything but a plain name in lower case, an IPv4 address of four
 * decimal numbers or an IPv6 address in brackets: whatever two programs could read in two ways.
 */
export function parseTarget(text: string): Target | undefined {
  const [, host = '', digits = ''] = AUTHORITY.exec(text) ?? [];
  const port = Number(digits);
  return isStrictHost(host) && port >= 1 && port <= MAX_PORT ? { host, port } : undefined;
}

/** Reads the absolute `http:` address of a request to a proxy, as strictly as {@link parseTarget}. */
export function parseRequestTarget(url: string): RequestTarget | undefined {
  const [, authority = '', rest = '/'] = ABSOLUTE.exec(url) ?? [];
  const target = isStrictHost(authority) ? { host: authority, port: HTTP_PORT } : parseTarget(authority);
  return target === undefined ? undefined : { ...target, authority, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** The host as it is connected to: an IPv6 address without its brackets. */
export function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** Whether the host is an address rather than a name. */
export function isLiteral({ host }: Pick<Target, 'host'>): boolean {
  return isIP(bareHost(host)) !== 0;
}

function isStrictHost(host: string): boolean {
  if (host.startsWith('[')) return isIPv6(bareHost(host)) && !host.includes('%');
  if (isIPv4(host)) return true;
  return host.length <= MAX_NAME && NAME.test(host) && !NUMBER_AT_THE_END.test(host);
}
