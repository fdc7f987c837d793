import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, describe, expect, it } from 'vitest';
import type { ResolveAll } from '../../src/lib/task-system/types/AddressGuard.ts';
import { type Certificate, openWebhooks, receiver } from './webhooks/support.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) process.emitWarning('openssl is missing: webhooks are not sent over TLS');
const directory = mkdtempSync(path.join(tmpdir(), 'certificates-'));
afterAll(() => { rmSync(directory, { recursive: true, force: true }); });

/** Makes a certificate that says nothing about itself but its names, valid from now on for so many days. */
function selfSigned(name: string, names = 'IP:127.0.0.1'): Certificate {
  const [key, cert] = [path.join(directory, `${name}.key`), path.join(directory, `${name}.crt`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

describe.skipIf(!hasOpenssl)('WebhookManager over TLS', () => {
  it('delivers to a receiver whose authority is trusted, and the standardwebhooks package verifies what came', async () => {
    const certificate = selfSigned('receiver');
    const { url, request } = await receiver(204, certificate);
    const { manager, complete, next } = await openWebhooks({ allowHttp: false, ca: [certificate.cert] });
    const { secret } = await manager.add({ url });
    const delivered = next('webhook:delivered');
    await complete('a');
    const { body, headers } = await request(1);
    expect(await delivered).toMatchObject({ ok: true, status: 204 });
    // The clock of these tests stands still, long ago: only the signature is looked at.
    const verified = new Webhook(secret).sign(String(headers['webhook-id']), new Date(Number(headers['webhook-timestamp']) * 1_000), body);
    expect(headers['webhook-signature']).toBe(verified);
  });

  it('sends nothing to one that nobody vouches for', async () => {
    const { url, received } = await receiver(204, selfSigned('stranger'));
    const { manager, complete, next } = await openWebhooks();
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    expect((await failed).error).toMatch(/self-signed certificate/);
    expect(received).toEqual([]);
  });

  it('sends nothing to one that another authority vouches for', async () => {
    const { url, received } = await receiver(204, selfSigned('one'));
    const { manager, complete, next } = await openWebhooks({ ca: [selfSigned('another').cert] });
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    expect((await failed).error).toMatch(/self-signed certificate/);
    expect(received).toEqual([]);
  });

  it('sends nothing to one that shows the certificate of another name', async () => {
    const certificate = selfSigned('elsewhere', 'DNS:elsewhere.test');
    const { url, received } = await receiver(204, certificate);
    const { manager, complete, next } = await openWebhooks({ ca: [certificate.cert] });
    await manager.add({ url });
    const failed = next('webhook:failed');
    await complete('a');
    expect((await failed).error).toMatch(/does not match certificate/);
    expect(received).toEqual([]);
  });

  it('asks for the certificate of the name, not of the address that it led to', async () => {
    const certificate = selfSigned('named', 'DNS:billing.test');
    const { port, request } = await receiver(204, certificate);
    const resolve: ResolveAll = (_name, _options, callback) => { callback(null, [{ address: '127.0.0.1', family: 4 }]); };
    const { manager, complete } = await openWebhooks({ ca: [certificate.cert] }, { resolve });
    await manager.add({ url: `https://billing.test:${String(port)}/hook` });
    await complete('a');
    expect((await request(1)).headers.host).toBe(`billing.test:${String(port)}`);
  });

  it('still keeps away from private addresses, whoever vouches for them', async () => {
    const certificate = selfSigned('private', 'DNS:billing.test');
    const { port, received } = await receiver(204, certificate);
    const resolve: ResolveAll = (_name, _options, callback) => { callback(null, [{ address: '127.0.0.1', family: 4 }]); };
    const { manager, complete, next } = await openWebhooks({ allowLoopback: false, ca: [certificate.cert] }, { resolve });
    await manager.add({ url: `https://billing.test:${String(port)}/hook` });
    const failed = next('webhook:failed');
    await complete('a');
    expect((await failed).error).toContain('loopback');
    expect(received).toEqual([]);
  });
});
