import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { LookupAddress } from 'node:dns';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AddressGuard, type AddressRules, type ResolveAll } from '../../src/lib/task-system/types/AddressGuard.ts';
import { TaskSystemError } from '../../src/lib/task-system/types/Errors.ts';
import { thrownBy } from '../support/thrown.ts';

/** Answers each question with the next of these lists; with the last one from then on. */
function resolver(...answers: readonly (readonly string[])[]): ResolveAll {
  let asked = 0;
  return (_name, _options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(null, addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })));
  };
}

/** What a connection is told by the guard's lookup. */
function look(guard: AddressGuard, all: boolean): Promise<unknown> {
  return new Promise((resolve) => {
    guard.lookup('example.test', { all }, (error, address, family) => { resolve(error ?? [address, family]); });
  });
}

async function listening(): Promise<{ readonly server: Server; readonly port: number; readonly requests: () => number }> {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end('here');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => { server.close(); });
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' ? address?.port ?? 0 : 0, requests: () => requests };
}

/** Status of a request to a name that only the guard resolves, or the error. */
function get(port: number, guard: AddressGuard): Promise<unknown> {
  return new Promise((resolve) => {
    request({ host: 'rebind.test', port, agent: false, lookup: guard.lookup }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', resolve).end();
  });
}

describe('AddressGuard.isAllowed', () => {
  it.each<[AddressRules, string, boolean]>([
    [{}, '8.8.8.8', true],
    [{}, '127.0.0.1', false],
    [{}, '::1', false],
    [{}, 'not an address', false],
    [{ allowLoopback: true }, '127.0.0.1', true],
    [{ allowLoopback: true }, '::ffff:127.0.0.1', true],
    [{ allowLoopback: true }, '::1', true],
    [{ allowLoopback: true }, '0.0.0.0', false],
    [{ allowLoopback: true }, '::127.0.0.1', false],
    [{ allowLoopback: true }, '169.254.169.254', false],
    [{ allow: ['10.1.0.0/16'] }, '10.1.2.3', true],
    [{ allow: ['10.1.0.0/16'] }, '10.2.2.3', false],
    [{ allow: ['10.1.0.0/16'] }, '::ffff:10.1.2.3', true],
    [{ allow: ['10.1.2.3'] }, '10.1.2.3', true],
    [{ allow: ['nonsense', '10.0.0.0/99'] }, '10.1.2.3', false],
    [{ allow: ['64:ff9b::/96'] }, '64:ff9b::8.8.8.8', true],
    [{ allow: ['64:ff9b::/96'] }, '64:ff9b::127.0.0.1', false],
    [{ allow: ['64:ff9b::/96'] }, '64:ff9b::10.0.0.1', false],
    [{ allow: ['64:ff9b::/96', '10.0.0.0/8'] }, '64:ff9b::10.0.0.1', true],
    [{ allow: ['2002::/16'] }, '2002:a9fe:a9fe::', false],
  ])('with %j says of %s: %s', (rules, address, allowed) => {
    expect(new AddressGuard(rules).isAllowed(address)).toBe(allowed);
  });
});

describe('AddressGuard.requireHost', () => {
  it.each(['http://127.1/', 'http://0x7f000001/', 'http://2130706433/', 'http://0177.0.0.1/', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://①②⑦.0.0.1/', 'http://169.254.169.254/', 'http://[fd00:ec2::254]/', 'http://0/', 'http://127.0.0.1./'])('refuses %s, as URL spells it', (url) => {
    expect(thrownBy(() => { new AddressGuard().requireHost(new URL(url).hostname); })).toMatchObject({ code: 'ADDRESS_REFUSED', retryable: false });
  });

  it.each(['http://example.com/', 'http://8.8.8.8/', 'http://[2606:4700:4700::1111]/', 'http://localhost/'])('passes %s: what is a name is judged when it is looked up', (url) => {
    expect(() => { new AddressGuard().requireHost(new URL(url).hostname); }).not.toThrow();
  });

  it('says which address and of what kind', () => {
    expect(thrownBy(() => { new AddressGuard().requireHost('10.0.0.1'); })).toMatchObject({ message: expect.stringContaining('10.0.0.1 is private'), details: { address: '10.0.0.1', kind: 'private' } });
  });
});

describe('AddressGuard.lookup', () => {
  it('gives one address, or all of them, as asked', async () => {
    const resolve = resolver(['8.8.8.8', '2606:4700::1']);
    await expect(look(new AddressGuard({}, resolve), false)).resolves.toEqual(['8.8.8.8', 4]);
    await expect(look(new AddressGuard({}, resolve), true)).resolves.toEqual([[{ address: '8.8.8.8', family: 4 }, { address: '2606:4700::1', family: 6 }], undefined]);
  });

  it.each([['127.0.0.1', '8.8.8.8'], ['8.8.8.8', '127.0.0.1'], ['8.8.8.8', '::ffff:10.0.0.1'], ['8.8.8.8', 'fe80::1']])('refuses a name with %s and %s: one bad address is enough', async (...addresses) => {
    const error = await look(new AddressGuard({}, resolver(addresses)), true);
    expect(TaskSystemError.isInstance(error) && error.code).toBe('ADDRESS_REFUSED');
    expect(error).toMatchObject({ details: { host: 'example.test' } });
  });

  it('fails as the resolver fails', async () => {
    const failing: ResolveAll = (_name, _options, callback) => { callback(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }), []); };
    await expect(look(new AddressGuard({}, failing), true)).resolves.toMatchObject({ code: 'EAI_AGAIN' });
    await expect(look(new AddressGuard({}, resolver([])), true)).resolves.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('passes on which family the connection wants', async () => {
    const seen: unknown[] = [];
    const guard = new AddressGuard({}, (_name, options, callback) => { seen.push(options); callback(null, [{ address: '8.8.8.8', family: 4 }]); });
    await new Promise<void>((resolve) => { guard.lookup('x', { family: 4 }, () => { resolve(); }); });
    expect(seen).toEqual([{ family: 4, all: true }]);
  });

  it('keeps a real connection away from a name that is rebound between two requests', async () => {
    const { port, requests } = await listening();
    const open = new AddressGuard({ allowLoopback: true }, resolver(['127.0.0.1']));
    await expect(get(port, open)).resolves.toBe(200);
    // The name was fine when it was registered; the answer to the next question leads home.
    const guard = new AddressGuard({}, resolver(['8.8.8.8'], ['127.0.0.1']));
    expect(await look(guard, true)).toEqual([[{ address: '8.8.8.8', family: 4 }], undefined]);
    await expect(get(port, guard)).resolves.toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(requests()).toBe(1);
  });

  it('refuses "localhost" by the real resolver', async () => {
    const { port, requests } = await listening();
    const error = await new Promise((resolve) => { request({ host: 'localhost', port, agent: false, lookup: new AddressGuard().lookup }).on('error', resolve).end(); });
    expect(error).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(requests()).toBe(0);
  });
});
