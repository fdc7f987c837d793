import PQueue from 'p-queue';
import { TaskSlot, type Slot } from './Slot.ts';
import { enter, Slots } from './Slots.ts';

/** What the queue knows of a project from the options. */
export interface LaneSettings {
  readonly maxConcurrent: number;
  readonly weight: number;
}

/** Virtual times that differ by less are the same: sums of fractions depend on where they began. */
const ROUNDING = 1e-9;

/** A project's lane: its p-queue, and the counters by which it is chosen. */
interface Lane {
  readonly project: string;
  readonly settings: LaneSettings;
  readonly queue: PQueue;
  /** Due tasks in the store, as far as known. May be too high after a cancel; a claim that finds nothing puts it right. */
  ready: number;
  /** How many tasks ever became due, as long as this lane has been there. */
  arrivals: number;
  /** Queued tasks, due or delayed. Below zero for the moment in which a cancel and a claim meet at the same task. */
  pending: number;
  /** Slots in use. */
  running: number;
  /** Tasks that were started and gave their slot back for a while. */
  parked: number;
  /** Virtual time of its next start: grows by 1/weight with each one. */
  pass: number;
  /** Whether it came with nothing in use, and nothing of it was started since. */
  isNew: boolean;
}

/**
 * Decides who runs next. Tasks themselves wait in the store; here are only a lane and a few numbers per project that has
 * something to do, so a million pending tasks cost nothing.
 *
 * A free slot goes to the project with the smallest number of slots in use over its weight; among equals to the one with the
 * smallest virtual time (stride scheduling, Waldspurger 1995), which serves them in turn by weight; and then to the one that was
 * not served for longest. A project that comes back starts at the present virtual time: what it used or did not use before gives
 * it neither debt nor credit. The present is the last turn that was served; the first start of a newcomer moves it on, by less than
 * a turn: so a newcomer goes before the next task of a flood, and an endless row of newcomers cannot keep the flood waiting for ever.
 */
export class TaskQueue {
  readonly #slots: Slots<Lane>;
  readonly #settingsOf: (project: string) => LaneSettings;
  readonly #lanes = new Map<string, Lane>();
  /** The lanes with due tasks; the one that was not served for longest comes first. */
  readonly #ready = new Set<Lane>();
  readonly #paused = new Set<string | undefined>();
  /** Sum of the weights of `#ready`. */
  #readyWeight = 0;
  #virtualTime = 0;

  constructor(maxConcurrent: number, settingsOf: (project: string) => LaneSettings) {
    this.#slots = new Slots(maxConcurrent, (lane) => { this.#forgetIfIdle(lane); });
    this.#settingsOf = settingsOf;
  }

  /** Slots in use over all projects. */
  get running(): number {
    return this.#slots.running;
  }

  /** How many projects have tasks that are queued or run. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Changes how many tasks of a project are due and how many are queued in all. */
  adjust(project: string, { ready = 0, pending = 0 }: { readonly ready?: number; readonly pending?: number }): void {
    const lane = this.#lane(project);
    lane.pending += pending;
    lane.arrivals += Math.max(0, ready);
    this.#setReady(lane, lane.ready + ready);
    this.#forgetIfIdle(lane);
  }

  /**
   * A claim found no due task.
   * @param seen what `arrivalsOf` said when the claim was asked for: only what came since can be due now.
   */
  correct(project: string, seen: number): void {
    const lane = this.#lane(project);
    this.#setReady(lane, Math.min(lane.ready, lane.arrivals - seen));
    this.#forgetIfIdle(lane);
  }

  /** Counts the tasks of a project that became due; see `correct`. */
  arrivalsOf(project: string): number {
    return this.#lanes.get(project)?.arrivals ?? 0;
  }

  /** Queued tasks of a project, due or delayed. */
  pendingOf(project: string): number {
    return this.#lanes.get(project)?.pending ?? 0;
  }

  /** Whether as many tasks of a project have a slot as may. */
  isLaneFull(project: string): boolean {
    const lane = this.#lanes.get(project);
    return lane !== undefined && lane.running >= lane.settings.maxConcurrent;
  }

  /** The project that the next free slot belongs to; undefined when no slot is free or nobody may use it. */
  choose(): string | undefined {
    if (!this.#hasSlot()) return undefined;
    let best: Lane | undefined;
    for (const lane of this.#ready) {
      if (this.#hasRoom(lane) && (best === undefined || goesBefore(lane, best))) best = lane;
    }
    return best?.project;
  }

  /** Whether a task submitted now to this project may start at once without overtaking anybody. */
  canStartNow(project: string): boolean {
    if (!this.#hasSlot() || this.#paused.has(project)) return false;
    const lane = this.#lanes.get(project);
    if (lane !== undefined && (lane.ready > 0 || !this.#hasRoom(lane))) return false;
    return this.choose() === undefined;
  }

  /**
   * Takes a slot and runs `work` in the project's lane. The slot is given back when `work` settles, and may be in between. A task that
   * leaves the queue by this is taken off its counts afterwards: a lane with a task in it is not forgotten.
   */
  async start(project: string, work: (slot: Slot) => Promise<void>): Promise<void> {
    const lane = this.#lane(project);
    const { weight } = lane.settings;
    const turn = Math.max(lane.pass, this.#virtualTime);
    lane.pass = turn + 1 / weight;
    const step = lane.isNew ? 1 / (this.#readyWeight + 2 * weight) : 0;
    this.#virtualTime = Math.max(turn, this.#virtualTime + step);
    lane.isNew = false;
    if (this.#ready.delete(lane)) this.#ready.add(lane);
    this.#slots.use(lane);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    enter(lane.queue, 0, (leave) => { this.#work(lane, leave, work).then(resolve, reject); });
    await promise;
  }

  async #work(lane: Lane, entered: () => void, work: (slot: Slot) => Promise<void>): Promise<void> {
    let leave = entered;
    const slot = new TaskSlot({
      free: () => {
        leave();
        this.#slots.free(lane);
      },
      claim: (granted) => this.#slots.comeBack(lane, (again) => { leave = again; granted(); }),
    });
    lane.parked++;
    try {
      await work(slot);
    } finally {
      lane.parked--;
      slot.give();
      this.#forgetIfIdle(lane);
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

  #hasSlot(): boolean {
    return this.#slots.hasFree && !this.#paused.has(undefined);
  }

  #hasRoom(lane: Lane): boolean {
    return lane.running < lane.settings.maxConcurrent && !this.#paused.has(lane.project);
  }

  #lane(project: string): Lane {
    const known = this.#lanes.get(project);
    if (known !== undefined) return known;
    const settings = this.#settingsOf(project);
    const queue = new PQueue({ concurrency: settings.maxConcurrent });
    const lane: Lane = { project, settings, queue, ready: 0, arrivals: 0, pending: 0, running: 0, parked: 0, pass: this.#virtualTime, isNew: true };
    this.#lanes.set(project, lane);
    return lane;
  }

  #setReady(lane: Lane, count: number): void {
    const before = lane.ready;
    lane.ready = Math.max(0, count);
    if (before === 0 && lane.ready > 0) {
      if (lane.running === 0) lane.isNew = true;
      lane.pass = lane.isNew ? this.#virtualTime : Math.max(lane.pass, this.#virtualTime);
      this.#ready.add(lane);
      this.#readyWeight += lane.settings.weight;
    } else if (before > 0 && lane.ready === 0) {
      this.#ready.delete(lane);
      // Sums of fractions drift; nobody waiting is the moment to begin anew.
      this.#readyWeight = this.#ready.size === 0 ? 0 : Math.max(0, this.#readyWeight - lane.settings.weight);
    }
  }

  /** A lane without work carries no information. */
  #forgetIfIdle(lane: Lane): void {
    if (lane.pending === 0 && lane.ready === 0 && lane.running === 0 && lane.parked === 0) this.#lanes.delete(lane.project);
    if (this.#lanes.size === 0) this.#virtualTime = 0;
  }
}

function goesBefore(a: Lane, b: Lane): boolean {
  const shareA = a.running / a.settings.weight;
  const shareB = b.running / b.settings.weight;
  return shareA === shareB ? a.pass < b.pass - ROUNDING : shareA < shareB;
}
