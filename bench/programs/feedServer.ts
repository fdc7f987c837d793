/** A server of live events: ours, socket.io, or a loop over `ws`. Started by the row `feed-fanout`, with its kind as argument. */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { Server as SocketServer } from 'socket.io';
import { WebSocketServer } from 'ws';
import { TaskEvents } from '../../src/lib/task-system/realtime/EventEmitter.ts';
import { attachWebSocket } from '../../src/lib/task-system/realtime/WebSocketServer.ts';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { systemClock, type Logger } from '../../src/lib/task-system/types/Ports.ts';

const REST_MS = 1_000;
const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const server = createServer();
const publish = serve(process.argv[2] ?? '', server);
let offset = 0;

server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
process.on('message', (order: { readonly ask: 'memory' } | { readonly ask: 'cpu' } | { readonly ask: 'publish'; readonly warmUps: number; readonly bursts: number; readonly pauseMs: number }) => {
  if (order.ask === 'memory') tellMemory();
  else if (order.ask === 'cpu') process.send?.({ cpuMs: cpuMs() });
  else void publishAll(order.warmUps, order.bursts, order.pauseMs);
});

/** A host runs for days: what is measured is the code that is warm. */
async function publishAll(warmUps: number, bursts: number, pauseMs: number): Promise<void> {
  await publishBursts(warmUps, pauseMs);
  await wait(warmUps === 0 ? 0 : REST_MS);
  const startCpuMs = cpuMs();
  await publishBursts(bursts, pauseMs);
  process.send?.({ startCpuMs });
}

async function publishBursts(bursts: number, pauseMs: number): Promise<void> {
  for (let burst = 0; burst < bursts; burst += 1) {
    publish(Array.from({ length: 10 }, nextEvent));
    await wait(pauseMs);
  }
}

async function wait(milliseconds: number): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}

function nextEvent(): TaskEvent {
  offset += 1;
  return {
    epoch: 'bench', offset, time: Date.now(), taskId: '01980000-0000-7000-8000-000000000000', project: 'acme', taskType: 'research',
    rootId: '01980000-0000-7000-8000-000000000000', attempt: 1, type: 'task:tool:start', data: { callId: 'call-1', tool: 'fs.read', input: { path: 'src/index.ts', offset } },
  };
}

function serve(kind: string, http: HttpServer): (events: readonly TaskEvent[]) => void {
  if (kind === 'socket.io') {
    const io = new SocketServer(http, { transports: ['websocket'], serveClient: false, connectionStateRecovery: {} });
    return (events) => { for (const event of events) io.emit('event', event); };
  }
  if (kind === 'ws') {
    const webSockets = new WebSocketServer({ server: http });
    return (events) => {
      for (const event of events) {
        const text = JSON.stringify(event);
        for (const client of webSockets.clients) client.send(text);
      }
    };
  }
  const stored: TaskEvent[] = [];
  const source = new TaskEvents({ epoch: 'bench', offset: 0, clock: systemClock, logger: silent, readSince: (after, limit) => Promise.resolve(stored.slice(after, after + limit)) });
  attachWebSocket(http, {}, { events: source, clock: systemClock, logger: silent });
  return (events) => {
    for (const event of events) {
      stored.push(event);
      source.emit(event);
    }
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** What the process has from the system, and what of its heap is in use. */
function tellMemory(): void {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ rssBytes: rss });
  process.send?.({ heapBytes: heapUsed });
}
