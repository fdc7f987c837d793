import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '../../src/lib/task-system/store/SqliteStore.ts';
import { TERMINAL_EVENTS, type TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { isTerminal } from '../../src/lib/task-system/types/TaskState.ts';
import type { TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, allTasks, linesOf, startHost } from './killedHosts.ts';
import { processesIn, temporaryDirectory } from './support.ts';

const KILLS = 50;
const HOST = 'loaded.mjs';

describe('a host that is killed again and again', () => {
  it(`loses nothing in ${String(KILLS)} kills under load: each accepted task has exactly one outcome, and each attempt only its own side effects`, async () => {
    const root = temporaryDirectory();
    const accepted = new Set<string>();
    const toldOutcomes = new Map<string, string>();
    // A fixed, irregular sequence of moments: the same test every time, and every phase of the work gets its kills.
    for (let kill = 0; kill < KILLS; kill++) {
      for (const line of await linesOf(startHost(HOST, root, kill, 'load'), 1 + (kill * 13) % 37)) {
        const [what = '', id = ''] = line.split(' ');
        if (what === 'accepted') accepted.add(id);
        if (TERMINAL_EVENTS.some((type) => type === what)) {
          expect(toldOutcomes.has(id), `task ${id} was said to end twice`).toBe(false);
          toldOutcomes.set(id, what);
        }
      }
    }
    expect((await linesOf(startHost(HOST, root, 0, 'drain'))).at(-1)).toBe('drained');
    expect(processesIn(root)).toEqual([]);
    expect(accepted.size).toBeGreaterThan(KILLS);

    const store = await openSqliteStore({ directory: root, lockTimeoutMs: 1_000 });
    onTestFinished(() => store.close());
    const tasks = new Map((await allTasks(store)).map((task) => [task.id, task]));
    const events = await allEvents(store);
    const outcomes = Map.groupBy(events.filter(({ type }) => TERMINAL_EVENTS.some((terminal) => terminal === type)), ({ taskId }) => taskId);
    for (const id of accepted) expect(tasks.has(id), `task ${id} was accepted and is lost`).toBe(true);
    for (const task of tasks.values()) expectOneOutcome(task, outcomes.get(task.id) ?? []);
    for (const [id, told] of toldOutcomes) expect(outcomes.get(id)?.[0]?.type, `the outcome of ${id} changed after it was told`).toBe(told);
    expect(events.map(({ offset }) => offset)).toEqual(Array.from({ length: events.length }, (_, index) => index + 1));
    // The test is worth something only if kills did hit running tasks.
    expect([...tasks.values()].filter(({ interruptions }) => interruptions > 0).length).toBeGreaterThan(5);
  }, 1_800_000);
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
