import { fileURLToPath } from 'node:url';
import { createTaskSystem } from '../../../../src/lib/task-system/index.ts';
import { FakeClock } from '../../../../src/lib/task-system/testing/FakeClock.ts';

/** A host that adds an endpoint, runs one task, and goes on until it is killed. Prints when each retry is due. Its clock stands still. */
const [, , root = '', url = ''] = process.argv;
const childEntry = fileURLToPath(new URL('../../../../dist/child.cjs', import.meta.url));
const module = new URL('../../../core/handlers/echo.mjs', import.meta.url);
const options = { root, tasks: { echo: { module } }, sandbox: { level: 'process' as const }, webhooks: { allowHttp: true, allowLoopback: true } };
const tasks = await createTaskSystem(options, { clock: new FakeClock(), childEntry });
tasks.webhooks.on('webhook:failed', ({ retryAt }) => { process.stdout.write(`${String(retryAt)}\n`); });
await tasks.webhooks.add({ id: 'x', url });
await tasks.submit({ type: 'echo', input: 'hello' });
setInterval(() => {}, 60_000);
