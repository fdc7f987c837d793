import { readdirSync, readFileSync } from 'node:fs';

/** Where processor time went, in milliseconds. */
export interface CpuTime {
  /** The main thread of this process. */
  readonly main: number;
  /** All other threads of this process: the database, the garbage collector, the file system. */
  readonly threads: number;
  /** All below it: child processes that have ended, those that live, and what these have waited for. */
  readonly children: number;
}

const OWN_TICKS = [11, 12];
const CHILD_TICKS = [13, 14];
const TICK_MS = 10;

/** Processor time so far; undefined where there is no /proc. */
export function cpuTime(): CpuTime | undefined {
  if (process.platform !== 'linux') return undefined;
  const children = ticks(process.pid, CHILD_TICKS) + sum(childrenOf(process.pid).map(treeTime));
  const main = threadTime(String(process.pid));
  const all = readdirSync('/proc/self/task').reduce((sum, thread) => sum + threadTime(thread), 0);
  return { main, threads: all - main, children };
}

/** A living process, what it has waited for, and everything below it. */
function treeTime(pid: number): number {
  return ticks(pid, [...OWN_TICKS, ...CHILD_TICKS]) + sum(childrenOf(pid).map(treeTime));
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`).flatMap((thread) => readFileSync(`/proc/${String(pid)}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

function ticks(pid: number, positions: readonly number[]): number {
  try {
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return sum(positions.map((position) => Number(fields[position]))) * TICK_MS;
  } catch {
    return 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The scheduler counts in nanoseconds. A thread that ended while we looked counts as nothing. */
function threadTime(thread: string): number {
  try {
    return Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}
