import { TaskQueue, type LaneSettings } from '../../src/lib/task-system/core/TaskQueue.ts';

interface Work {
  readonly project: string;
  readonly settle: (error?: Error) => void;
  readonly over: Promise<void>;
}

/** A queue with imaginary tasks: each runs until the test ends it. */
export class QueueBench {
  readonly queue: TaskQueue;
  /** Projects in the order in which their tasks were started. */
  readonly starts: string[] = [];
  readonly #running: Work[] = [];
  #entered = 0;

  constructor(maxConcurrent: number, settings: Readonly<Record<string, Partial<LaneSettings>>> = {}) {
    this.queue = new TaskQueue(maxConcurrent, (project) => ({ maxConcurrent, weight: 1, ...settings[project] }));
  }

  /** Projects of the tasks that run now, the oldest first. */
  get running(): readonly string[] {
    return this.#running.map(({ project }) => project);
  }

  /** How many tasks have begun to work, and have not ended. */
  get entered(): number {
    return this.#entered;
  }

  /** Puts due tasks into the queue. */
  add(project: string, count = 1): this {
    this.queue.adjust(project, { ready: count, pending: count });
    return this;
  }

  /** Starts one task of the project that the queue chooses; returns the project. */
  startNext(): string | undefined {
    const project = this.queue.choose();
    if (project === undefined) return undefined;
    this.startIn(project);
    this.queue.adjust(project, { ready: -1, pending: -1 });
    return project;
  }

  /** Starts a task that never was in the queue. */
  startIn(project: string): void {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const over = this.queue.start(project, async () => {
      this.#entered++;
      await promise.finally(() => { this.#entered--; });
    });
    this.starts.push(project);
    this.#running.push({ project, over, settle: (error) => { if (error === undefined) resolve(undefined); else reject(error); } });
  }

  /** Starts as many tasks as the queue allows; returns their projects. */
  fill(): readonly string[] {
    const started: string[] = [];
    for (let project = this.startNext(); project !== undefined; project = this.startNext()) started.push(project);
    return started;
  }

  /** Ends a running task (the oldest, or the one at a position) and waits until its slot is free. */
  async finish(index = 0): Promise<string> {
    const work = this.#take(index);
    work.settle();
    await work.over;
    return work.project;
  }

  /** Ends the oldest running task of a project. */
  async finishOf(project: string): Promise<void> {
    await this.finish(this.running.indexOf(project));
  }

  /** Lets a running task throw; resolves with what the queue's promise rejected with. */
  async fail(error: Error, index = 0): Promise<unknown> {
    const work = this.#take(index);
    work.settle(error);
    return work.over.then(() => undefined, (reason: unknown) => reason);
  }

  /** One task ends and the free slot is given away, as often as told; returns the projects that got a slot. */
  async turn(times: number): Promise<readonly string[]> {
    const served: string[] = [];
    for (let count = 0; count < times; count++) {
      if (this.#running.length > 0) await this.finish();
      served.push(...this.fill());
    }
    return served;
  }

  /** Ends everything that runs. */
  async drain(): Promise<void> {
    while (this.#running.length > 0) await this.finish();
  }

  #take(index: number): Work {
    const [work] = this.#running.splice(index, 1);
    if (work === undefined) throw new Error(`no task at position ${index}`);
    return work;
  }
}
