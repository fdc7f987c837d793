import type { SerializedError } from '../types/Errors.ts';
import type { Clock } from '../types/Ports.ts';
import type { ResolvedLimits } from '../types/ResolvedOptions.ts';
import { measureDirectory } from './limits/DiskMeter.ts';
import { breachOfExit, breachOfFailure, type EndOfProcess } from './limits/kernelBreach.ts';
import { MarkTable } from './limits/MarkTable.ts';
import { PidusageTree } from './limits/PidusageTree.ts';
import { Prlimit } from './limits/Prlimit.ts';
import { ProcTree } from './limits/ProcTree.ts';
import { childrenOf, readMemory } from './limits/procfs.ts';
import { kernelLimits, sameLimits, widest, withinOwn, type KernelLimits } from './limits/rlimits.ts';
import type { LimitBreach } from './limits/usage.ts';
import { UsageWatch, type Peaks, type WatchListener } from './limits/UsageWatch.ts';
import type { LaunchPlan } from './sandbox/LaunchPlan.ts';

/** What one attempt consists of, as far as limits are concerned. */
export interface AttemptTarget {
  /** Number of the process that was started; undefined when it could not be. */
  readonly pid: number | undefined;
  /** Value of its mark. */
  readonly processId: string;
  readonly workspace: string;
}

/** The limits of one attempt at work. */
export interface AttemptLimiter {
  /** Begins to watch. @param isUp whether the process is ready already; otherwise say so later with `processIsUp`. */
  start(listener: WatchListener, isUp: boolean): void;
  /** The process is ready: nothing of the task has run in it yet. */
  processIsUp(): void;
  /** Whether the kernel ended the process for its limits. */
  explainExit(end: EndOfProcess): LimitBreach | undefined;
  /** Whether the kernel refused the handler what it then failed of. */
  explainFailure(error: SerializedError): LimitBreach | undefined;
  /** Ends the watch with a last look; call it while the process may still be there. */
  finish(): Promise<Peaks>;
}

/**
 * Holds attempts to their limits: the kernel holds each process (where `prlimit` is to be had), and the host watches the tree and the
 * workspace.
 */
export class ResourceLimiter {
  readonly #clock: Clock;
  readonly #all: readonly ResolvedLimits[];
  readonly #table: MarkTable;
  readonly #prlimit: Prlimit;
  /** Limits that processes were started with. */
  readonly #started = new Map<string, KernelLimits>();
  #baselineBytes: number | undefined;

  /** @param all the limits of every task type. */
  constructor(all: readonly ResolvedLimits[], clock: Clock, prlimit = new Prlimit()) {
    this.#all = all;
    this.#clock = clock;
    this.#table = new MarkTable(clock);
    this.#prlimit = prlimit;
  }

  /** Lets a process begin with the widest limits that any type has, so that at takeover there is mostly nothing left to do. */
  wrap(plan: LaunchPlan, processId: string): LaunchPlan {
    const limits = withinOwn(widest(this.#all.map((type) => kernelLimits(type, this.#baselineBytes))));
    const [command, ...args] = this.#prlimit.prefix(limits) ?? [];
    if (command === undefined) return plan;
    this.#started.set(processId, limits);
    return { ...plan, command, args: [...args, plan.command, ...plan.args] };
  }

  /** A process has ended that was never given an attempt. */
  forget(processId: string): void {
    this.#started.delete(processId);
  }

  /** The limits of one attempt. */
  watch(target: AttemptTarget, limits: ResolvedLimits): AttemptLimiter {
    const { pid, processId, workspace } = target;
    const reader = pid === undefined ? NOTHING : process.platform === 'linux' ? new ProcTree(pid, processId, this.#table) : new PidusageTree(pid);
    const watch = new UsageWatch(limits, { clock: this.#clock, reader, measureDisk: (stopAbove) => measureDirectory(workspace, stopAbove) });
    let enforced: KernelLimits = this.#started.get(processId) ?? {};
    this.#started.delete(processId);
    const enforce = (): void => {
      if (pid === undefined) return;
      void this.#enforce(pid, limits, enforced).then((applied) => { enforced = applied; });
    };
    return {
      start: (listener, isUp) => { watch.start(listener); if (isUp) enforce(); },
      processIsUp: enforce,
      explainExit: (end) => breachOfExit(end, enforced, watch.peaks),
      explainFailure: (error) => breachOfFailure(error, enforced, watch.peaks),
      finish: () => watch.finish(),
    };
  }

  /** @returns what holds from now on. */
  async #enforce(pid: number, limits: ResolvedLimits, present: KernelLimits): Promise<KernelLimits> {
    const worker = lastOf(pid);
    // Nothing has run yet, so this is what Node itself takes.
    this.#baselineBytes ??= readMemory(worker)?.data;
    const wanted = withinOwn(kernelLimits(limits, this.#baselineBytes));
    if (sameLimits(wanted, present)) return present;
    return await this.#prlimit.apply(worker, wanted) ? wanted : present;
  }
}

const NOTHING = { minIntervalMs: 0, read: () => Promise.resolve(undefined), exactMemory: () => undefined };

/** A wrapper such as bubblewrap has one child, which may have one, and so on; the last of them is Node. */
function lastOf(pid: number): number {
  const children = childrenOf(pid);
  const [only] = children;
  return only === undefined || children.length > 1 ? pid : lastOf(only);
}
