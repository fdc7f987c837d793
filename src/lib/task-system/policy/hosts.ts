import { isIPv6 } from 'node:net';

/** A host with its port, as a call names them. */
export interface HostAndPort {
  /** In lower case, without a dot at the end. */
  readonly host: string;
  readonly port: string;
}

/** Host and port of an address for `fetch`; undefined when it is none. */
export function hostOf(url: string): HostAndPort | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port, username, password } = new URL(url);
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') return undefined;
  return { host: hostname.toLowerCase().replace(/\.$/, ''), port: port === '' ? (protocol === 'http:' ? '80' : '443') : port };
}

/** Whether a host is meant by a pattern: `example.com`, `*.example.com`, `*`, each with or without `:port`. */
export function fitsHost(pattern: string, { host, port }: HostAndPort): boolean {
  const wanted = splitPattern(pattern);
  return (wanted.port === undefined || wanted.port === port) && fitsName(wanted.host, host);
}

/** The hosts that two lists have in common, as patterns. */
export function commonHosts(left: readonly string[], right: readonly string[]): readonly string[] {
  const common = left.flatMap((one) => right.flatMap((other) => intersect(one, other) ?? []));
  return [...new Set(common)];
}

/** The names of the loopback that are not among some patterns: those mean the task's own. */
export function loopbackNamesOf(patterns: readonly string[]): readonly string[] {
  const named = patterns.map((pattern) => splitPattern(pattern).host);
  return ['localhost', '127.0.0.1', '::1'].filter((name) => !named.includes(name) && !named.includes(`[${name}]`));
}

function intersect(left: string, right: string): string | undefined {
  const [one, other] = [splitPattern(left), splitPattern(right)];
  if (one.port !== undefined && other.port !== undefined && one.port !== other.port) return undefined;
  const port = one.port ?? other.port;
  const host = coversPattern(one.host, other.host) ? other.host : coversPattern(other.host, one.host) ? one.host : undefined;
  return host === undefined ? undefined : `${host}${port === undefined ? '' : `:${port}`}`;
}

/** Whether every name that fits `inner` fits `outer` too. */
function coversPattern(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true;
  return inner !== '*' && outer.startsWith('*.') && inner.endsWith(outer.slice(1));
}

function fitsName(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

function splitPattern(pattern: string): { readonly host: string; readonly port: string | undefined } {
  const [, host = pattern, port] = /^(.*?)(?::(\d+))?$/.exec(pattern) ?? [];
  return { host: isIPv6(pattern) ? pattern : host.toLowerCase(), port: isIPv6(pattern) ? undefined : port };
}
