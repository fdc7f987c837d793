/**
 * Two programs in one: a task system that tells by webhook how tasks end, and a receiver that checks who is talking and does
 * everything once only. Start it with `node examples/webhooks.ts`; it keeps its files in `.task-system/webhooks` or the folder that
 * is named.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { createTaskSystem, TaskSystemError, verifyWebhook } from 'task-system';

/** The receiver. `secrets` has two entries while the secret is being replaced. */
async function startReceiver(secrets: readonly string[]) {
  const seen = new Set<string>(); // In earnest a table with a unique key, written in the transaction that does the work.
  const server = createServer((request, response) => {
    receive(request, secrets, seen).then(
      () => { response.writeHead(204).end(); },
      // A 4xx is tried again like everything that is not a 2xx: whoever really sends may just have another secret for a moment.
      (error: unknown) => { response.writeHead(TaskSystemError.isInstance(error) ? 401 : 500).end(); },
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook` };
}

async function receive(request: IncomingMessage, secrets: readonly string[], seen: Set<string>): Promise<void> {
  const { id, type, data } = verifyWebhook({ secret: secrets, headers: request.headers, body: await text(request) });
  if (seen.has(id)) return;
  seen.add(id);
  console.log(`  received ${type}${data.type === 'task:complete' ? `: ${JSON.stringify(data.data.result)}` : ''}`);
}

const secrets: string[] = [];
const { server, url } = await startReceiver(secrets);
const tasks = await createTaskSystem({
  root: process.argv[2] ?? '.task-system/webhooks',
  tasks: { report: { module: new URL('./handlers/textReport.ts', import.meta.url) } },
  webhooks: { allowHttp: true, allowLoopback: true }, // Only because this receiver is on this machine.
});
const { id, secret } = await tasks.webhooks.add({ url, events: ['task:complete', 'task:error'], projects: ['bees'] });
secrets.push(secret);

/** Runs a task, and waits until the receiver has been told of it. */
async function run(title: string): Promise<void> {
  const delivered = new Promise<void>((resolve) => { tasks.webhooks.on('webhook:delivered', () => { resolve(); }); });
  await tasks.submit({ type: 'report', project: 'bees', input: { title, text: 'Bees dance. Bees hum.' } });
  await delivered;
}

console.log('a task');
await run('one');

console.log('somebody else says that a task is done');
const forged = await fetch(url, { method: 'POST', body: '{"type":"task.complete"}', headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': String(Math.floor(Date.now() / 1_000)), 'webhook-signature': 'v1,AAAA' } });
console.log(`  answered ${forged.status}`);

console.log('a new secret: the receiver knows the old one for as long as it likes');
secrets.unshift(await tasks.webhooks.rotateSecret(id));
await run('two');
secrets.pop();
await run('three');

console.log('is it there?');
console.log(`  answered ${(await tasks.webhooks.test(id)).status}`);
await tasks.close();
server.close();
