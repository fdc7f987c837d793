import { describe, expect, it } from 'vitest';
import { createSecret } from '../../src/lib/task-system/hooks/webhooks/secrets.ts';
import { verifyWebhook, type VerifiedWebhook } from '../../src/lib/task-system/hooks/webhooks/verifyWebhook.ts';
import { openWebhooks, receiver, type Received } from './webhooks/support.ts';

const [NEW, OLD] = [createSecret(), createSecret()];
const secrets = new Map([['billing', [NEW, OLD]], ['other', [OLD]]]);

function read(secret: string, { headers, body }: Received): VerifiedWebhook {
  return verifyWebhook({ secret, headers, body, now: Number(headers['webhook-timestamp']) * 1_000 });
}

describe('an endpoint with a secretName', () => {
  it('is signed for with every secret of that name', async () => {
    const { url, request } = await receiver();
    const { manager, complete } = await openWebhooks({ secrets });
    const { secret, secretName } = await manager.add({ url, secretName: 'billing' });
    expect([secret, secretName]).toEqual([NEW, 'billing']);
    await complete('a');
    const received = await request(1);
    for (const known of [NEW, OLD]) expect(read(known, received).type).toBe('task.complete');
  });

  it('has no secret in the store', async () => {
    const { manager, store } = await openWebhooks({ secrets });
    await manager.add({ url: 'http://127.0.0.1:1/', secretName: 'billing' });
    const stored = JSON.stringify(await store.outbox.endpoints());
    expect(stored).not.toContain('whsec_');
    expect(stored).toContain('"secretName":"billing"');
  });

  it('loses the one that was stored before', async () => {
    const { manager, store } = await openWebhooks({ secrets });
    const { secret } = await manager.add({ id: 'x', url: 'http://127.0.0.1:1/' });
    await manager.add({ id: 'x', url: 'http://127.0.0.1:1/', secretName: 'billing' });
    expect(JSON.stringify(await store.outbox.endpoints())).not.toContain(secret);
  });

  it('keeps the name when its other settings are replaced', async () => {
    const { manager } = await openWebhooks({ secrets });
    await manager.add({ id: 'x', url: 'http://127.0.0.1:1/', secretName: 'billing' });
    await expect(manager.add({ id: 'x', url: 'http://127.0.0.1:2/' })).resolves.toMatchObject({ secretName: 'billing', secret: NEW });
  });

  it('changes to a stored secret that is given to it', async () => {
    const { manager } = await openWebhooks({ secrets });
    await manager.add({ id: 'x', url: 'http://127.0.0.1:1/', secretName: 'billing' });
    const { secretName, secret } = await manager.add({ id: 'x', url: 'http://127.0.0.1:1/', secret: OLD });
    expect([secretName, secret]).toEqual([undefined, OLD]);
  });

  it.each(['shipping', '__proto__'])('is refused under the name %s, which nobody knows', async (secretName) => {
    const { manager } = await openWebhooks({ secrets });
    await expect(manager.add({ url: 'http://127.0.0.1:1/', secretName })).rejects.toMatchObject({ code: 'OPTIONS_INVALID', message: expect.stringContaining('secretName') });
  });

  it('is refused with a secret beside the name', async () => {
    const { manager } = await openWebhooks({ secrets });
    await expect(manager.add({ url: 'http://127.0.0.1:1/', secretName: 'billing', secret: NEW })).rejects.toMatchObject({ message: expect.stringContaining('got both') });
  });

  it('is not rotated here, but where the secret is', async () => {
    const { manager } = await openWebhooks({ secrets });
    const { id } = await manager.add({ url: 'http://127.0.0.1:1/', secretName: 'billing' });
    await expect(manager.rotateSecret(id)).rejects.toMatchObject({ code: 'OPTIONS_INVALID', message: expect.stringContaining('webhooks.secrets.billing') });
  });

  it('gets nothing unsigned when the name is gone at the next start, and everything once it is back', async () => {
    const { url, received, request } = await receiver();
    const first = await openWebhooks({ secrets });
    await first.manager.add({ url, secretName: 'billing' });
    await first.manager.close();
    await first.complete('a');
    const { outbox } = first.store;
    const second = await openWebhooks({}, { outbox, clock: first.clock });
    expect((await second.next('webhook:failed')).error).toBe('The option webhooks.secrets has no "billing"');
    await expect(second.manager.test((await second.manager.list())[0]?.id ?? '')).resolves.toMatchObject({ ok: false });
    await second.manager.close();
    expect(received).toEqual([]);
    await openWebhooks({ secrets }, { outbox, clock: first.clock });
    first.clock.advance(5_000);
    expect(read(NEW, await request(1)).type).toBe('task.complete');
  });
});
