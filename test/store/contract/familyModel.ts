import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTerminalEvent } from '../../../src/lib/task-system/types/Events.ts';
import type { CancelCause, ChildFailureRule, CompletionRule, FamilyRules } from '../../../src/lib/task-system/types/Subtasks.ts';
import { isTerminal } from '../../../src/lib/task-system/types/TaskState.ts';
import type { TaskRecord, TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { allEvents, COMPLETE, FAILURE, newTask, RETRY, type OpenStore } from '../support.ts';

/** A tree as it is to grow: what its attempt comes to once it has spawned its children. */
interface Plan {
  readonly rules: FamilyRules;
  readonly end: 'completed' | 'failed' | 'retry' | 'joins';
  readonly children: readonly Plan[];
}

const rules: fc.Arbitrary<FamilyRules> = fc.record({
  completion: fc.oneof(fc.constantFrom<CompletionRule>('all', 'all', 'any'), fc.integer({ min: 1, max: 3 }).map((quorum): CompletionRule => ({ quorum }))),
  onChildFailure: fc.constantFrom<ChildFailureRule>('fail-fast', 'wait', 'ignore'),
});
const outcome = fc.constantFrom<Plan['end']>('completed', 'completed', 'completed', 'failed', 'retry', 'joins');
const plan = (depth: number): fc.Arbitrary<Plan> => fc.record({
  rules, end: outcome, children: depth === 0 ? fc.constant<readonly Plan[]>([]) : fc.array(plan(depth - 1), { maxLength: 3 }),
});
const plans = plan(3);

/** What happens next: somebody's attempt goes on, is cancelled, or the host dies. */
const tape = fc.array(fc.record({ kind: fc.constantFrom('claim', 'claim', 'claim', 'settle', 'settle', 'settle', 'settle', 'park', 'cancel', 'crash'), pick: fc.nat(1_000) }), { minLength: 5, maxLength: 80 });

/** A host that does what a tape says, and at last everything that is left to do. */
class Host {
  readonly #store: TaskStore;
  readonly #plans = new Map<string, Plan>();
  readonly #running: { readonly task: TaskRecord; isParked: boolean }[] = [];
  readonly #stops = new Map<string, CancelCause>();
  readonly #project: string;
  #incarnation = 0;
  #time = 1_000;
  #count = 0;

  constructor(store: TaskStore, run: number) {
    this.#store = store;
    this.#project = `p${String(run)}`;
  }

  async plant(tree: Plan): Promise<string> {
    return this.#submit(tree);
  }

  async act({ kind, pick }: { readonly kind: string; readonly pick: number }): Promise<void> {
    this.#time++;
    const attempt = this.#running[pick % Math.max(1, this.#running.length)];
    if (kind === 'claim') await this.#claim();
    else if (kind === 'crash') await this.#crash();
    else if (kind === 'cancel') await this.#cancel([...this.#plans.keys()][pick % this.#plans.size] ?? '');
    else if (kind === 'park' && attempt !== undefined) await this.#togglePark(attempt);
    else if (kind === 'settle' && attempt !== undefined) await this.#settle(attempt);
  }

  /** Runs everything to its end. False when that takes too long: something hangs. */
  async drain(): Promise<boolean> {
    for (let step = 0; step < 1_000; step++) {
      this.#time++;
      const claimed = await this.#claim();
      const [attempt] = this.#running;
      if (attempt !== undefined) await this.#settle(attempt);
      if (!claimed && attempt === undefined) return true;
    }
    return false;
  }

  async #submit(own: Plan, parent?: TaskRecord): Promise<string> {
    const id = `${this.#project}-${String(this.#count++)}`;
    this.#plans.set(id, own);
    const family = parent === undefined ? {} : { parentId: parent.id, rootId: parent.rootId };
    await this.#store.create(newTask(id, { project: this.#project, rules: own.rules, maxAttempts: 3, createdAt: this.#time, ...family }));
    return id;
  }

  async #claim(): Promise<boolean> {
    const claimed = await this.#store.claimNext(this.#project, this.#owner, this.#time);
    if (claimed === undefined) return false;
    this.#running.push({ task: claimed.task, isParked: false });
    const own = this.#plans.get(claimed.task.id);
    // A second attempt finds its children; a join has none to spawn.
    if (claimed.task.attempt === 1) for (const child of own?.children ?? []) await this.#submit(child, claimed.task).catch(() => undefined);
    return true;
  }

  async #togglePark(attempt: { readonly task: TaskRecord; isParked: boolean }): Promise<void> {
    const { id, fence } = attempt.task;
    if (attempt.isParked) await this.#store.families.unpark(id, fence, this.#time);
    else await this.#store.families.park(id, fence, 1, this.#time);
    attempt.isParked = !attempt.isParked;
  }

  async #settle(attempt: { readonly task: TaskRecord }): Promise<void> {
    const { task } = attempt;
    this.#running.splice(this.#running.findIndex((one) => one === attempt), 1);
    const own = this.#plans.get(task.id);
    const end = this.#stops.has(task.id) ? 'cancelled' : task.isJoining === true ? 'completed' : own?.end === 'retry' && task.attempt > 1 ? 'completed' : own?.end ?? 'completed';
    const base = { taskId: task.id, fence: task.fence, time: this.#time };
    const committed = await this.#store.settle(
      end === 'cancelled' ? { ...base, to: 'cancelled', error: { name: 'E', message: '', code: 'TASK_CANCELLED', details: { reason: 'stopped', cause: this.#stops.get(task.id) ?? 'parent' } }, event: { type: 'task:cancel', data: { reason: 'stopped', durationMs: 0 } } }
      : end === 'failed' ? { ...base, to: 'failed', error: { name: 'E', message: 'no' }, event: FAILURE }
      : end === 'retry' ? { ...base, to: 'queued', error: { name: 'E', message: 'no' }, event: RETRY }
      : { ...base, to: 'completed', resultJson: '1', event: COMPLETE, ...(end === 'joins' ? { joins: true } : {}) },
    );
    for (const { taskId, cause } of committed?.stops ?? []) if (!this.#stops.has(taskId)) this.#stops.set(taskId, cause);
  }

  async #cancel(taskId: string): Promise<void> {
    if (this.#running.some(({ task }) => task.id === taskId)) return;
    const cancelled = await this.#store.cancelQueued(taskId, 'by hand', this.#time);
    for (const stop of cancelled?.stops ?? []) if (!this.#stops.has(stop.taskId)) this.#stops.set(stop.taskId, stop.cause);
  }

  async #crash(): Promise<void> {
    this.#running.length = 0;
    this.#stops.clear();
    this.#incarnation++;
    await this.#store.recover({ owner: this.#owner, time: this.#time, maxInterruptions: 3, neverRepeat: [] });
  }

  get #owner(): string {
    return `${this.#project}-host-${String(this.#incarnation)}`;
  }
}

/**
 * Random trees under random rules, failures, cancels and crashes.
 * @param numRuns how many; each is some hundred transactions, which take long on a slow disk.
 */
export function describeFamilyModel(open: OpenStore, numRuns: number): void {
  describe('any tree, whatever happens to it', () => {
    it('never has an open child below an ended task, always comes to its end, and to the one that its rules give', async () => {
      const { store } = await open();
      let run = 0;
      await fc.assert(fc.asyncProperty(plans, tape, async (tree, actions) => {
        const host = new Host(store, ++run);
        const root = await host.plant(tree);
        for (const action of actions) {
          await host.act(action);
          expectNoOrphans(await store.families.tree(root));
        }
        expect(await host.drain()).toBe(true);
        const tasks = await store.families.tree(root);
        for (const task of tasks) await expectRightEnd(task, tasks, store);
      }), { numRuns });
    });
  });
}

function expectNoOrphans(tasks: readonly TaskRecord[]): void {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const { id, state, parentId } of tasks) {
    const parent = parentId === undefined ? undefined : byId.get(parentId);
    if (parent !== undefined && isTerminal(parent.state)) expect(isTerminal(state), `${id} goes on below ${parent.id}, which is ${parent.state}`).toBe(true);
  }
  for (const { id, state, owner } of tasks) {
    if (state !== 'waiting' || owner !== undefined) continue;
    expect(tasks.some(({ parentId, state: own }) => parentId === id && !isTerminal(own)), `${id} waits for nobody`).toBe(true);
  }
}

async function expectRightEnd(task: TaskRecord, tasks: readonly TaskRecord[], store: TaskStore): Promise<void> {
  expect(isTerminal(task.state), `${task.id} is ${task.state}`).toBe(true);
  expect((await allEvents(store, task.id)).filter(isTerminalEvent)).toHaveLength(1);
  expect(task.interruptions).toBeLessThanOrEqual(4);
  const children = tasks.filter(({ parentId }) => parentId === task.id);
  const cause = (child: TaskRecord): unknown => child.error?.details?.['cause'];
  const own = children.filter((child) => child.state !== 'cancelled' || cause(child) === undefined);
  const done = own.filter(({ state }) => state === 'completed').length;
  const { completion, onChildFailure } = task.rules ?? { completion: 'all', onChildFailure: 'fail-fast' };
  const needed = completion === 'all' ? own.length : completion === 'any' ? 1 : completion.quorum;
  if (task.state === 'completed' && children.length > 0 && onChildFailure !== 'ignore') expect(done, `${task.id} is complete`).toBeGreaterThanOrEqual(needed);
  if (task.error?.code === 'TASK_CHILD_FAILED') {
    expect(onChildFailure).not.toBe('ignore');
    expect(done, `${task.id} failed by its children`).toBeLessThan(needed);
  }
  if (task.state === 'cancelled' && cause(task) !== undefined) expect(tasks.find(({ id }) => id === task.parentId)?.state).not.toBe(cause(task) === 'parent' ? 'completed' : undefined);
}
