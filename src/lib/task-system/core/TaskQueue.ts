import PQueue from 'p-queue';

/** What the queue knows of a project from the options. */
export interface LaneSettings {
  readonly maxConcurrent: number;
  readonly weight: number;
}

/** A project's lane: its p-queue, and the counters by which it is chosen. */
interface Lane {
  readonly settings: LaneSettings;
  readonly queue: PQueue;
  /** Due tasks in the store, as far as known. May be too high after a cancel; a claim that finds nothing puts it right. */
  ready: number;
  /** Queued tasks, due or delayed. */
  pending: number;
  /** Slots in use. */
  running: number;
  /** Virtual time: grows by 1/weight with each start. */
  pass: number;
}

/** A lane as the snapshot shows it. */
export interface LaneState {
  readonly running: number;
  readonly isPaused: boolean;
}

/**
 * Decides who runs next. Tasks themselves wait in the store; here are only a lane and a few numbers per project that has
 * something to do, so a million pending tasks cost nothing.
 *
 * A free slot goes to the project with the smallest number of slots in use over its weight; among equals to the one with the
 * smallest virtual time (stride scheduling, Waldspurger 1995), which serves them in turn by weight. A project that comes back
 * starts at the present virtual time: what it used or did not use before gives it neither debt nor credit. So a flood in one
 * project delays another by one slot turn at most.
 */
export class TaskQueue {
  readonly #maxConcurrent: number;
  readonly #settingsOf: (project: string) => LaneSettings;
  readonly #lanes = new Map<string, Lane>();
  readonly #paused = new Set<string | undefined>();
  #running = 0;
  #virtualTime = 0;

  constructor(maxConcurrent: number, settingsOf: (project: string) => LaneSettings) {
    this.#maxConcurrent = maxConcurrent;
    this.#settingsOf = settingsOf;
  }

  /** Slots in use over all projects. */
  get running(): number {
    return this.#running;
  }

  /** Changes how many tasks of a project are due and how many are queued in all. */
  adjust(project: string, change: { readonly ready?: number; readonly pending?: number }): void {
    const lane = this.#lane(project);
    if (lane.ready === 0 && (change.ready ?? 0) > 0 && lane.running === 0) lane.pass = Math.max(lane.pass, this.#virtualTime);
    lane.ready = Math.max(0, lane.ready + (change.ready ?? 0));
    lane.pending = Math.max(0, lane.pending + (change.pending ?? 0));
    this.#forgetIfIdle(project, lane);
  }

  /** A claim found no due task although `claimed` were believed to be there. */
  correct(project: string, claimed: number): void {
    this.adjust(project, { ready: -claimed });
  }

  /** Queued tasks of a project, due or delayed. */
  pendingOf(project: string): number {
    return this.#lanes.get(project)?.pending ?? 0;
  }

  /** Due tasks of a project, as far as known. */
  readyOf(project: string): number {
    return this.#lanes.get(project)?.ready ?? 0;
  }

  /** The project that the next free slot belongs to; undefined when no slot is free or nobody may use it. */
  choose(): string | undefined {
    if (this.#running >= this.#maxConcurrent || this.#paused.has(undefined)) return undefined;
    let best: { readonly project: string; readonly lane: Lane } | undefined;
    for (const [project, lane] of this.#lanes) {
      if (lane.ready === 0 || !this.#hasRoom(project, lane)) continue;
      if (best === undefined || goesBefore(lane, best.lane)) best = { project, lane };
    }
    return best?.project;
  }

  /** Whether a task submitted now to this project may start at once without overtaking anybody. */
  canStartNow(project: string): boolean {
    if (this.#running >= this.#maxConcurrent || this.#paused.has(undefined)) return false;
    const lane = this.#lane(project);
    return lane.ready === 0 && this.#hasRoom(project, lane) && this.choose() === undefined;
  }

  /** Takes a slot and runs `work` in the project's lane. The slot is given back when `work` settles. */
  async start(project: string, work: () => Promise<void>): Promise<void> {
    const lane = this.#lane(project);
    this.#virtualTime = Math.max(this.#virtualTime, lane.pass);
    lane.pass = Math.max(lane.pass, this.#virtualTime) + 1 / lane.settings.weight;
    lane.running++;
    this.#running++;
    try {
      await lane.queue.add(work);
    } finally {
      lane.running--;
      this.#running--;
      this.#forgetIfIdle(project, lane);
    }
  }

  /** Stops or restarts the choice of a project, or of everything. Running tasks go on. */
  setPaused(project: string | undefined, isPaused: boolean): void {
    if (isPaused) this.#paused.add(project);
    else this.#paused.delete(project);
  }

  /** Whether everything (without a name) or one project is paused. */
  isPaused(project?: string): boolean {
    return this.#paused.has(project);
  }

  /** The projects that are paused by name. */
  pausedProjects(): readonly string[] {
    return [...this.#paused].filter((project) => project !== undefined);
  }

  #hasRoom(project: string, lane: Lane): boolean {
    return lane.running < lane.settings.maxConcurrent && !this.#paused.has(project);
  }

  #lane(project: string): Lane {
    const known = this.#lanes.get(project);
    if (known !== undefined) return known;
    const settings = this.#settingsOf(project);
    const queue = new PQueue({ concurrency: settings.maxConcurrent });
    const lane: Lane = { settings, queue, ready: 0, pending: 0, running: 0, pass: this.#virtualTime };
    this.#lanes.set(project, lane);
    return lane;
  }

  /** A lane without work carries no information: it would start at the present virtual time anyway. */
  #forgetIfIdle(project: string, lane: Lane): void {
    if (lane.pending === 0 && lane.ready === 0 && lane.running === 0 && lane.pass <= this.#virtualTime) this.#lanes.delete(project);
  }
}

function goesBefore(a: Lane, b: Lane): boolean {
  const shareA = a.running / a.settings.weight;
  const shareB = b.running / b.settings.weight;
  return shareA === shareB ? a.pass < b.pass : shareA < shareB;
}
