import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonHosts, fitsHost, hostOf, loopbackNamesOf } from '../../src/lib/task-system/policy/hosts.ts';

const patterns = fc.subarray(['*', '*:443', 'a.example', 'a.example:80', '*.a.example', '*.b.a.example', '*.b.a.example:443', 'b.a.example', 'c.b.a.example', 'xa.example', '[::1]', '[::1]:80', '10.0.0.1']);
const host = fc.record({ host: fc.constantFrom('a.example', 'b.a.example', 'c.b.a.example', 'xa.example', 'example', '[::1]', '10.0.0.1'), port: fc.constantFrom('80', '443', '8080') });

describe('commonHosts', () => {
  it('is fitted by exactly the hosts that fit both lists', () => {
    fc.assert(fc.property(patterns, patterns, host, (left, right, one) => {
      const fits = (list: readonly string[]): boolean => list.some((pattern) => fitsHost(pattern, one));
      expect(fits(commonHosts(left, right))).toBe(fits(left) && fits(right));
    }), { numRuns: 5_000 });
  });
});

describe('hostOf', () => {
  it.each<[string, { host: string; port: string } | undefined]>([
    ['https://A.Example./x', { host: 'a.example', port: '443' }], ['http://a.example:8080', { host: 'a.example', port: '8080' }], ['http://[::1]/', { host: '[::1]', port: '80' }],
    ['http://0x7f.1/', { host: '127.0.0.1', port: '80' }], ['https://u@a.example', undefined], ['ftp://a.example', undefined], ['/x', undefined],
  ])('%s', (url, expected) => {
    expect(hostOf(url)).toEqual(expected);
  });
});

describe('loopbackNamesOf', () => {
  it.each<[patterns: readonly string[], own: readonly string[]]>([
    [[], ['localhost', '127.0.0.1', '::1']],
    [['example.com', '*'], ['localhost', '127.0.0.1', '::1']],
    [['localhost'], ['127.0.0.1', '::1']],
    [['LOCALHOST:3000'], ['127.0.0.1', '::1']],
    [['127.0.0.1:80', '[::1]:80'], ['localhost']],
    [['localhost', '127.0.0.1', '[::1]'], []],
  ])('of %j are %j: what a task means by them is its own', (patterns, own) => {
    expect(loopbackNamesOf(patterns)).toEqual(own);
  });
});
