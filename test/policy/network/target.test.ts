import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareHost, isLiteral, parseRequestTarget, parseTarget } from '../../../src/lib/task-system/policy/network/target.ts';

describe('parseTarget', () => {
  it.each([
    ['example.com:443', 'example.com', 443],
    ['a.b-c.example.co:8443', 'a.b-c.example.co', 8_443],
    ['xn--bcher-kva.example:80', 'xn--bcher-kva.example', 80],
    ['_dmarc.example.com:1', '_dmarc.example.com', 1],
    ['localhost:65535', 'localhost', 65_535],
    ['8.8.8.8:53', '8.8.8.8', 53],
    ['[2001:db8::1]:443', '[2001:db8::1]', 443],
    ['7zip.example.1a:443', '7zip.example.1a', 443],
  ])('reads %s', (text, host, port) => {
    expect(parseTarget(text)).toEqual({ host, port });
  });

  it.each([
    ['nothing', ''], ['no port', 'example.com'], ['an empty port', 'example.com:'], ['port 0', 'example.com:0'], ['a port too high', 'example.com:65536'],
    ['a port with a zero in front', 'example.com:0443'], ['a port in another notation', 'example.com:0x1bb'], ['a sign in the port', 'example.com:+443'],
    ['two ports', 'example.com:443:80'], ['a dot at the end', 'example.com.:443'], ['a dot in front', '.example.com:443'], ['two dots', 'example..com:443'],
    ['upper case', 'Example.com:443'], ['a user', 'user@example.com:443'], ['a user with a password', 'a:b@example.com:443'], ['a NUL', 'example.com\0.evil.org:443'],
    ['a space', 'example.com .evil.org:443'], ['a line end', 'example.com\r\n:443'], ['a percent sign', 'example%2ecom:443'], ['a slash', 'example.com/:443'],
    ['a backslash', 'example.com\\:443'], ['a hash', 'example.com#:443'], ['a wildcard', '*.example.com:443'], ['letters beyond ASCII', 'bücher.example:443'],
    ['a full-width dot', 'example\u3002com:443'], ['a hyphen in front', '-example.com:443'], ['a hyphen at the end', 'example-.com:443'],
    ['an octal address', '0177.0.0.1:80'], ['a short address', '127.1:80'], ['an address in one number', '2130706433:80'], ['a hexadecimal address', '0x7f.0.0.1:80'],
    ['a hexadecimal number', '0x7f000001:80'], ['a hexadecimal last part', '127.0.0.0x1:80'], ['five parts', '1.2.3.4.5:80'], ['a part beyond 255', '256.0.0.1:80'],
    ['a bare IPv6 address', '::1:80'], ['no IPv6 address in brackets', '[example.com]:80'], ['a zone', '[fe80::1%eth0]:80'], ['an open bracket', '[::1:80'],
    ['a label of 64 letters', `${'a'.repeat(64)}.com:443`], ['a name of 254 letters', `${'a.'.repeat(126)}aa:443`], ['an address', 'http://example.com:443'],
  ])('refuses %s', (_what, text) => {
    expect(parseTarget(text)).toBeUndefined();
  });

  it('takes nothing that a URL would read as another host', () => {
    const characters = fc.constantFrom(...Array.from('ab0x17.-_@:[]%/\\?# \t\0AéK。'));
    fc.assert(fc.property(fc.string({ unit: characters, maxLength: 8 }), (text) => {
      const target = parseTarget(`${text}:443`);
      if (target === undefined) return true;
      return new URL(`http://${target.host}:443/`).hostname === target.host || isLiteral(target);
    }), { numRuns: 500 });
  });

  it('takes every address of IPv4 as the address that it is', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => {
      expect(parseTarget(`${address}:80`)).toEqual({ host: address, port: 80 });
    }));
  });

  it('takes a name that ends in a number only where it is a whole address', () => {
    const part = fc.oneof(fc.nat(300).map(String), fc.nat(0xffff).map((number) => `0x${number.toString(16)}`), fc.nat(511).map((number) => `0${number.toString(8)}`));
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const target = parseTarget(`${parts.join('.')}:80`);
      expect(target === undefined || isLiteral(target)).toBe(true);
    }));
  });
});

describe('parseRequestTarget', () => {
  it.each([
    ['http://example.com', { host: 'example.com', port: 80, authority: 'example.com', path: '/' }],
    ['http://example.com/a?b=c', { host: 'example.com', port: 80, authority: 'example.com', path: '/a?b=c' }],
    ['http://example.com:8080/', { host: 'example.com', port: 8_080, authority: 'example.com:8080', path: '/' }],
    ['http://example.com?q=1', { host: 'example.com', port: 80, authority: 'example.com', path: '/?q=1' }],
    ['http://127.0.0.1/x', { host: '127.0.0.1', port: 80, authority: '127.0.0.1', path: '/x' }],
    ['http://[::1]:81/', { host: '[::1]', port: 81, authority: '[::1]:81', path: '/' }],
  ])('reads %s', (url, expected) => {
    expect(parseRequestTarget(url)).toEqual(expected);
  });

  it.each([
    '/', '*', 'example.com', 'https://example.com/', 'ftp://example.com/', 'HTTP://example.com/', 'http:/example.com/', 'http:///etc', 'http://user@example.com/',
    'http://user:pass@example.com/', 'http://example.com:0/', 'http://example.com\\@evil.org/', 'http://Example.com/', 'http://example.com./', 'http://0x7f.1/', 'http://2130706433/',
    'http://example.com/#part', 'http://example.com#@evil.org/', 'http://exa\tmple.com/',
  ])('refuses %j', (url) => {
    expect(parseRequestTarget(url)).toBeUndefined();
  });
});

describe('bareHost', () => {
  it('takes the brackets from an IPv6 address', () => {
    expect(bareHost('[::1]')).toBe('::1');
  });

  it('leaves other hosts as they are', () => {
    expect([bareHost('example.com'), bareHost('1.2.3.4')]).toEqual(['example.com', '1.2.3.4']);
  });
});

describe('isLiteral', () => {
  it('tells addresses from names', () => {
    expect(['1.2.3.4', '[::1]', 'example.com'].map((host) => isLiteral({ host }))).toEqual([true, true, false]);
  });
});
