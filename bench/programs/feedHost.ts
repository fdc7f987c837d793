/**
 * A host of live events that is killed: ours, with a store on disk, or socket.io with its connection-state recovery. Arguments: kind,
 * root, port, number of the last event of the host before. At an order it publishes, and says `published`: the number of the last event.
 */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { Server as SocketServer } from 'socket.io';
import { createTaskSystem } from '../../src/lib/task-system/index.ts';

const [kind = '', root = '', port = '0', before = '0'] = process.argv.slice(2);
const server = createServer();
const publish = await (kind === 'socket.io' ? withSocketIo(server) : withOurs(server));
await once(server.listen(Number(port), '127.0.0.1'), 'listening');
const address = server.address();
process.on('message', (order: { readonly bursts: number; readonly size: number; readonly pauseMs: number }) => { void publishAll(order); });
process.send?.({ port: typeof address === 'object' ? address?.port : 0 });

async function publishAll({ bursts, size, pauseMs }: { readonly bursts: number; readonly size: number; readonly pauseMs: number }): Promise<void> {
  let last = 0;
  for (let burst = 0; burst < bursts; burst += 1) {
    last = await publish(size);
    await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
  }
  process.send?.({ published: last });
}

function withSocketIo(http: HttpServer): (size: number) => Promise<number> {
  const io = new SocketServer(http, { transports: ['websocket'], serveClient: false, connectionStateRecovery: {} });
  let last = Number(before);
  return (size) => {
    for (let index = 0; index < size; index += 1) io.emit('event', { offset: ++last });
    return Promise.resolve(last);
  };
}

/** Every task that is submitted is an event; none of them runs. */
async function withOurs(http: HttpServer): Promise<(size: number) => Promise<number>> {
  const tasks = await createTaskSystem({ root, sandbox: { level: 'process' }, tasks: { idle: { module: new URL('../handlers/noop.mjs', import.meta.url) } } });
  await tasks.queue.pause();
  tasks.attachWebSocket(http);
  let last = Number(before);
  tasks.events.on('task:create', ({ offset }) => { last = offset; });
  return async (size) => {
    await Promise.all(Array.from({ length: size }, () => tasks.submit({ type: 'idle' })));
    return last;
  };
}
