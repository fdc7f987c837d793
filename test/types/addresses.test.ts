import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddedAddress, isInRange, kindOfAddress, parseRange, parseRanges, type AddressKind } from '../../src/lib/task-system/types/addresses.ts';

const KINDS: readonly (readonly [AddressKind, readonly string[]])[] = [
  ['public', ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255',
    '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255',
    '2606:4700:4700::1111', '2a00:1450:4001:82a::200e', '2001:200::1', '2001:4860:4860::8888', '2003::1', '::ffff:8.8.8.8', '::ffff:808:808']],
  ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:0001']],
  ['private', ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255', 'fc00::1', 'fd00:ec2::254',
    'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fec0::1', '::ffff:10.0.0.1', '::ffff:c0a8:101', '::FFFF:192.168.1.1']],
  ['shared', ['100.64.0.0', '100.100.100.200', '100.127.255.255', '::ffff:100.64.0.1']],
  ['link-local', ['169.254.0.0', '169.254.169.254', '169.254.255.255', 'fe80::1', 'febf::1', 'fe80::1%eth0', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe']],
  ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1']],
  ['unspecified', ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0', '0000::']],
  ['translated', ['64:ff9b::7f00:1', '64:ff9b::127.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::10.0.0.1', '2002:7f00:1::', '2002:808:808::1', '2001::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2', '::127.0.0.1', '::a00:1', '::ffff:0:127.0.0.1', '192.88.99.1', '2a00:1450::5efe:10.0.0.1', '2a00:1450::200:5efe:a00:1']],
  ['platform', ['168.63.129.16']],
  ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.255', '2001:db8::1', '3fff::1', '3fff:fff::1']],
  ['reserved', ['192.0.0.192', '198.18.0.1', '198.19.255.255', '240.0.0.1', '255.255.255.255', '2001:2::1', '2001:20::1', '100::1', '5f00::1', '4000::1', '1::1', '::1:2:3:4']],
  ['invalid', ['', 'localhost', '127.1', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '127.0.0.1 ', '127.0.0.1.', '１２７.0.0.1', '[::1]', '::1::', '1.2.3.4.5', '256.1.1.1', ':::', '::ffff:300.1.1.1', 'fe80::1/64']],
];

describe('kindOfAddress', () => {
  it.each(KINDS.flatMap(([kind, addresses]) => addresses.map((address) => [address, kind] as const)))('%j is %s', (address, kind) => {
    expect(kindOfAddress(address)).toBe(kind);
  });

  it('judges every IPv4-mapped address, however it is spelled, as its IPv4 address', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
      for (const mapped of [`::ffff:${address}`, `::ffff:${hex}`, `0:0:0:0:0:FFFF:${hex}`, `0000:0000::ffff:${address}`]) {
        expect(kindOfAddress(mapped)).toBe(kindOfAddress(address));
      }
    }));
  });

  it('never calls an address public that Node finds in a list of what is not', () => {
    const list = new BlockList();
    for (const [network, length] of [['10.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['192.168.0.0', 16], ['224.0.0.0', 3], ['0.0.0.0', 8]] as const) list.addSubnet(network, length);
    for (const [network, length] of [['fc00::', 7], ['fe80::', 10], ['::', 96], ['64:ff9b::', 96], ['2002::', 16], ['ff00::', 8]] as const) list.addSubnet(network, length, 'ipv6');
    const nasty = fc.tuple(fc.constantFrom('fc', 'fe8', '64:ff9b::', '2002:', '::', 'ff0', ''), fc.ipV6()).map(([start, rest]) => start + rest);
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nasty), (address) => {
      const isListed = list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
      expect(isListed && kindOfAddress(address) === 'public').toBe(false);
    }), { numRuns: 2_000 });
  });

  it('calls every other spelling of an address what it calls the one that URLs use', () => {
    fc.assert(fc.property(fc.ipV6(), (address) => {
      const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
      expect(kindOfAddress(address)).toBe(kindOfAddress(canonical));
    }));
  });
});

describe('embeddedAddress', () => {
  it.each([
    ['64:ff9b::10.0.0.1', '10.0.0.1'],
    ['2002:a00:1::', '10.0.0.1'],
    ['::10.0.0.1', '10.0.0.1'],
    ['2001:0:4136:e378:8000:63bf:f5ff:fffe', '10.0.0.1'],
    ['2a00:1450::5efe:a00:1', '10.0.0.1'],
  ])('%s carries %s', (address, inner) => {
    expect(embeddedAddress(address)).toBe(inner);
  });

  it.each(['10.0.0.1', '2606:4700::1', '::1', '192.88.99.1', 'nothing'])('%s carries none', (address) => {
    expect(embeddedAddress(address)).toBeUndefined();
  });
});

describe('parseRange and isInRange', () => {
  it.each(['10.0.0.0/8', '10.1.2.3', '0.0.0.0/0', 'fd00::/8', '::/0', '::1', '10.1.2.3/32'])('%s is a range that holds its own first address', (text) => {
    const [range] = parseRanges([text]);
    expect(range !== undefined && isInRange(text.split('/')[0] ?? '', range)).toBe(true);
  });

  it.each(['', '10.0.0.1/8', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', 'fe80::1%eth0', 'localhost', '10.0.0.0/0x8'])('%j is none', (text) => {
    expect(parseRange(text)).toBeUndefined();
  });

  it('keeps the families apart, and looks up a mapped address as its IPv4 address', () => {
    const [v4, v6] = parseRanges(['10.0.0.0/8', '::/0']);
    expect([v4 && isInRange('::ffff:10.1.1.1', v4), v4 && isInRange('::a01:101', v4), v6 && isInRange('10.1.1.1', v6), v4 && isInRange('x', v4)]).toEqual([true, false, false, false]);
  });

  it('agrees with Node about which addresses lie in a range', () => {
    fc.assert(fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (start, length, address) => {
      const list = new BlockList();
      list.addSubnet(start, length);
      const bits = start.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      const first = Math.floor(bits / 2 ** (32 - length)) * 2 ** (32 - length);
      const text = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
      const range = parseRange(`${text}/${String(length)}`);
      expect(range !== undefined && isInRange(address, range)).toBe(list.check(address));
    }));
  });
});
