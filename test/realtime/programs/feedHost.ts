/**
 * A host with a live feed, to be killed. Arguments: root, port, path of the child's script. Tasks are submitted all the time. Says
 * `port` when it listens; at the message `drain` it ends what is under way and says `offset`, at `close` it closes.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createTaskSystem } from '../../../src/lib/task-system/index.ts';

const [root = '', port = '0', childEntry = ''] = process.argv.slice(2);
const tasks = await createTaskSystem({
  root, sandbox: { level: 'process' }, tasks: { echo: { module: new URL('../../core/handlers/echo.mjs', import.meta.url) } },
  logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
}, { childEntry });
// Who comes while there is no feed is told so.
const server = createServer((_, response) => { response.writeHead(503, { connection: 'close' }).end(); });
tasks.attachWebSocket(server);
await once(server.listen(Number(port), '127.0.0.1'), 'listening');
const address = server.address();
let isDraining = false;
let isClosing = false;
let last = 0;
tasks.events.on('*', ({ seq, offset }) => { if (seq === undefined) last = offset; });
const lanes = [0, 1, 2].map(async (lane) => {
  try {
    while (!isDraining) await (await tasks.submit({ type: 'echo', project: `lane-${String(lane)}` })).result();
  } catch (error) {
    // Whoever waits for a result when the system closes is told so.
    if (!isClosing) throw error;
  }
});
process.on('message', (order) => { void (order === 'drain' ? drain() : close()); });
process.send?.({ port: typeof address === 'object' ? address?.port : 0 });

async function drain(): Promise<void> {
  isDraining = true;
  await Promise.all(lanes);
  // In this order: a task that leaves the queue in between is running then.
  const isBusy = async (): Promise<boolean> => (await tasks.list({ state: 'queued' })).tasks.length + (await tasks.list({ state: 'running' })).tasks.length > 0;
  // Tasks of the host before were queued again, and nobody here waits for them.
  for (;;) {
    // Listened for before it is asked: the last one may end in between.
    const ended = new Promise((resolve) => { tasks.events.once('task:complete', resolve); });
    if (!await isBusy()) break;
    await ended;
  }
  process.send?.({ offset: last });
}

async function close(): Promise<void> {
  isDraining = true;
  isClosing = true;
  await tasks.close({ graceMs: 0 });
  server.close();
  process.disconnect();
}
