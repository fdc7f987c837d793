import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '../../src/lib/task-system/store/SqliteStore.ts';
import { TERMINAL_EVENTS, type TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { isTerminal } from '../../src/lib/task-system/types/TaskState.ts';
import type { TaskRecord, TaskStore } from '../../src/lib/task-system/types/TaskStore.ts';
import { processesIn, temporaryDirectory } from './support.ts';

const KILLS = 50;
const HOST = new URL('./hosts/loaded.mjs', import.meta.url).pathname;

function startHost(root: string, seed: number, mode: 'load' | 'drain'): ChildProcess {
  const host = spawn(process.execPath, [HOST, root, String(seed), mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { host.kill('SIGKILL'); });
  return host;
}

/** Runs a loaded host until it has printed a given number of lines, kills it there, and returns every line it printed. */
async function crash(root: string, seed: number, afterLines: number): Promise<string[]> {
  const host = startHost(root, seed, 'load');
  const lines: string[] = [];
  if (host.stdout === null) return lines;
  for await (const line of createInterface({ input: host.stdout })) {
    lines.push(line);
    if (lines.length === afterLines) host.kill('SIGKILL');
  }
  return lines;
}

async function drain(root: string): Promise<string[]> {
  const host = startHost(root, 0, 'drain');
  const lines: string[] = [];
  if (host.stdout !== null) for await (const line of createInterface({ input: host.stdout })) lines.push(line);
  return lines;
}

async function allTasks(store: TaskStore): Promise<Map<string, TaskRecord>> {
  const tasks = new Map<string, TaskRecord>();
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    for (const task of page.tasks) tasks.set(task.id, task);
    if (page.nextCursor === undefined) return tasks;
    cursor = page.nextCursor;
  }
}

async function allEvents(store: TaskStore): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for (let page = await store.readEvents(0, 1_000); page !== undefined && page.length > 0; page = await store.readEvents(events.at(-1)?.offset ?? 0, 1_000)) events.push(...page);
  return events;
}

describe('a host that is killed again and again', () => {
  it(`loses nothing in ${String(KILLS)} kills under load: each accepted task has exactly one outcome, and each attempt only its own side effects`, async () => {
    const root = temporaryDirectory();
    const accepted = new Set<string>();
    const toldOutcomes = new Map<string, string>();
    // A fixed, irregular sequence of moments: the same test every time, and every phase of the work gets its kills.
    for (let kill = 0; kill < KILLS; kill++) {
      for (const line of await crash(root, kill, 1 + (kill * 13) % 37)) {
        const [what = '', id = ''] = line.split(' ');
        if (what === 'accepted') accepted.add(id);
        if (TERMINAL_EVENTS.some((type) => type === what)) {
          expect(toldOutcomes.has(id), `task ${id} was said to end twice`).toBe(false);
          toldOutcomes.set(id, what);
        }
      }
    }
    expect((await drain(root)).at(-1)).toBe('drained');
    expect(processesIn(root)).toEqual([]);
    expect(accepted.size).toBeGreaterThan(KILLS);

    const store = await openSqliteStore({ directory: root, lockTimeoutMs: 1_000 });
    onTestFinished(() => store.close());
    const tasks = await allTasks(store);
    const events = await allEvents(store);
    const outcomes = Map.groupBy(events.filter(({ type }) => TERMINAL_EVENTS.some((terminal) => terminal === type)), ({ taskId }) => taskId);
    for (const id of accepted) expect(tasks.has(id), `task ${id} was accepted and is lost`).toBe(true);
    for (const task of tasks.values()) expectOneOutcome(task, outcomes.get(task.id) ?? []);
    for (const [id, told] of toldOutcomes) expect(outcomes.get(id)?.[0]?.type, `the outcome of ${id} changed after it was told`).toBe(told);
    expect(events.map(({ offset }) => offset)).toEqual(Array.from({ length: events.length }, (_, index) => index + 1));
    // The test is worth something only if kills did hit running tasks.
    expect([...tasks.values()].filter(({ interruptions }) => interruptions > 0).length).toBeGreaterThan(5);
  }, 600_000);
});

function expectOneOutcome(task: TaskRecord, outcomes: readonly TaskEvent[]): void {
  expect(isTerminal(task.state), `task ${task.id} is ${task.state}`).toBe(true);
  expect(outcomes, `outcomes of ${task.id}`).toHaveLength(1);
  expect(outcomes[0]?.type).toBe({ completed: 'task:complete', failed: 'task:error', cancelled: 'task:cancel', queued: '', running: '', waiting: '' }[task.state]);
  expect(task.interruptions).toBeLessThanOrEqual(4);
  if (task.resultJson === undefined) return;
  const result: { before: string[]; attempt: number; steps: string[] } = JSON.parse(task.resultJson);
  const { steps }: { steps: number } = JSON.parse(task.inputJson);
  expect(result.before, `the workspace of ${task.id} was not empty`).toEqual([]);
  expect(result.steps).toEqual(Array.from({ length: steps }, (_, step) => `${String(result.attempt)}:${String(step)}`));
  expect(result.attempt).toBe(task.attempt);
}
