import { describe, expect, it } from 'vitest';
import { authorizationOf, readProxyOrder, type ProxyOrder } from '../../../src/lib/task-system/policy/network/ProxyOrder.ts';

describe('readProxyOrder', () => {
  it.each<[what: string, order: ProxyOrder]>([
    ['by a socket', { token: 'secret', socket: '/proxy/socket', port: 3_128, mayRelay: true }], ['by a port', { token: 'secret', port: 40_000 }],
  ])('reads a way %s', (_what, order) => {
    expect(readProxyOrder(JSON.stringify(order))).toEqual(order);
  });

  it.each([undefined, '', '{', 'null', '1', '[]', '{}', '{"token":1,"port":1}', '{"token":"a"}', '{"token":"a","port":"1"}', '{"token":"a","port":1,"socket":2}'])('takes %j for no way at all', (json) => {
    expect(readProxyOrder(json)).toBeUndefined();
  });
});

describe('authorizationOf', () => {
  it('is a header that any HTTP client would send for the address of the proxy', () => {
    expect(authorizationOf('a:b')).toBe(`Basic ${Buffer.from('task:a:b').toString('base64')}`);
  });
});
