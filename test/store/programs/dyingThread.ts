import { MessageChannel, parentPort, workerData } from 'node:worker_threads';
import { serveStore } from '../../../src/lib/task-system/store/sqlite/serve.ts';
import type { ThreadRequest } from '../../../src/lib/task-system/store/sqlite/wire.ts';

/** The thread of a store, which ends when it is asked for the tasks "exit" or "throw", before it has done anything of that batch. */
if (parentPort === null) throw new Error('this is no thread');
const host = parentPort;
const { port1: inner, port2: engine } = new MessageChannel();
inner.on('message', (answer: unknown) => { host.postMessage(answer); });
host.on('message', (request: ThreadRequest) => {
  if (request !== 'close' && asksFor(request, 'exit')) process.exit(3);
  if (request !== 'close' && asksFor(request, 'throw')) throw new Error('out of luck');
  inner.postMessage(request);
});
engine.on('close', () => { host.close(); });
await serveStore(engine, workerData);

function asksFor(request: Exclude<ThreadRequest, 'close'>, id: string): boolean {
  return request.some((op) => op[0] === 'get' && op[1] === id);
}
