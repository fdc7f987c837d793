import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '../../src/lib/task-system/store/SqliteStore.ts';
import { TERMINAL_EVENTS, type TaskEvent } from '../../src/lib/task-system/types/Events.ts';
import { isTerminal } from '../../src/lib/task-system/types/TaskState.ts';
import type { TaskRecord } from '../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, allTasks, linesOf, startHost } from './killedHosts.ts';
import { processesIn, temporaryDirectory } from './support.ts';

/** All 50 moments with TREE_KILLS=50; a few of them otherwise, as each takes about a second. */
const KILLS = Number(process.env['TREE_KILLS'] ?? '8');
const HOST = 'trees.mjs';
/** How many kills have to hit a child that runs. */
const ENOUGH = 3;

const isEnd = ({ type }: TaskEvent): boolean => TERMINAL_EVENTS.some((terminal) => terminal === type);

describe('a host with trees that is killed again and again', () => {
  it(`gives each tree the outcome of its rules after ${String(KILLS)} kills, each task one outcome, and runs nothing again that had ended`, async () => {
    const root = temporaryDirectory();
    const accepted = new Set<string>();
    // A fixed, irregular sequence of moments: every phase of the work gets its kills.
    let hits = 0;
    // Where the machine lets all of them miss the trees, there are some more.
    for (let kill = 0; kill < KILLS || (hits < ENOUGH && kill < 5 * KILLS); kill++) {
      const lines = await linesOf(startHost(HOST, root, kill, 'grow'), 2 + (kill * 17) % 43);
      for (const line of lines) if (line.startsWith('accepted ')) accepted.add(line.slice('accepted '.length));
      if (hasRunningChild(lines)) hits++;
    }
    expect((await linesOf(startHost(HOST, root, 0, 'drain'))).at(-1)).toBe('drained');
    expect(processesIn(root)).toEqual([]);

    const store = await openSqliteStore({ directory: root, lockTimeoutMs: 1_000 });
    onTestFinished(() => store.close());
    const tasks = await allTasks(store);
    const events = Map.groupBy(await allEvents(store), ({ taskId }) => taskId);
    const families = Map.groupBy(tasks, ({ parentId }) => parentId);
    for (const id of accepted) expect(tasks.some((task) => task.id === id), `task ${id} was accepted and is lost`).toBe(true);
    for (const task of tasks) {
      expectOneOutcome(task, events.get(task.id) ?? []);
      expectRuled(task, families.get(task.id) ?? []);
    }
    // The test is worth something only if kills did hit trees.
    expect(tasks.some(({ parentId, interruptions }) => parentId !== undefined && interruptions > 0)).toBe(true);
    expect(families.size).toBeGreaterThan(KILLS / 2);
  }, 1_800_000);
});

/** Whether a child ran, by what a host said last of it: what it did after that was its end, if the kill was not. */
function hasRunningChild(lines: readonly string[]): boolean {
  const last = new Map(lines.map((line) => line.split(' ')).map(([what = '', id = '', , parentId = '']) => [id, { what, parentId }]));
  return [...last.values()].some(({ what, parentId }) => parentId !== '' && (what === 'task:start' || what === 'task:resume'));
}

function expectOneOutcome(task: TaskRecord, events: readonly TaskEvent[]): void {
  expect(isTerminal(task.state), `task ${task.id} is ${task.state}`).toBe(true);
  expect(events.filter(isEnd), `outcomes of ${task.id}`).toHaveLength(1);
  expect(events.slice(events.findIndex(isEnd) + 1).map(({ type }) => type).filter((type) => type === 'task:start')).toEqual([]);
  expect(task.interruptions).toBeLessThanOrEqual(4);
  if (task.interruptions === 4) expect(task.error?.code).toMatch(/^TASK_(?:INTERRUPTED|CANCELLED)$/);
}

/** What children decide: a parent that completed has those that its rule asks for, one that failed by them has not. */
function expectRuled(task: TaskRecord, children: readonly TaskRecord[]): void {
  const parentEnds = children.filter((child) => !isTerminal(child.state));
  expect(parentEnds, `open children of ${task.id}, which is ${task.state}`).toEqual([]);
  if (children.length === 0 || task.error?.code !== 'TASK_CHILD_FAILED' || task.error.details?.['childState'] !== undefined) return;
  const { completion, onChildFailure } = task.rules ?? { completion: 'all', onChildFailure: 'fail-fast' };
  const own = children.filter(({ state, error }) => state !== 'cancelled' || error?.details?.['cause'] === undefined);
  const done = own.filter(({ state }) => state === 'completed').length;
  expect(onChildFailure).not.toBe('ignore');
  expect(done).toBeLessThan(completion === 'all' ? own.length : completion === 'any' ? 1 : completion.quorum);
}
