import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChildHost } from '../../../examples/demo/ChildHost.ts';
import { startHost, type HostSettings } from '../../../examples/demo/host.ts';
import { makeFolder } from '../fixture.ts';

/** A port that somebody else has. */
async function takePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => { server.close(); });
  const address = server.address();
  return typeof address === 'object' ? address?.port ?? 0 : 0;
}

async function settingsOf(port: number): Promise<HostSettings> {
  return { folder: await makeFolder(), root: await makeFolder(), port, paceMs: 0, cancelsSlow: true };
}

describe('the host of the demo', { timeout: 600_000 }, () => {
  it('says that its port is taken, and lets go of its database', async () => {
    const settings = await settingsOf(await takePort());
    await expect(startHost(settings)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const host = await startHost({ ...settings, port: 0 });
    expect(host.greeting.unfinished).toBe(0);
    await host.close();
  });

  it('says it as well where it is a process of its own', async () => {
    const settings = await settingsOf(await takePort());
    await expect(ChildHost.start(settings)).rejects.toThrow('EADDRINUSE');
  });

  it('says which process has its database, and leaves that one alone', async () => {
    const settings = await settingsOf(0);
    const first = await startHost(settings);
    await expect(ChildHost.start(settings)).rejects.toThrow(`Process ${String(process.pid)} `);
    const outcome = await first.perform();
    expect(outcome.tasks.map(({ state }) => state).sort()).toEqual(['cancelled', 'completed', 'completed', 'completed']);
    await first.close();
  });
});
