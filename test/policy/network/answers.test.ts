import { describe, expect, it } from 'vitest';
import { headersOf, rawRefusal, refusalOf, unknownToken } from '../../../src/lib/task-system/policy/network/answers.ts';
import { TaskSystemError } from '../../../src/lib/task-system/types/Errors.ts';

describe('refusalOf', () => {
  it.each([['NETWORK_DENIED', 403], ['ADDRESS_REFUSED', 403], ['NETWORK_BUSY', 503]] as const)('answers %s with the status %i', (code, status) => {
    const refusal = refusalOf(new TaskSystemError(code, 'what happened', { host: 'example.com' }));
    expect(refusal.status).toBe(status);
    expect(JSON.parse(refusal.body)).toMatchObject({ error: { code, details: { host: 'example.com' }, message: expect.stringContaining('what happened') } });
  });

  it.each([[Object.assign(new Error('getaddrinfo ENOTFOUND a'), { code: 'ENOTFOUND' }), 'ENOTFOUND'], [new Error('odd'), undefined], ['no error', undefined]])('answers what the system says with 502: %s', (error, code) => {
    const { status, body } = refusalOf(error);
    expect(status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ error: { message: expect.any(String), ...(code === undefined ? {} : { code }) } });
  });

  it('leaves out stack and cause, which are the host\'s', () => {
    expect(refusalOf(new Error('a', { cause: new Error('of the host') })).body).not.toMatch(/stack|cause|of the host/);
  });
});

describe('rawRefusal', () => {
  it('is a whole response, with the length of its body in bytes', () => {
    const refusal = { status: 403, body: '{"error":"é"}' };
    expect(rawRefusal(refusal)).toBe('HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{"error":"é"}');
  });

  it('cannot be split by what a task wrote', () => {
    const raw = rawRefusal(refusalOf(new TaskSystemError('NETWORK_DENIED', 'a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n')));
    expect(raw.split('\r\n\r\n')).toHaveLength(2);
  });
});

describe('unknownToken', () => {
  it('asks for the token, as proxies do', () => {
    expect(headersOf(unknownToken())).toMatchObject({ 'Proxy-Authenticate': 'Basic realm="task"' });
  });
});
