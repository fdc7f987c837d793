import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { headersOf, messageOf, secretsOf, testMessage } from '../../../src/lib/task-system/hooks/webhooks/message.ts';
import { createSecret, keyOf, signatureOf } from '../../../src/lib/task-system/hooks/webhooks/secrets.ts';
import { verifyWebhook, type VerifyWebhookOptions } from '../../../src/lib/task-system/hooks/webhooks/verifyWebhook.ts';
import type { TaskEvent } from '../../../src/lib/task-system/types/Events.ts';
import { thrownBy } from '../../support/thrown.ts';

/** The vector that the libraries of the standard share. */
const VECTOR = { secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, body: '{"test": 2432232314}', signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' };
const NOW = 1_700_000_000_000;
const SECRET = createSecret();

const EVENT: TaskEvent = {
  epoch: '0b5c2f7e-0000-4000-8000-000000000000', offset: 7, type: 'task:complete', time: NOW, taskId: 't', project: 'acme', taskType: 'x', rootId: 't', attempt: 1,
  data: { durationMs: 1, resultBytes: 5, result: 'ö ✓ \u2028' },
};

function signed(event: TaskEvent = EVENT, secrets: readonly string[] = [SECRET]): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const message = messageOf(event);
  return { headers: headersOf(message, secrets, NOW), body: message.body };
}

function verify(rest: Partial<VerifyWebhookOptions> = {}): ReturnType<typeof verifyWebhook> {
  return verifyWebhook({ secret: SECRET, now: NOW, ...signed(), ...rest });
}

function reason(rest: Partial<VerifyWebhookOptions>): unknown {
  const error = thrownBy(() => verify(rest));
  expect(error.code).toBe('WEBHOOK_UNVERIFIED');
  return error.details['reason'];
}

/** Signs with nothing but Python's own hmac. */
function pythonSignature(secret: string, id: string, seconds: number, body: string): string | undefined {
  const program = [
    'import base64, hashlib, hmac, json, sys',
    'secret, id, seconds, body = json.load(sys.stdin)',
    "key = base64.b64decode(secret.removeprefix('whsec_'))",
    "mac = hmac.new(key, f'{id}.{seconds}.{body}'.encode(), hashlib.sha256).digest()",
    "print('v1,' + base64.b64encode(mac).decode())",
  ].join('\n');
  const { status, stdout } = spawnSync('python3', ['-c', program], { input: JSON.stringify([secret, id, seconds, body]), encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.emitWarning('python3 is missing: signatures are not compared with those of Python');

describe('signatureOf', () => {
  it('gives the signature that the libraries of the standard agree on', () => {
    const key = keyOf(VECTOR.secret) ?? Buffer.alloc(0);
    expect(signatureOf(key, VECTOR.id, VECTOR.seconds, VECTOR.body)).toBe(VECTOR.signature);
    expect(keyOf(`whsec_${VECTOR.secret}`)).toEqual(key);
  });

  it('is accepted by the standardwebhooks package', () => {
    const { headers, body } = signed({ ...EVENT, time: Date.now() });
    const message = messageOf({ ...EVENT, time: Date.now() });
    const now = headersOf(message, [SECRET], Date.now());
    expect(new Webhook(SECRET).verify(message.body, now)).toMatchObject({ type: 'task.complete' });
    // Too old for that package's own clock.
    expect(() => new Webhook(SECRET).verify(body, headers)).toThrow();
  });

  it.skipIf(!hasPython)("is the one that Python's hmac computes", () => {
    for (const body of [VECTOR.body, messageOf(EVENT).body, '']) {
      expect(signatureOf(keyOf(SECRET) ?? Buffer.alloc(0), 'evt_1', 1_700_000_000, body)).toBe(pythonSignature(SECRET, 'evt_1', 1_700_000_000, body));
    }
  });
});

describe('createSecret and keyOf', () => {
  it('makes another secret of 32 bytes each time', () => {
    const secrets = new Set(Array.from({ length: 50 }, createSecret));
    expect(secrets.size).toBe(50);
    for (const secret of secrets) expect(keyOf(secret)).toHaveLength(32);
  });

  it.each(['', 'whsec_', 'whsec_c2hvcnQ=', 'not base64 at all, but quite long text', `whsec_${'A'.repeat(100)}`, `whsec_${'*'.repeat(40)}`])('takes %j for no secret', (text) => {
    expect(keyOf(text)).toBeUndefined();
  });
});

describe('secretsOf', () => {
  const named = new Map([['billing', ['new', 'old']]]);

  it('gives the newest, and those whose time is not over', () => {
    const secrets = [{ secret: 'c' }, { secret: 'b', until: NOW + 1 }, { secret: 'a', until: NOW }];
    expect(secretsOf({ secrets }, named, NOW)).toEqual(['c', 'b']);
  });

  it('gives all of a name, and nothing that was stored beside it', () => {
    expect(secretsOf({ secretName: 'billing', secrets: [{ secret: 'stored' }] }, named, NOW)).toEqual(['new', 'old']);
  });

  it.each(['shipping', '__proto__', 'constructor'])('gives nothing of a name that nobody knows, such as %s', (secretName) => {
    expect(secretsOf({ secretName, secrets: [] }, named, NOW)).toEqual([]);
  });
});

describe('messageOf', () => {
  it('gives every attempt and every endpoint the same id and the same bytes', () => {
    expect(messageOf(EVENT)).toEqual(messageOf({ ...EVENT }));
    expect(messageOf(EVENT).id).toBe('evt_0b5c2f7e000040008000000000000000_7');
  });

  it('writes the type with dots and the time in ISO 8601', () => {
    expect(JSON.parse(messageOf(EVENT).body)).toEqual({ type: 'task.complete', timestamp: '2023-11-14T22:13:20.000Z', data: EVENT });
  });

  it('leaves out data that no receiver would take, and says so', () => {
    const { body } = messageOf({ ...EVENT, data: { durationMs: 1, resultBytes: 1, result: 'x'.repeat(300_000) } });
    expect(JSON.parse(body)).toMatchObject({ truncated: true, data: { taskId: 't', data: {} } });
  });
});

describe('verifyWebhook', () => {
  it('returns the message with its id', () => {
    expect(verify()).toEqual({ id: messageOf(EVENT).id, type: 'task.complete', timestamp: '2023-11-14T22:13:20.000Z', data: EVENT });
  });

  it('takes headers of Node in any case, of fetch, and as lists; the body as text or bytes', () => {
    const { headers, body } = signed();
    const shouting = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    for (const form of [shouting, lists, new Headers(headers)]) expect(verify({ headers: form }).type).toBe('task.complete');
    expect(verify({ body: Buffer.from(body) }).data).toEqual(EVENT);
    expect(verify({ body: new TextEncoder().encode(body) }).data).toEqual(EVENT);
  });

  it('accepts what the standardwebhooks package signs', () => {
    const body = messageOf(EVENT).body;
    const signature = new Webhook(SECRET).sign('evt_1', new Date(NOW), body);
    expect(verify({ body, headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': String(NOW / 1_000), 'webhook-signature': signature } }).id).toBe('evt_1');
  });

  it('accepts either secret while one is being replaced, on both sides', () => {
    const [old, fresh] = [createSecret(), createSecret()];
    const both = signed(EVENT, [fresh, old]);
    expect(both.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    for (const secret of [old, fresh, [createSecret(), old]]) expect(verify({ ...both, secret }).type).toBe('task.complete');
    const after = signed(EVENT, [fresh]);
    expect(after.headers['webhook-signature']?.split(' ')).toHaveLength(1);
    expect(reason({ ...after, secret: old })).toBe('signature');
  });

  it('knows a test message', () => {
    const message = testMessage('1', 'billing', NOW);
    const { id, data } = verify({ body: message.body, headers: headersOf(message, [SECRET], NOW) });
    expect([id, data]).toEqual(['test_1', { type: 'webhook:test', endpointId: 'billing' }]);
  });

  it('refuses what is older or newer than the tolerance', () => {
    expect(reason({ now: NOW + 300_001 })).toBe('timestamp');
    expect(reason({ now: NOW - 300_001 })).toBe('timestamp');
    expect(verify({ now: NOW + 300_000 }).type).toBe('task.complete');
    expect(reason({ now: NOW + 1_001, toleranceMs: 1_000 })).toBe('timestamp');
  });

  it.each([['webhook-id', 'evt_2'], ['webhook-timestamp', '1700000001'], ['webhook-signature', 'v1,AAAA'], ['webhook-signature', 'v1a,AAAA v2,BBBB']])('refuses another %s (%s)', (name, value) => {
    expect(reason({ headers: { ...signed().headers, [name]: value } })).toBe('signature');
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('refuses a message without %s', (name) => {
    expect(reason({ headers: { ...signed().headers, [name]: undefined } })).toBe('headers');
  });

  it.each(['', 'now', '-1', '1e9', '1700000000.5', '99999999999999999999'])('refuses %j as a timestamp', (timestamp) => {
    expect(['timestamp', 'headers']).toContain(reason({ headers: { ...signed().headers, 'webhook-timestamp': timestamp } }));
  });

  it('refuses a body of which any byte was changed', () => {
    const { body, headers } = signed();
    fc.assert(fc.property(fc.nat(Buffer.byteLength(body) - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const changed = Buffer.from(body);
      changed[index] = (changed[index] ?? 0) ^ flip;
      expect(reason({ headers, body: changed })).toBe('signature');
    }));
  });

  it('refuses without a usable secret, rather than checking nothing', () => {
    expect(reason({ secret: '' })).toBe('secret');
    expect(reason({ secret: [] })).toBe('secret');
  });

  it.each(['[]', '{}', 'null', '"x"', '{"type":"a","timestamp":"b","data":{}}', 'not json'])('refuses the signed body %s, which is no message', (body) => {
    const headers = headersOf({ id: 'evt_1', body }, [SECRET], NOW);
    expect(reason({ body, headers })).toBe('body');
  });
});
