import type { ResolvedLimits } from '../../types/ResolvedOptions.ts';
import type { LaunchPlan } from '../sandbox/LaunchPlan.ts';
import { Prlimit } from './Prlimit.ts';
import { readMemory } from '../procfs.ts';
import { kernelLimits, prlimitArgs, sameLimits, widest, withinOwn, type KernelLimits } from './rlimits.ts';

/** Who starts processes uses some processor time for each: with less than this it would have to be replaced too often. */
const MIN_SHARED_CPU_SECONDS = 60;

/** What the kernel holds one process to; stays readable when the process is gone. */
export interface GuardedProcess {
  readonly limits: KernelLimits;
}

interface Entry extends GuardedProcess {
  limits: KernelLimits;
  /** Under way: a second wish waits for the first. */
  applying: Promise<void> | undefined;
  /** Threads in it that are not the task's. */
  readonly ownThreads: number;
}

/** Holds each process to limits of the kernel, where `prlimit` is to be had. */
export class KernelGuard {
  readonly #all: readonly ResolvedLimits[];
  readonly #prlimit: Prlimit;
  readonly #processes = new Map<string, Entry>();
  #baselineBytes: number | undefined;
  /** What was worked out since the baseline is known, or since there is none. */
  #known = new WeakMap<object, Map<number, KernelLimits>>();

  /** @param all the limits of every task type. */
  constructor(all: readonly ResolvedLimits[], prlimit = new Prlimit()) {
    this.#all = all;
    this.#prlimit = prlimit;
  }

  /**
   * Lets a process begin with the widest limits that any type has, so that at takeover there is mostly nothing left to do.
   * @param ownThreads how many worker threads it has that are not the task's. @param isAlike whether all processes have as many.
   */
  wrap(plan: LaunchPlan, processId: string, ownThreads = 0, isAlike = true): LaunchPlan {
    const entry: Entry = { limits: {}, applying: undefined, ownThreads };
    this.#processes.set(processId, entry);
    const program = this.#prlimit.proven;
    if (program === undefined) return plan;
    const limits = this.#widest(ownThreads);
    entry.limits = limits;
    const { cpuSeconds } = limits;
    const areShared = isAlike && (cpuSeconds ?? Infinity) >= MIN_SHARED_CPU_SECONDS;
    return { ...plan, limits: { program, args: prlimitArgs(limits), areShared, ...(cpuSeconds === undefined ? {} : { cpuSeconds }) } };
  }

  /**
   * Limits a process that is up and in which nothing of a task has run yet.
   * @param pid the process that will run the task's code. @param limits of its type; without them the widest of all types.
   * @returns settles when they hold; undefined when they hold already, or cannot.
   */
  confine(processId: string, pid: number | undefined, limits?: ResolvedLimits): Promise<void> | undefined {
    const entry = this.#processes.get(processId);
    if (entry === undefined) return undefined;
    const { applying } = entry;
    // One after the other: the later wish is the narrower one.
    return applying === undefined ? this.#apply(entry, pid, limits) : applying.then(() => this.#apply(entry, pid, limits));
  }

  /** A process, as it is now and as it will be. */
  processOf(processId: string): GuardedProcess {
    return this.#processes.get(processId) ?? { limits: {} };
  }

  /** A process is gone. */
  forget(processId: string): void {
    this.#processes.delete(processId);
  }

  #apply(entry: Entry, pid: number | undefined, limits: ResolvedLimits | undefined): Promise<void> | undefined {
    if (pid === undefined || !this.#prlimit.isPresent) return undefined;
    const { ownThreads } = entry;
    this.#learn(pid, ownThreads);
    const wanted = limits === undefined ? this.#widest(ownThreads) : this.#ofType(limits, ownThreads);
    if (wanted === entry.limits || sameLimits(wanted, entry.limits)) return undefined;
    entry.applying = this.#prlimit.apply(pid, wanted).then((hasWorked) => {
      entry.applying = undefined;
      if (hasWorked) entry.limits = wanted;
    });
    return entry.applying;
  }

  /** Nothing has run in the process yet, so what it has is what Node itself takes; a thread takes as much again. */
  #learn(pid: number, ownThreads: number): void {
    if (this.#baselineBytes !== undefined) return;
    this.#baselineBytes = shareOf(readMemory(pid)?.data, 1 + ownThreads);
    this.#known = new WeakMap();
  }

  #widest(ownThreads: number): KernelLimits {
    return this.#once(this.#all, ownThreads, () => widest(this.#all.map((type) => kernelLimits(withThreads(type, ownThreads), this.#baselineBytes))));
  }

  #ofType(limits: ResolvedLimits, ownThreads: number): KernelLimits {
    return this.#once(limits, ownThreads, () => kernelLimits(withThreads(limits, ownThreads), this.#baselineBytes));
  }

  /** Works limits out once for each type, or for all, and each number of threads: every start and every takeover asks for them. */
  #once(whose: object, ownThreads: number, workOut: () => KernelLimits): KernelLimits {
    const known = this.#known.get(whose) ?? new Map<number, KernelLimits>();
    this.#known.set(whose, known);
    const limits = known.get(ownThreads) ?? withinOwn(workOut());
    known.set(ownThreads, limits);
    return limits;
  }
}

function withThreads(limits: ResolvedLimits, ownThreads: number): ResolvedLimits {
  return { ...limits, workerThreads: limits.workerThreads + ownThreads };
}

function shareOf(bytes: number | undefined, parts: number): number | undefined {
  return bytes === undefined ? undefined : Math.ceil(bytes / parts);
}
