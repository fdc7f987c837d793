import type { CgroupController } from '../../types/Isolation.ts';
import type { ResolvedLimits } from '../../types/ResolvedOptions.ts';
import { THREADS_PER_PROCESS } from '../limits/usage.ts';

const MIB = 1_048_576;
/** The watch over the tree comes first; the kernel stops what outran it. Beside the task's own there are those of its sandbox. */
const SPARE_PROCESSES = 4;
/** Over which the share of the processors is measured, in microseconds: the kernel's own default. */
const PERIOD_US = 100_000;

/** One setting of a group. */
export interface GroupSetting {
  readonly file: string;
  readonly value: string;
  /** Whether kernels that do not know it do well enough without. */
  readonly isOptional?: boolean;
}

/** How many processes and threads a group may have; the kernel counts both alike. Undefined: any number. */
export function maxTasks(limits: Pick<ResolvedLimits, 'processes'>): number | undefined {
  return limits.processes === false ? undefined : (limits.processes + SPARE_PROCESSES) * THREADS_PER_PROCESS;
}

/** What a group may hold in memory, in bytes. Undefined: any amount. */
export function maxMemory({ memoryMb }: Pick<ResolvedLimits, 'memoryMb'>): number | undefined {
  return memoryMb === false ? undefined : memoryMb * MIB;
}

/** What is written into the files of a group so that the kernel holds its processes together to the limits of a task. */
export function groupSettings(limits: Pick<ResolvedLimits, 'memoryMb' | 'processes' | 'cpus'>, held: readonly CgroupController[]): readonly GroupSetting[] {
  const memory = maxMemory(limits);
  const tasks = maxTasks(limits);
  return [
    ...memory === undefined || !held.includes('memory') ? [] : [
      { file: 'memory.max', value: String(memory) },
      // Where there is no swap, or nobody counts it.
      { file: 'memory.swap.max', value: '0', isOptional: true },
      // All or none: half a task is of no use to anybody.
      { file: 'memory.oom.group', value: '1', isOptional: true },
    ],
    ...tasks === undefined || !held.includes('pids') ? [] : [{ file: 'pids.max', value: String(tasks) }],
    ...limits.cpus === false || !held.includes('cpu') ? [] : [{ file: 'cpu.max', value: `${String(Math.round(limits.cpus * PERIOD_US))} ${String(PERIOD_US)}` }],
  ];
}
