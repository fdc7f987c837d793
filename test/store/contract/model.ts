import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTerminal, type TaskState } from '../../../src/lib/task-system/types/TaskState.ts';
import { isTerminalEvent, type TaskEvent } from '../../../src/lib/task-system/types/Events.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, COMPLETE, FAILURE, newTask, RETRY, warning, type OpenStore } from '../support.ts';

/** What the model knows of a task: as little as decides what the store must answer. */
interface ModelTask {
  readonly id: string;
  readonly project: string;
  readonly orderKey: number;
  state: TaskState;
  runAt: number;
  promoted: boolean;
  fence: number;
  events: number;
}

/** A step, and what it must do to the model and to the store. */
type Step = (model: Model, store: TaskStore) => Promise<void>;

const PROJECTS = ['p', 'q'] as const;

/** A store small enough to be obviously right. Its clock goes on by one with each step. Each history has projects of its own. */
class Model {
  readonly tasks: ModelTask[] = [];
  readonly keys = new Map<string, string>();
  readonly run: number;
  time: number;

  constructor(run: number) {
    this.run = run;
    this.time = run * 1_000_000;
  }

  projectOf(name: string): string {
    return `${name}${String(this.run)}`;
  }

  ready(project: string): ModelTask | undefined {
    const ready = this.tasks.filter((task) => task.project === this.projectOf(project) && task.state === 'queued' && task.promoted);
    return ready.toSorted((a, b) => a.orderKey - b.orderKey)[0];
  }

  pick(index: number): ModelTask | undefined {
    return this.tasks.length === 0 ? undefined : this.tasks[index % this.tasks.length];
  }
}

const project = fc.constantFrom(...PROJECTS);
const pick = fc.nat(20);

const create = fc.record({ project, orderKey: fc.integer({ min: -3, max: 3 }), delay: fc.constantFrom(0, 0, 5), key: fc.option(fc.constantFrom('k1', 'k2')) })
  .map(({ project: name, orderKey, delay, key }): Step => async (model, store) => {
    const id = `t${String(model.time)}`;
    const runAt = model.time + delay;
    const known = key === null ? undefined : model.keys.get(`${name}/${key}`);
    const { existed, task } = await store.create(newTask(id, { project: model.projectOf(name), orderKey, createdAt: model.time, runAt, ...(key === null ? {} : { idempotencyKey: key }) }));
    expect(existed).toBe(known !== undefined);
    expect(task.id).toBe(known ?? id);
    if (known !== undefined) return;
    model.tasks.push({ id, project: model.projectOf(name), orderKey, state: 'queued', runAt, promoted: delay === 0, fence: 0, events: 1 });
    if (key !== null) model.keys.set(`${name}/${key}`, id);
  });

const claim = project.map((name): Step => async (model, store) => {
  const expected = model.ready(name);
  const claimed = await store.claimNext(model.projectOf(name), 'host', model.time);
  expect(claimed?.task.id).toBe(expected?.id);
  if (expected === undefined) return;
  expected.state = 'running';
  expected.promoted = false;
  expected.fence++;
  expected.events++;
  expect(claimed?.task).toMatchObject({ fence: expected.fence, attempt: expected.fence });
});

const settle = fc.record({ index: pick, stale: fc.constantFrom(0, 0, 0, 1, -1), to: fc.constantFrom('completed', 'failed', 'cancelled', 'queued'), delay: fc.constantFrom(0, 4) })
  .map(({ index, stale, to, delay }): Step => async (model, store) => {
    const task = model.pick(index);
    if (task === undefined) return;
    const event = { completed: COMPLETE, failed: FAILURE, cancelled: { type: 'task:cancel', data: { reason: 'x', durationMs: 1 } }, queued: RETRY } as const;
    const runAt = model.time + delay;
    const settled = await store.settle({ taskId: task.id, fence: task.fence + stale, to, time: model.time, event: event[to], ...(to === 'queued' ? { runAt } : {}) });
    const isAllowed = task.state === 'running' && stale === 0;
    expect(settled !== undefined).toBe(isAllowed);
    if (!isAllowed) return;
    Object.assign(task, { state: to, runAt, promoted: to === 'queued' && delay === 0, events: task.events + 1 });
  });

const cancelQueued = pick.map((index): Step => async (model, store) => {
  const task = model.pick(index);
  if (task === undefined) return;
  const cancelled = await store.cancelQueued(task.id, 'x', model.time);
  expect(cancelled !== undefined).toBe(task.state === 'queued');
  if (cancelled !== undefined) Object.assign(task, { state: 'cancelled', promoted: false, events: task.events + 1 });
});

const append = fc.record({ index: pick, stale: fc.constantFrom(0, 0, 1), amount: fc.nat(3) }).map(({ index, stale, amount }): Step => async (model, store) => {
  const task = model.pick(index);
  if (task === undefined) return;
  const stored = await store.append(task.id, task.fence + stale, Array.from({ length: amount }, () => warning('x')), model.time);
  const isAllowed = task.state === 'running' && stale === 0;
  expect(stored?.length).toBe(isAllowed ? amount : undefined);
  if (isAllowed) task.events += amount;
});

const promote = fc.constant<Step>(async (model, store) => {
  const due = model.tasks.filter((task) => task.state === 'queued' && !task.promoted && task.runAt <= model.time);
  const { ready } = await store.promoteDue(model.time);
  expect(ready.reduce((sum, { count }) => sum + count, 0)).toBe(due.length);
  for (const task of due) task.promoted = true;
});

const recover = fc.constantFrom('host', 'next').map((owner): Step => async (model, store) => {
  const orphans = owner === 'host' ? [] : model.tasks.filter(({ state }) => state === 'running');
  const recovered = await store.recover({ owner, time: model.time, maxInterruptions: 1_000, neverRepeat: [] });
  expect(recovered.map(({ task }) => task.id).toSorted()).toEqual(orphans.map(({ id }) => id).toSorted());
  for (const task of orphans) Object.assign(task, { state: 'queued', promoted: true, runAt: model.time, events: task.events + 1 });
});

/** Random histories, checked against the model at every step and at the end. */
export function describeModel(open: OpenStore): void {
  describe('any history of operations', () => {
    it('answers as the model does, and leaves a whole log with one end per task', async () => {
      const steps = fc.array(fc.oneof(create, create, claim, claim, settle, cancelQueued, append, promote, recover), { minLength: 20, maxLength: 60 });
      const { store } = await open();
      let run = 0;
      let offset = 0;
      await fc.assert(fc.asyncProperty(steps, async (history) => {
        const model = new Model(++run);
        for (const step of history) {
          await step(model, store);
          model.time++;
        }
        const events = await store.readEvents(offset, 1_000) ?? [];
        expect(events.map((event) => event.offset)).toEqual(events.map((_, index) => offset + index + 1));
        await compare(model, store, events);
        offset = await settleAll(model, store);
      }), { numRuns: 25 });
    });
  });
}

/** Leaves nothing behind that the next history would meet; returns how far the log goes. */
async function settleAll(model: Model, store: TaskStore): Promise<number> {
  await store.recover({ owner: 'nobody', time: model.time, maxInterruptions: 1_000, neverRepeat: [] });
  await Promise.all(model.tasks.map((task) => store.cancelQueued(task.id, 'over', model.time)));
  const left = await store.counts();
  expect(left).toEqual([]);
  return (await allEvents(store)).length;
}

async function compare(model: Model, store: TaskStore, events: readonly TaskEvent[]): Promise<void> {
  for (const expected of model.tasks) {
    await expect(store.get(expected.id)).resolves.toMatchObject({ state: expected.state, fence: expected.fence });
    const own = await allEvents(store, expected.id);
    expect(own).toEqual(events.filter(({ taskId }) => taskId === expected.id));
    expect(own).toHaveLength(expected.events);
    expect(own.filter(isTerminalEvent)).toHaveLength(isTerminal(expected.state) ? 1 : 0);
    expect(own[0]?.type).toBe('task:create');
  }
  for (const name of PROJECTS) {
    const of = (state: TaskState): number => model.tasks.filter((task) => task.project === model.projectOf(name) && task.state === state).length;
    const ready = model.tasks.filter((task) => task.project === model.projectOf(name) && task.promoted).length;
    const counts = (await store.counts()).find((entry) => entry.project === model.projectOf(name)) ?? { ready: 0, delayed: 0, running: 0 };
    expect([counts.ready, counts.delayed, counts.running]).toEqual([ready, of('queued') - ready, of('running')]);
  }
}
