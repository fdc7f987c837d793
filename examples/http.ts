/**
 * A plain `node:http` app that runs reports in the background. Start it with `node examples/http.ts 3000`, then:
 *
 *   curl -i localhost:3000/reports -d '{"title": "Bees", "text": "Bees dance. Bees hum."}'
 *   curl -s localhost:3000/tasks/<id>
 *
 * The live feed is a WebSocket at ws://localhost:3000/tasks.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createTaskSystem, TaskSystemError, type TaskSystem } from 'task-system';
import * as z from 'zod';
import { inputSchema } from './handlers/textReport.ts';

const MAX_BODY = 512 * 1024;
const STATUS: Partial<Record<TaskSystemError['code'], number>> = { INPUT_TOO_LARGE: 413, QUEUE_FULL: 429, SYSTEM_CLOSED: 503 };

export async function start(port: number, root = '.task-system/http'): Promise<{ url: string; stop: () => Promise<void> }> {
  const tasks = await createTaskSystem({
    root,
    tasks: { report: { module: new URL('./handlers/textReport.ts', import.meta.url), timeoutMs: 60_000 } },
  });
  const server = createServer((request, response) => {
    answer(tasks, request, response).catch((error: unknown) => { sendError(response, error); });
  });
  tasks.attachWebSocket(server, { path: '/tasks' });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch(async (error: unknown) => {
    await tasks.close();
    throw error; // Such as a port that is taken. What is queued stays on disk.
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      await tasks.close({ graceMs: 5_000 }); // What is not done by then goes on with the next start.
      await closed;
    },
  };
}

async function answer(tasks: TaskSystem, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const id = /^\/tasks\/([\w-]+)$/.exec(pathname)?.[1];
  if (request.method === 'POST' && pathname === '/reports') {
    const task = await tasks.submit({ type: 'report', project: 'reports', input: inputSchema.parse(await readJson(request)) });
    response.setHeader('location', `/tasks/${task.id}`);
    send(response, 202, { id: task.id }); // It is on disk: from here on it cannot be lost.
  } else if (request.method === 'GET' && id !== undefined) {
    const task = await tasks.get(id);
    send(response, task === undefined ? 404 : 200, task ?? { error: `there is no task ${id}` });
  } else send(response, 404, { error: 'there are POST /reports, GET /tasks/:id, and a WebSocket at /tasks' });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += String(chunk);
    if (body.length > MAX_BODY) throw new TaskSystemError('INPUT_TOO_LARGE', `More than ${MAX_BODY} characters`);
  }
  return JSON.parse(body) as unknown;
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof z.ZodError) send(response, 400, { error: z.prettifyError(error) });
  else if (error instanceof SyntaxError) send(response, 400, { error: 'the body is not JSON' });
  else if (TaskSystemError.isInstance(error)) send(response, STATUS[error.code] ?? 500, { error: error.message });
  else send(response, 500, { error: 'something went wrong' });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

if (process.argv[1] === import.meta.filename) {
  try {
    const app = await start(Number(process.argv[2] ?? 3_000), process.argv[3]);
    process.once('SIGINT', () => void app.stop()).once('SIGTERM', () => void app.stop());
    console.log(`listening on ${app.url}`);
  } catch (error) {
    console.error(`cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
