import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { TaskSystem } from '../../src/lib/task-system/index.ts';
import { messageIdOf } from '../../src/lib/task-system/hooks/webhooks/message.ts';
import { FakeClock } from '../../src/lib/task-system/testing/FakeClock.ts';
import type { WebhookDeliveryEvent } from '../../src/lib/task-system/types/Webhooks.ts';
import { openSystem, temporaryDirectory, testOptions } from '../core/support.ts';
import { allEvents, openFor } from '../store/support.ts';
import { openWebhooks, PATIENT, receiver } from './webhooks/support.ts';

/** Longer than the lease of a message: time-out and margin. */
const AFTER_LEASE_MS = 30_000;

function startHost(program: string, ...args: readonly string[]): ChildProcess & { readonly lines: AsyncIterator<string> } {
  const host = spawn(process.execPath, [path.join(import.meta.dirname, 'webhooks/programs', program), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { host.kill('SIGKILL'); });
  return Object.assign(host, { lines: createInterface(host.stdout)[Symbol.asyncIterator]() });
}

async function kill(host: ChildProcess): Promise<void> {
  const ended = once(host, 'exit');
  host.kill('SIGKILL');
  await ended;
}

/** Opens the root of a killed host on a clock that stands where that of the host stood. */
async function openAfter(root: string): Promise<{ readonly system: TaskSystem; readonly clock: FakeClock }> {
  const clock = new FakeClock();
  const options = testOptions({ 'echo.mjs': {} }, { sandbox: { level: 'process' }, webhooks: { allowHttp: true, allowLoopback: true } });
  return { system: await openSystem({ ...options, root }, { clock }), clock };
}

function delivered(system: TaskSystem): Promise<WebhookDeliveryEvent> {
  return new Promise((resolve) => { system.webhooks.on('webhook:delivered', resolve); });
}

describe('when the host dies by SIGKILL', () => {
  it('the next one tries again when the retry is due: not earlier, not later, and under the same id', async () => {
    const root = temporaryDirectory();
    const { url, received, answer } = await receiver(500);
    const host = startHost('webhookHost.ts', root, url);
    const { value } = await host.lines.next();
    await kill(host);
    answer(204);
    const { system, clock } = await openAfter(root);
    const done = delivered(system);
    expect(Number(value)).toBeGreaterThanOrEqual(clock.now() + 4_000);
    clock.advance(Number(value) - clock.now() - 1);
    await system.webhooks.list();
    expect(received).toHaveLength(1);
    clock.advance(1);
    expect(await done).toMatchObject({ attempt: 2, messageId: received[0]?.id });
    expect(received.map(({ id }) => id)).toEqual([received[0]?.id, received[0]?.id]);
  });

  it('a message that was on its way is sent again when its lease is over, and the attempt that nobody saw the end of does not count', async () => {
    const root = temporaryDirectory();
    const { url, received, request, answer } = await receiver(() => {});
    const host = startHost('webhookHost.ts', root, url);
    await request(1);
    await kill(host);
    answer(204);
    const { system, clock } = await openAfter(root);
    const done = delivered(system);
    clock.advance(AFTER_LEASE_MS - 1);
    await system.webhooks.list();
    expect(received).toHaveLength(1);
    clock.advance(1);
    expect(await done).toMatchObject({ attempt: 1, messageId: received[0]?.id });
  });

  it('time after time, every event reaches the receiver in the end, and nothing that never happened', async () => {
    const directory = temporaryDirectory();
    const { url, received, answer } = await receiver();
    let requests = 0;
    answer((response) => { response.writeHead(++requests % 7 === 0 ? 500 : 204).end(); });
    for (const [prefix, amount] of [['a', 3], ['b', 40], ['c', 90]] as const) {
      const until = received.length + amount;
      const host = startHost('busyOutbox.ts', directory, url, prefix);
      await vi.waitUntil(() => received.length >= until, PATIENT);
      await kill(host);
    }
    answer(204);
    const store = await openFor(directory);
    const clock = new FakeClock(1_000_000 + 86_400_000);
    await openWebhooks({}, { outbox: store.outbox, clock });
    await vi.waitUntil(async () => (await store.outbox.due()).length === 0, PATIENT);
    const created = (await allEvents(store)).filter(({ type }) => type === 'task:create').map(messageIdOf);
    expect(created.length).toBeGreaterThan(100);
    expect(new Set(received.map(({ id }) => id))).toEqual(new Set(created));
    await expect(store.outbox.deadLetters({ limit: 10 })).resolves.toEqual([]);
  });
});
