import { describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../src/lib/task-system/hooks/webhooks/verifyWebhook.ts';
import { handler, openSystem, testOptions } from '../core/support.ts';
import { receiver } from './webhooks/support.ts';

const LOCAL = { allowHttp: true, allowLoopback: true };

describe('tasks.webhooks', () => {
  it('tells how a task ended, with its result', async () => {
    const { url, request } = await receiver();
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { webhooks: LOCAL }));
    const { secret } = await system.webhooks.add({ url, projects: ['acme'] });
    const task = await system.submit({ type: 'echo', project: 'acme', input: { bees: 3 } });
    await task.result();
    const verified = verifyWebhook({ secret, ...await request(1) });
    expect(verified).toMatchObject({ type: 'task.complete', data: { taskId: task.id, project: 'acme', data: { result: expect.anything() } } });
  });

  it('tells of failure and of cancellation', async () => {
    const { url, request } = await receiver();
    const system = await openSystem(testOptions({ 'throwing.mjs': {}, 'never.mjs': { stopGraceMs: 0 } }, { webhooks: LOCAL }));
    await system.webhooks.add({ url });
    await (await system.submit({ type: 'throwing' })).result().catch(() => {});
    expect(JSON.parse((await request(1)).body)).toMatchObject({ type: 'task.error' });
    await (await system.submit({ type: 'never' })).cancel('enough');
    expect(JSON.parse((await request(2)).body)).toMatchObject({ type: 'task.cancel', data: { data: { reason: 'enough' } } });
  });

  it('never delays a task, though every receiver hangs', async () => {
    const { url, received } = await receiver(() => {});
    const system = await openSystem(testOptions({ 'echo.mjs': {} }, { webhooks: LOCAL }));
    for (let index = 0; index < 10; index++) await system.webhooks.add({ url, events: ['*'] });
    const tasks = await Promise.all(Array.from({ length: 10 }, (_, input) => system.submit({ type: 'echo', input })));
    await expect(Promise.all(tasks.map((task) => task.result()))).resolves.toHaveLength(10);
    // As many as there are slots, and not one of them has got its answer.
    expect(received.length).toBeLessThanOrEqual(8);
  });

  it('keeps endpoints, and what they have not got yet, over a restart', async () => {
    const { url, request } = await receiver();
    const options = testOptions({ 'echo.mjs': {} }, { webhooks: LOCAL });
    const first = await openSystem(options);
    const { secret: _secret, ...endpoint } = await first.webhooks.add({ url, id: 'billing', events: ['task:create'] });
    await first.queue.pause();
    const task = await first.submit({ type: 'echo' });
    await first.close();
    const second = await openSystem(options);
    await expect(second.webhooks.list()).resolves.toEqual([endpoint]);
    expect((await request(1)).taskId).toBe(task.id);
  });

  it('refuses private and unencrypted receivers unless told otherwise', async () => {
    const system = await openSystem({ ...testOptions({}), tasks: { echo: { module: handler('echo.mjs') } } });
    await expect(system.webhooks.add({ url: 'http://example.com/' })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' });
    await expect(system.webhooks.add({ url: 'https://127.0.0.1/' })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });
});
