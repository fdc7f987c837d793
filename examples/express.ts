/**
 * The same as `http.ts` with Express 5: an app with its own routes that runs reports in the background. Start it with
 * `node examples/express.ts 3000`, then:
 *
 *   curl -i localhost:3000/reports -H 'content-type: application/json' -d '{"title": "Bees", "text": "Bees dance. Bees hum."}'
 *   curl -s localhost:3000/tasks/<id>
 *
 * The live feed is a WebSocket at ws://localhost:3000/tasks.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import { createTaskSystem, TaskSystemError } from 'task-system';
import * as z from 'zod';
import { inputSchema } from './handlers/textReport.ts';

const STATUS: Partial<Record<TaskSystemError['code'], number>> = { INPUT_TOO_LARGE: 413, QUEUE_FULL: 429, SYSTEM_CLOSED: 503 };

export async function start(port: number, root = '.task-system/express'): Promise<{ url: string; stop: () => Promise<void> }> {
  const tasks = await createTaskSystem({
    root,
    tasks: { report: { module: new URL('./handlers/textReport.ts', import.meta.url), timeoutMs: 60_000 } },
  });

  const app = express();
  app.use(express.json({ limit: '512kb' }));
  app.post('/reports', async (request, response) => {
    const task = await tasks.submit({ type: 'report', project: 'reports', input: inputSchema.parse(request.body) });
    response.status(202).location(`/tasks/${task.id}`).json({ id: task.id }); // It is on disk: from here on it cannot be lost.
  });
  app.get('/tasks/:id', async (request, response) => {
    const task = await tasks.get(request.params.id);
    response.status(task === undefined ? 404 : 200).json(task ?? { error: `there is no task ${request.params.id}` });
  });
  app.use(answerError);

  const server = createServer(app);
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

const answerError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  if (error instanceof z.ZodError) response.status(400).json({ error: z.prettifyError(error) });
  else if (TaskSystemError.isInstance(error)) response.status(STATUS[error.code] ?? 500).json({ error: error.message });
  // What Express itself found wrong with a request, such as a body that is not JSON, carries a status.
  else if (error instanceof Error && 'status' in error) response.status(Number(error.status)).json({ error: error.message });
  else response.status(500).json({ error: 'something went wrong' });
};

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
