import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { basename, join } from 'node:path';
import { createTaskSystem, type TaskSystem } from 'task-system';
import * as z from 'zod';
import { taskLineSchema, type Outcome } from './outcome.ts';
import { MAINTENANCE, perform } from './perform.ts';
import { findUnfinishedRun, isOver, listAll, runOf, toLine } from './runs.ts';

/** What a host is to do. */
export const hostSettingsSchema = z.object({
  /** Absolute path of the code base. */
  folder: z.string(),
  /** Absolute path of the folder for the database, the workspaces and the reports. */
  root: z.string(),
  /** 0: any free one. */
  port: z.number(),
  /** How long each task takes at least. */
  paceMs: z.number(),
  /** Whether the host cancels `slow` once it is half done. */
  cancelsSlow: z.boolean(),
  /** Identity of the run. Undefined: that of an unfinished run over the same folder, or else a new one. */
  run: z.string().optional(),
});

/** See {@link hostSettingsSchema}. */
export type HostSettings = z.infer<typeof hostSettingsSchema>;

/** What a host tells once it is up. */
export const greetingSchema = z.object({
  /** Address of the live feed. */
  url: z.string(),
  port: z.number(),
  database: z.string(),
  run: z.string(),
  /** How many tasks of this run an earlier host left unfinished. */
  unfinished: z.number(),
  /** Tasks of other runs, newest first. */
  earlier: z.array(taskLineSchema),
});

/** See {@link greetingSchema}. */
export type Greeting = z.infer<typeof greetingSchema>;

/** A running host: in this process, or in one of its own. */
export interface DemoHost {
  readonly greeting: Greeting;
  /** Submits the tasks of the run (those that are not there yet) and waits for their outcomes. */
  readonly perform: () => Promise<Outcome>;
  /** Stops gently: running tasks get a short grace, then go back to the queue. */
  readonly close: () => Promise<void>;
}

const CLOSE_GRACE_MS = 500;

/** Opens the task system, serves its live feed on 127.0.0.1, and looks for what earlier runs left. */
export async function startHost(settings: HostSettings): Promise<DemoHost> {
  const { folder, root, paceMs } = settings;
  const tasks = await openTasks(settings);
  if (settings.cancelsSlow) cancelSlowHalfWay(tasks);
  const server = createServer((_request, response) => { response.writeHead(404).end('The live feed is a WebSocket at /tasks\n'); });
  try {
    tasks.attachWebSocket(server, { path: '/tasks' });
    const port = await listen(server, settings.port);
    const known = await listAll(tasks);
    const run = settings.run ?? findUnfinishedRun(known, folder) ?? randomUUID().slice(0, 8);
    return {
      greeting: {
        url: `ws://127.0.0.1:${port}/tasks`,
        port,
        database: join(root, 'tasks.db'),
        run,
        unfinished: known.filter((task) => runOf(task) === run && !isOver(task)).length,
        earlier: known.filter((task) => runOf(task) !== run).map(toLine),
      },
      perform: () => perform(tasks, { run, folder, root, paceMs, project: projectOf(folder) }),
      close: async () => {
        await tasks.close({ graceMs: CLOSE_GRACE_MS });
        server.close();
        server.closeAllConnections();
      },
    };
  } catch (error) {
    server.close();
    await tasks.close({ graceMs: 0 });
    throw error;
  }
}

/** The project of a code base: its own name. */
export function projectOf(folder: string): string {
  const name = basename(folder).replace(/[\p{Cc}\\/]/gu, '_').slice(0, 100);
  if (name === '') return 'root';
  return name === MAINTENANCE ? `${name} (code)` : name;
}

async function openTasks({ root, folder }: HostSettings): Promise<TaskSystem> {
  const handler = (name: string): URL => new URL(`./handlers/${name}.ts`, import.meta.url);
  // Of the host's files a handler sees its own folder and packages; these also read the code base, and share code of this demo.
  const sandbox = { read: [folder, join(import.meta.dirname, 'codebase')] };
  return createTaskSystem({
    root,
    tasks: {
      // It is told what the code base says of itself, and writes nothing into it: MEMORY.md stays as it is.
      report: { module: handler('report'), sandbox, memory: 'read' },
      scan: { module: handler('scan'), sandbox, contextFiles: [], memory: 'none' },
      summarise: { module: handler('summarise'), sandbox, contextFiles: [], memory: 'none' },
      flaky: { module: handler('flaky'), retry: { maxAttempts: 3, baseDelayMs: 500 } },
      slow: { module: handler('slow') },
    },
    projects: { [projectOf(folder)]: { weight: 3, dir: folder }, [MAINTENANCE]: { weight: 1, maxConcurrent: 2 } },
    queue: { maxConcurrent: 5 },
  });
}

/** Cancels every `slow` task, also one of an earlier run, once it is half done; it would wait for ever. */
function cancelSlowHalfWay(tasks: TaskSystem): void {
  const cancelled = new Set<string>();
  tasks.events.on('task:progress', ({ taskId, taskType, data }) => {
    if (taskType !== 'slow' || data.percent < 50 || cancelled.has(taskId)) return;
    cancelled.add(taskId);
    // If the system closes meanwhile, the next host sees the task half done again and cancels it.
    tasks.cancel(taskId, 'half of it was enough').catch(() => undefined);
  });
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
