import type { SerializedError } from '../types/Errors.ts';
import type { Clock } from '../types/Ports.ts';
import type { ResolvedLimits } from '../types/ResolvedOptions.ts';
import type { TaskGroup } from './cgroups/TaskGroup.ts';
import { measureDirectory } from './limits/DiskMeter.ts';
import { breachOfExit, breachOfFailure, type EndOfProcess } from './limits/kernelBreach.ts';
import { KernelGuard } from './limits/KernelGuard.ts';
import { MarkTable } from './limits/MarkTable.ts';
import { PidusageTree } from './limits/PidusageTree.ts';
import { ProcTree } from './limits/ProcTree.ts';
import type { LimitBreach, UsageReader } from './limits/usage.ts';
import { UsageWatch, type Peaks, type WatchListener } from './limits/UsageWatch.ts';

/** What one attempt consists of, as far as limits are concerned. */
export interface AttemptTarget {
  /** Number of the process that was started; undefined when it could not be. */
  readonly pid: number | undefined;
  /** Value of its mark. */
  readonly processId: string;
  readonly workspace: string;
  /** Whether no descendant can leave the tree: in a namespace, whoever loses its parent is given the namespace's first process. @defaultValue false */
  readonly isClosed?: boolean;
  /** Its control group, where there are some. */
  readonly group?: Pick<TaskGroup, 'cpuMs' | 'breach'>;
}

/** The limits of one attempt at work. */
export interface AttemptLimiter {
  /** Begins to watch. */
  start(listener: WatchListener): void;
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
  /** The kernel's part. */
  readonly kernel: KernelGuard;
  readonly #clock: Clock;
  readonly #table: MarkTable;

  /** @param all the limits of every task type. */
  constructor(all: readonly ResolvedLimits[], clock: Clock, kernel = new KernelGuard(all)) {
    this.kernel = kernel;
    this.#clock = clock;
    this.#table = new MarkTable(clock);
  }

  /** The limits of one attempt. */
  watch(target: AttemptTarget, limits: ResolvedLimits): AttemptLimiter {
    const { pid, processId, workspace, isClosed = false, group } = target;
    const tree = pid === undefined ? NOTHING : process.platform === 'linux' ? new ProcTree(pid, isClosed ? undefined : () => this.#table.pidsOf(processId)) : new PidusageTree(pid);
    const reader = group === undefined ? tree : withGroup(tree, group);
    const watch = new UsageWatch(limits, { clock: this.#clock, reader, measureDisk: (stopAbove) => measureDirectory(workspace, stopAbove) });
    const guarded = this.kernel.processOf(processId);
    return {
      start: (listener) => { watch.start(listener); },
      explainExit: (end) => group?.breach ?? breachOfExit(end, guarded.limits, watch.peaks),
      explainFailure: (error) => group?.breach ?? breachOfFailure(error, guarded.limits, watch.peaks),
      finish: () => watch.finish(),
    };
  }
}

/** The kernel's own count of CPU time has what ended between two looks, too. It begins when a process enters the group. */
function withGroup(tree: UsageReader, group: Pick<TaskGroup, 'cpuMs'>): UsageReader {
  return {
    minIntervalMs: tree.minIntervalMs,
    exactMemory: () => tree.exactMemory(),
    read: async () => {
      const usage = await tree.read();
      return usage === undefined ? undefined : { ...usage, cpuMs: Math.max(usage.cpuMs, group.cpuMs) };
    },
  };
}

const NOTHING: UsageReader = { minIntervalMs: 0, read: () => Promise.resolve(undefined), exactMemory: () => undefined };
