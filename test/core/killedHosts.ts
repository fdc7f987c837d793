import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import type { TaskRecord, TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';

/** Starts one of the programs in `hosts`. */
export function startHost(program: string, root: string, seed: number, mode: string): ChildProcess {
  const file = new URL(`./hosts/${program}`, import.meta.url).pathname;
  const host = spawn(process.execPath, [file, root, String(seed), mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { host.kill('SIGKILL'); });
  return host;
}

/** How long a host may take to end by itself before it is asked what it waits for. */
const STUCK_MS = 300_000;

/** Everything a host prints; it is killed once it has printed so many lines. One that does not end tells what it waits for, and is ended. */
export async function linesOf(host: ChildProcess, killAfter = Infinity): Promise<string[]> {
  const lines: string[] = [];
  if (host.stdout === null) return lines;
  const stuck = setTimeout(() => { host.kill('SIGUSR2'); }, STUCK_MS);
  host.once('exit', () => { clearTimeout(stuck); });
  for await (const line of createInterface({ input: host.stdout })) {
    lines.push(line);
    if (lines.length === killAfter) host.kill('SIGKILL');
  }
  return lines;
}

/** Every task of a store. */
export async function allTasks(store: TaskStore): Promise<TaskRecord[]> {
  const tasks: TaskRecord[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    tasks.push(...page.tasks);
    if (page.nextCursor === undefined) return tasks;
    cursor = page.nextCursor;
  }
}

/** Every event of a store, in order. */
export async function allEvents(store: TaskStore): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for (let page = await store.readEvents(0, 1_000); page !== undefined && page.length > 0; page = await store.readEvents(events.at(-1)?.offset ?? 0, 1_000)) events.push(...page);
  return events;
}
