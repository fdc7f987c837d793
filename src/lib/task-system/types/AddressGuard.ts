import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { embeddedAddress, isInRange, kindOfAddress, parseRanges } from './addresses.ts';
import { TaskSystemError } from './Errors.ts';

/** Which addresses may be reached beside public ones. */
export interface AddressRules {
  /** Whether this machine itself (127.0.0.0/8, ::1) may be reached. @defaultValue false */
  readonly allowLoopback?: boolean;
  /** Ranges such as `10.1.0.0/16` that may be reached although they are not public; texts that are no ranges count for nothing. @defaultValue [] */
  readonly allow?: readonly string[];
}

/** Resolves a name to all of its addresses; `dns.lookup` in this form. */
export type ResolveAll = (
  name: string, options: LookupOptions & { readonly all: true }, callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Keeps connections away from addresses that are not public. A check before a connection is worth nothing when the name resolves to
 * something else a moment later, so the check is made in the connection's own lookup, on the very addresses that it then uses. Names
 * that are addresses are never looked up by Node: ask {@link requireHost} before connecting.
 */
export class AddressGuard {
  readonly #rules: AddressRules;
  readonly #ranges: ReturnType<typeof parseRanges>;
  readonly #resolve: ResolveAll;

  /** @param resolve what resolves names; by default the system's resolver. */
  constructor(rules: AddressRules = {}, resolve: ResolveAll = systemLookup) {
    this.#rules = rules;
    this.#ranges = parseRanges(rules.allow ?? []);
    this.#resolve = resolve;
  }

  /** Whether an IP address may be reached. One inside a range that is allowed may, unless it carries an IPv4 address that may not. */
  isAllowed(address: string): boolean {
    const kind = kindOfAddress(address);
    if (kind === 'public' || (kind === 'loopback' && this.#rules.allowLoopback === true)) return true;
    if (!this.#ranges.some((range) => isInRange(address, range))) return false;
    const inner = embeddedAddress(address);
    return inner === undefined || this.isAllowed(inner);
  }

  /**
   * Passes a host name as it stands in a URL (`url.hostname`), unless it is an IP address that may not be reached.
   * @throws TaskSystemError `ADDRESS_REFUSED`.
   */
  requireHost(host: string): void {
    const address = host.startsWith('[') ? host.slice(1, -1) : host;
    if (isIP(address) !== 0 && !this.isAllowed(address)) throw refused(host, address);
  }

  /**
   * For the `lookup` option of `net.connect`, `tls.connect`, `http.request` and the like. Fails with `ADDRESS_REFUSED` when any of the
   * addresses of the name may not be reached: which one would be used is not for the owner of the name to choose.
   */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.#resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const [first] = addresses;
      const bad = addresses.find(({ address }) => !this.isAllowed(address));
      if (bad !== undefined) callback(refused(host, bad.address), []);
      else if (first === undefined) callback(notFound(host), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(host: string, address: string): TaskSystemError {
  const kind = kindOfAddress(address);
  return new TaskSystemError('ADDRESS_REFUSED', host === address ? `${address} is ${kind}` : `"${host}" is ${address}, which is ${kind}`, { host, address, kind });
}

/** What the system's resolver says of a name without addresses. */
function notFound(host: string): Error {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host });
}
