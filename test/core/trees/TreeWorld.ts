import { expect } from 'vitest';
import { openMemoryStore } from '../../../src/lib/task-system/store/SqliteStore.ts';
import { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import { isTerminalEvent, type TaskEvent } from '../../../src/lib/task-system/types/Events.ts';
import { parseTaskSystemOptions } from '../../../src/lib/task-system/types/parseOptions.ts';
import type { ResolvedOptions } from '../../../src/lib/task-system/types/ResolvedOptions.ts';
import { isTerminal } from '../../../src/lib/task-system/types/TaskState.ts';
import type { TaskRecord, TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';
import { turns } from '../until.ts';
import { makeEngine, type Engine } from './makeEngine.ts';
import { LEAF, submissionOf, type Plan } from './plans.ts';
import { SimulatedHost } from './SimulatedHost.ts';
import { SimulatedSessions } from './SimulatedSessions.ts';

/** What happens to a world while its trees grow, besides what they do themselves. */
export interface Weather {
  /** By this number the order is chosen in which everything happens. */
  readonly seed: number;
  readonly maxConcurrent: number;
  /** How often the host is killed. */
  readonly crashes: number;
  /** How many tasks are cancelled. */
  readonly cancels: number;
  /** How many children are added from outside. */
  readonly additions: number;
  /** Lets everything happen that can, at every moment, instead of one thing after the other. */
  readonly isCalm?: boolean;
  /**
   * For how long nothing may happen without anybody being stuck, in milliseconds. The default is longer than any wait before another try, and
   * shorter than the time that a task has which was given none of its own.
   */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 600_000;
const STEP_MS = 1_000;
/** Far more than the largest tree needs. */
const MAX_HAPPENED = 50_000;

/** A store with trees, and the hosts that work on it, one after the other. Which of the things that can happen next happens is drawn by lot. */
export class TreeWorld {
  readonly store: TaskStore;
  readonly #weather: Weather;
  readonly #options: ResolvedOptions;
  readonly #clock = new FakeClock();
  readonly #plans: Plan[] = [];
  readonly #ids = new Map<Plan, number>();
  readonly #random: (bound: number) => number;
  readonly #roots: string[] = [];
  readonly #left: { crashes: number; cancels: number; additions: number };
  readonly #peaks: number[] = [];
  #happened = 0;
  #cancelling = 0;
  #hosts = 0;
  #now: Present;

  private constructor(store: TaskStore, weather: Weather) {
    const { crashes, cancels, additions, maxConcurrent, seed } = weather;
    this.store = store;
    this.#weather = weather;
    this.#left = { crashes, cancels, additions };
    this.#random = lots(seed);
    this.#options = parseTaskSystemOptions({
      root: '/nowhere', queue: { maxConcurrent, maxWaiting: 10_000 }, subtasks: { maxTasks: 10_000 },
      tasks: { node: { module: new URL('file:///node.js'), timeoutMs: 1.5 * PATIENCE_MS } },
    });
    this.#now = this.#newHost();
  }

  /** Opens an empty world. */
  static async open(weather: Weather): Promise<TreeWorld> {
    return new TreeWorld(await openMemoryStore(), weather);
  }

  /** The most tasks that were at work at once, by the count of the tasks themselves. */
  get peak(): number {
    return Math.max(...this.#peaks, this.#now.sessions.peak);
  }

  /** Lets trees grow until every task has ended and nobody waits for anything. */
  async grow(plans: readonly Plan[]): Promise<void> {
    const starting = this.#now.engine.runner.start();
    for (const plan of plans) await this.#until(starting.then(() => this.#plant(plan)));
    for (let idleMs = 0; ;) {
      await turns(2);
      if (this.#now.host.asked + this.#now.host.steps > 0) {
        idleMs = 0;
        if (++this.#happened > MAX_HAPPENED) throw new Error(`it goes on and on:\n${await this.#describe()}`);
        await this.#happen();
        continue;
      }
      await turns(5);
      if (this.#now.host.asked + this.#now.host.steps > 0) continue;
      if (await this.#isOver()) return;
      if (idleMs > (this.#weather.patienceMs ?? PATIENCE_MS)) throw new Error(`nothing happens any more:\n${await this.#describe()}`);
      idleMs += STEP_MS;
      this.#clock.advance(STEP_MS);
    }
  }

  /** What every world must look like in the end. */
  async check(): Promise<void> {
    const { engine } = this.#now;
    expect(this.peak).toBeLessThanOrEqual(this.#weather.maxConcurrent);
    expect(engine.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
    // Nothing is left of it: no lane, no slot.
    expect([engine.queue.running, engine.queue.size]).toEqual([0, 0]);
    const events = await this.#events();
    for (const root of this.#roots) checkTree(await this.store.families.tree(root), events);
  }

  /** The tasks of the trees, with the plans by which they behave. */
  async tasks(): Promise<readonly { readonly task: TaskRecord; readonly plan: Plan }[]> {
    const found = await Promise.all(this.#roots.map(async (root) => this.store.families.tree(root)));
    const whole = await Promise.all(found.flat().map(({ id }) => this.store.get(id)));
    return whole.flatMap((task) => (task === undefined ? [] : [{ task, plan: this.#planOf(Number(task.inputJson)) }]));
  }

  close(): Promise<void> {
    return this.store.close();
  }

  async #plant(plan: Plan): Promise<void> {
    const { id } = await this.#now.engine.submitter.accept({ type: 'node', input: this.#idOf(plan), ...submissionOf(plan) });
    this.#roots.push(id);
  }

  /** Lets the store work until something is done. */
  async #until(done: Promise<unknown>): Promise<void> {
    const open = new Set([done]);
    void done.finally(() => { open.clear(); });
    while (open.size > 0) {
      if (++this.#happened > MAX_HAPPENED) throw new Error(`the host does not answer:\n${await this.#describe()}`);
      await turns(1);
      await this.#now.host.serve(this.#now.host.asked);
    }
    await done;
  }

  /** One thing that can happen happens. */
  async #happen(): Promise<void> {
    const { host } = this.#now;
    if (this.#weather.isCalm === true) {
      while (host.steps > 0) host.goOn(0);
      await host.serve(host.asked);
      return;
    }
    this.#clock.advance(this.#random(4));
    const lot = this.#random(60);
    if (lot === 0 && this.#left.crashes > 0) await this.#crash();
    else if (lot === 1 && this.#left.cancels > 0) await this.#cancel();
    else if (lot === 2 && this.#left.additions > 0) await this.#add();
    else if (host.asked > 0 && (host.steps === 0 || lot % 2 === 0)) await host.serve(1 + this.#random(host.asked));
    else if (host.steps > 0) host.goOn(this.#random(host.steps));
    await this.#checkRunning();
  }

  async #crash(): Promise<void> {
    this.#left.crashes--;
    this.#peaks.push(this.#now.sessions.peak);
    await this.#now.host.die(this.#random(this.#now.host.asked + 1));
    this.#cancelling = 0;
    this.#now = this.#newHost();
    await this.#until(this.#now.engine.runner.start());
  }

  async #cancel(): Promise<void> {
    const task = await this.#someTask();
    if (task === undefined) return;
    this.#left.cancels--;
    this.#cancelling++;
    const { host } = this.#now;
    void this.#now.engine.runner.cancel(task.id, 'the weather').finally(() => { if (host === this.#now.host) this.#cancelling--; });
  }

  async #add(): Promise<void> {
    const task = await this.#someTask();
    if (task === undefined) return;
    this.#left.additions--;
    // Its parent may have ended meanwhile, which is an error of a kind that is tested elsewhere.
    this.#now.engine.submitter.accept({ type: 'node', input: this.#idOf(LEAF), parentId: task.id }).catch(() => undefined);
  }

  async #someTask(): Promise<TaskRecord | undefined> {
    const root = this.#roots[this.#random(this.#roots.length)];
    const open = root === undefined ? [] : (await this.store.families.tree(root)).filter(({ state }) => !isTerminal(state));
    return open[this.#random(Math.max(1, open.length))];
  }

  async #checkRunning(): Promise<void> {
    const running = (await this.store.counts()).reduce((sum, project) => sum + project.running, 0);
    expect(running, 'tasks that run by the word of the store').toBeLessThanOrEqual(this.#weather.maxConcurrent);
  }

  async #isOver(): Promise<boolean> {
    return this.#cancelling === 0 && (await this.store.counts()).length === 0;
  }

  async #events(): Promise<ReadonlyMap<string, readonly TaskEvent[]>> {
    return Map.groupBy(await this.store.readEvents(0, 1_000_000) ?? [], ({ taskId }) => taskId);
  }

  async #describe(): Promise<string> {
    const tasks = (await this.tasks()).map(({ task: { id, parentId, state, owner, isClosing, isJoining, runAt, attempt } }) => JSON.stringify({ id, parentId, state, owner, isClosing, isJoining, runAt, attempt }));
    const { engine } = this.#now;
    return [...tasks, `${String(this.#cancelling)} cancels are under way, ${String(engine.queue.running)} slots in use`, ...engine.logger.lines.map(({ message, details }) => `${message} ${JSON.stringify(details)}`)].join('\n');
  }

  #newHost(): Present {
    const host = new SimulatedHost(this.#clock);
    const sessions = new SimulatedSessions(host, (input) => this.#planOf(Number(input)), (plan) => this.#idOf(plan));
    return { host, sessions, engine: makeEngine(`host${String(this.#hosts++)}`, this.#options, this.store, host, sessions) };
  }

  #planOf(id: number): Plan {
    return this.#plans[id] ?? LEAF;
  }

  /** The same for another attempt. */
  #idOf(plan: Plan): number {
    const known = this.#ids.get(plan);
    if (known !== undefined) return known;
    this.#ids.set(plan, this.#plans.length);
    return this.#plans.push(plan) - 1;
  }
}

/** The host of the moment. */
interface Present {
  readonly host: SimulatedHost;
  readonly sessions: SimulatedSessions;
  readonly engine: Engine;
}

function checkTree(tasks: readonly TaskRecord[], events: ReadonlyMap<string, readonly TaskEvent[]>): void {
  const ends = new Map<string, number>();
  for (const { id, state } of tasks) {
    expect(isTerminal(state), `${id} is ${state}`).toBe(true);
    const own = events.get(id) ?? [];
    expect(own.filter(isTerminalEvent), `outcomes of ${id}`).toHaveLength(1);
    expect(own.findIndex(isTerminalEvent), `the last event of ${id}`).toBe(own.length - 1);
    ends.set(id, own.at(-1)?.offset ?? 0);
  }
  for (const { id, parentId } of tasks) {
    if (parentId !== undefined) expect(ends.get(id), `${id} ended before its parent`).toBeLessThan(ends.get(parentId) ?? 0);
  }
}

/** Numbers that look random, the same for the same seed (mulberry32). */
function lots(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
