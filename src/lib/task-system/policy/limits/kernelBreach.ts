import { constants } from 'node:os';
import type { SerializedError } from '../../types/Errors.ts';
import type { KernelLimits } from './rlimits.ts';
import type { LimitBreach, LimitName } from './usage.ts';
import type { Peaks } from './UsageWatch.ts';

const MS_PER_SECOND = 1_000;
/** How a shell, and bubblewrap, tell that a signal ended a process. */
const SIGNAL_CODE = 128;
/** What V8 and Node say when they get no more memory. */
const NO_MEMORY = /out of memory|Allocation failed|Array buffer allocation failed|ERR_MEMORY_ALLOCATION_FAILED|Fatal process OOM/i;

/** How a process ended, as far as it matters here. */
export interface EndOfProcess {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it printed. */
  readonly output: string;
}

/** Whether it was a limit of the kernel that ended a process; undefined when there is no sign of that. */
export function breachOfExit({ code, signal, output }: EndOfProcess, enforced: KernelLimits, peaks: Peaks): LimitBreach | undefined {
  const number = code === null ? -1 : code - SIGNAL_CODE;
  const isBy = (name: 'SIGXCPU' | 'SIGXFSZ' | 'SIGABRT' | 'SIGTRAP' | 'SIGILL' | 'SIGSEGV'): boolean => signal === name || number === constants.signals[name];
  if (isBy('SIGXCPU')) return breach('cpu', enforced, peaks);
  if (isBy('SIGXFSZ')) return breach('disk', enforced, peaks);
  const isCrash = isBy('SIGABRT') || isBy('SIGTRAP') || isBy('SIGILL') || isBy('SIGSEGV');
  return isCrash && NO_MEMORY.test(output) ? breach('memory', enforced, peaks) : undefined;
}

/** Whether an error of the handler says that the kernel refused it memory or room in a file. */
export function breachOfFailure(error: SerializedError, enforced: KernelLimits, peaks: Peaks): LimitBreach | undefined {
  for (let next: SerializedError | undefined = error; next !== undefined; next = next.cause) {
    if (next.code === 'EFBIG') return breach('disk', enforced, peaks);
    if (next.name === 'RangeError' && NO_MEMORY.test(`${next.code ?? ''} ${next.message}`)) return breach('memory', enforced, peaks);
  }
  return undefined;
}

/** Only what is limited can be exceeded. */
function breach(limit: Extract<LimitName, 'memory' | 'cpu' | 'disk'>, enforced: KernelLimits, peaks: Peaks): LimitBreach | undefined {
  const [allowed, seen] = {
    memory: [enforced.dataBytes, peaks.memoryBytes],
    cpu: [enforced.cpuSeconds === undefined ? undefined : enforced.cpuSeconds * MS_PER_SECOND, peaks.cpuMs],
    disk: [enforced.fileBytes, peaks.workspaceBytes ?? 0],
  }[limit];
  if (allowed === undefined || seen === undefined) return undefined;
  return { limit, unit: limit === 'cpu' ? 'ms' : 'bytes', allowed, seen, peak: seen, mechanism: 'kernel' };
}
