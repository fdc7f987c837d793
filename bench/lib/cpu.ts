import { readdirSync, readFileSync } from 'node:fs';

/** Where processor time went, in milliseconds. */
export interface CpuTime {
  /** The main thread of this process. */
  readonly main: number;
  /** All other threads of this process: the database, the garbage collector, the file system. */
  readonly threads: number;
  /** Child processes that have ended. */
  readonly children: number;
}

const CHILD_USER_TICKS = 13;
const CHILD_SYSTEM_TICKS = 14;
const TICK_MS = 10;

/** Processor time so far; undefined where there is no /proc. */
export function cpuTime(): CpuTime | undefined {
  if (process.platform !== 'linux') return undefined;
  const fields = readFileSync('/proc/self/stat', 'utf8').replace(/^.*\) /s, '').split(' ');
  const children = (Number(fields[CHILD_USER_TICKS]) + Number(fields[CHILD_SYSTEM_TICKS])) * TICK_MS;
  const main = threadTime(String(process.pid));
  const all = readdirSync('/proc/self/task').reduce((sum, thread) => sum + threadTime(thread), 0);
  return { main, threads: all - main, children };
}

/** The scheduler counts in nanoseconds. A thread that ended while we looked counts as nothing. */
function threadTime(thread: string): number {
  try {
    return Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}
