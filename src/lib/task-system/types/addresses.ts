import { isIPv4, isIPv6 } from 'node:net';

/*
 * Where an IP address leads. Only what is certainly on the public Internet is `public`; everything that is not known is `reserved`.
 * Sources: the IANA registries of special-purpose addresses, and for `platform` what the clouds document.
 */

/** What an IP address is for. */
export type AddressKind =
  | 'public'
  /** This machine. */
  | 'loopback'
  /** A network of its own: RFC 1918, unique local (fc00::/7). */
  | 'private'
  /** Between a provider and its customers (100.64.0.0/10). */
  | 'shared'
  /** This cable; where clouds serve their machine's credentials (169.254.169.254). */
  | 'link-local'
  | 'multicast'
  /** No address at all (0.0.0.0/8, ::), which systems take for this machine. */
  | 'unspecified'
  /** An IPv4 address inside an IPv6 one, for a gateway to unpack: NAT64, 6to4, Teredo, ISATAP, IPv4-compatible. */
  | 'translated'
  /** A public-looking address behind which a cloud serves the secrets of its own machines. */
  | 'platform'
  | 'documentation'
  /** Not in use, or not for the Internet. */
  | 'reserved'
  /** Not an IP address. */
  | 'invalid';

/** A range of addresses; parsed from `10.0.0.0/8` or `fd00::/8`, a lone address being a range of one. */
export interface AddressRange {
  readonly family: 4 | 6;
  /** The first bits that all of its addresses share. */
  readonly prefix: bigint;
  /** How many bits of an address stand behind the prefix. */
  readonly freeBits: bigint;
}

interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

const RANGES: readonly (readonly [AddressKind, readonly string[]])[] = [
  ['unspecified', ['0.0.0.0/8', '::']],
  ['loopback', ['127.0.0.0/8', '::1']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10']],
  ['shared', ['100.64.0.0/10']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  ['translated', ['::/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16', '192.88.99.0/24']],
  ['platform', ['168.63.129.16']],
  ['documentation', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']],
  ['reserved', ['192.0.0.0/24', '198.18.0.0/15', '240.0.0.0/4', '2001::/23']],
];
const KINDS = RANGES.flatMap(([kind, texts]) => parseRanges(texts).map((range) => ({ kind, range })));
/** IPv6 addresses that begin otherwise have never been given to anybody on the Internet. */
const GLOBAL_UNICAST_BITS = 0b001n;
const ISATAP = new Set(['00005efe', '02005efe']);

/** What an IP address is for. An IPv4-mapped IPv6 address is what its IPv4 address is: that is what gets connected. */
export function kindOfAddress(text: string): AddressKind {
  const address = parseAddress(text);
  if (address === undefined) return 'invalid';
  const known = KINDS.find(({ range }) => contains(range, address));
  if (known !== undefined) return known.kind;
  if (address.family === 4) return 'public';
  if (ISATAP.has(((address.bits >> 32n) & 0xffff_ffffn).toString(16).padStart(8, '0'))) return 'translated';
  return address.bits >> 125n === GLOBAL_UNICAST_BITS ? 'public' : 'reserved';
}

/** The IPv4 address that a gateway would unpack from an IPv6 one (NAT64 with a /96 prefix, 6to4, Teredo, ISATAP, IPv4-compatible). */
export function embeddedAddress(text: string): string | undefined {
  if (kindOfAddress(text) !== 'translated') return undefined;
  const address = parseAddress(text);
  if (address?.family !== 6) return undefined;
  const top = address.bits >> 96n;
  if (top >> 16n === 0x2002n) return ipv4Text(address.bits >> 80n);
  // Teredo hides the client's address by inverting its bits.
  return ipv4Text(top === 0x2001_0000n ? ~address.bits : address.bits);
}

/** Reads a range such as `10.0.0.0/8`; undefined when it is not one, or has bits set behind its prefix. */
export function parseRange(text: string): AddressRange | undefined {
  const [start = '', length, ...rest] = text.split('/');
  const address = parseAddress(start);
  if (address === undefined || rest.length > 0 || start.includes('%')) return undefined;
  const size = address.family === 4 ? 32 : 128;
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > size)) return undefined;
  const freeBits = BigInt(size - Number(length ?? size));
  const prefix = address.bits >> freeBits;
  return prefix << freeBits === address.bits ? { family: address.family, prefix, freeBits } : undefined;
}

/** The ranges among some texts. */
export function parseRanges(texts: readonly string[]): readonly AddressRange[] {
  return texts.map(parseRange).filter((range) => range !== undefined);
}

/** Whether an address lies in a range; an IPv4-mapped one is looked up as its IPv4 address. */
export function isInRange(text: string, range: AddressRange): boolean {
  const address = parseAddress(text);
  return address !== undefined && contains(range, address);
}

function contains(range: AddressRange, address: Address): boolean {
  return range.family === address.family && address.bits >> range.freeBits === range.prefix;
}

function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, bits: ipv4Bits(text) };
  if (!isIPv6(text)) return undefined;
  const bits = ipv6Bits(text.split('%', 1)[0] ?? '');
  const isMapped = bits >> 32n === 0xffffn;
  return isMapped ? { family: 4, bits: bits & 0xffff_ffffn } : { family: 6, bits };
}

function ipv4Bits(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

/** Of a text that `isIPv6` has accepted. */
function ipv6Bits(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const gap = Array.from({ length: 8 - left.length - right.length }, () => 0n);
  return [...left, ...gap, ...right].reduce((bits, group) => (bits << 16n) | group, 0n);
}

/** The 16-bit groups of a part between the ends and `::`; a dotted end counts as two. */
function groupsOf(part: string): readonly bigint[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const bits = ipv4Bits(group);
    return [bits >> 16n, bits & 0xffffn];
  });
}

function ipv4Text(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.');
}
