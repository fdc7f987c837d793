import type { FakeClock } from '../../../src/lib/task-system/testing/FakeClock.ts';
import type { Clock } from '../../../src/lib/task-system/types/Ports.ts';
import type { TaskStore } from '../../../src/lib/task-system/types/TaskStore.ts';

interface Asked {
  readonly work: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Everything that takes time in one host, under the control of a test: what is asked of the store is done when the test says so, in the
 * order in which it was asked, and so are the steps of its tasks, in any order. A host that is dead hears and does nothing any more.
 */
export class SimulatedHost {
  readonly clock: Clock;
  readonly #asked: Asked[] = [];
  readonly #steps: (() => void)[] = [];
  #isDead = false;

  constructor(clock: FakeClock) {
    this.clock = { now: () => clock.now(), setTimer: (delayMs, callback) => clock.setTimer(delayMs, () => { if (!this.#isDead) callback(); }) };
  }

  /** How many operations of the store are waited for. */
  get asked(): number {
    return this.#asked.length;
  }

  /** How many steps of tasks are waited for. */
  get steps(): number {
    return this.#steps.length;
  }

  /** The store as this host sees it. */
  storeOf(store: TaskStore): TaskStore {
    return this.#slowed(store);
  }

  /** Resolves when the test lets it. */
  step(): Promise<void> {
    return new Promise((resolve) => { this.#steps.push(resolve); });
  }

  /** Lets one step of a task be done. */
  goOn(which: number): void {
    this.#steps.splice(which % this.#steps.length, 1)[0]?.();
  }

  /** Lets the store do what it was asked for first; the answers arrive in one piece, as those of one transaction do. */
  async serve(count: number): Promise<void> {
    const batch = this.#asked.splice(0, count);
    const answers = await Promise.allSettled(batch.map(({ work }) => work()));
    if (this.#isDead) return;
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') batch[index]?.resolve(answer.value);
      else batch[index]?.reject(answer.reason);
    }
  }

  /** The host dies; of what it asked for, the store still does so much, and nobody hears of it. */
  async die(done: number): Promise<void> {
    this.#isDead = true;
    await this.serve(done);
    this.#asked.length = 0;
    this.#steps.length = 0;
  }

  #slowed<Part extends object>(part: Part): Part {
    return new Proxy(part, {
      get: (target, name): unknown => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value === 'function') return (...args: readonly unknown[]) => this.#ask(() => Promise.resolve(Reflect.apply(value, target, args)));
        return typeof value === 'object' && value !== null ? this.#slowed(value) : value;
      },
    });
  }

  #ask(work: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => { if (!this.#isDead) this.#asked.push({ work, resolve, reject }); });
  }
}
