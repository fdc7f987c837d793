import { readdirSync, readFileSync } from 'node:fs';

// Positions in /proc/<pid>/stat after the closing parenthesis of the name (proc(5) counts from 1, with pid and name first).
const STAT_STATE = 0;
const STAT_PARENT = 1;
const STAT_FLAGS = 6;
const STAT_CHILD_MINOR_FAULTS = 8;
const STAT_CHILD_MAJOR_FAULTS = 10;
const STAT_OWN_TIME = [11, 12] as const;
const STAT_CHILD_TIME = [13, 14] as const;
const STAT_THREADS = 17;
const STAT_START = 19;
const STAT_ENVIRONMENT_START = 47;
const STAT_ENVIRONMENT_END = 48;
const KERNEL_THREAD = 0x00200000;
/** Clock ticks of /proc are hundredths of a second on every platform that Node runs on. */
const MS_PER_TICK = 10;
const BYTES_PER_KB = 1_024;

/** Whether this system has a /proc to look at. */
export function hasProc(): boolean {
  return process.platform === 'linux';
}

/** What /proc tells of one process. */
export interface ProcessStat {
  readonly parent: number;
  /** CPU time of the process itself. */
  readonly ownMs: number;
  /** CPU time of those of its children that it has waited for. */
  readonly childMs: number;
  readonly threads: number;
  /** When it was started; together with its number it names a process for good. */
  readonly start: string;
  /** Whether it ever had a child that has ended: page faults of children that were waited for stay in the parent's record. */
  readonly hadChildren: boolean;
  /** Whether it has ended and was not waited for: a zombie. */
  readonly hasEnded: boolean;
  /** Whether it should have an environment: while it replaces its program, and when it is about to end, nothing can be read of it for a moment. */
  readonly hasEnvironment: boolean;
}

/** What /proc tells of the memory of one process, in bytes. */
export interface ProcessMemory {
  /** Private pages, shared memory and swap. */
  readonly held: number;
  /** Everything it may write, used or just reserved: what RLIMIT_DATA counts. */
  readonly data: number;
}

/** Undefined when there is no such process, or when it is just being removed. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${String(pid)}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[STAT_STATE] === 'X') return undefined;
  const ticks = (positions: readonly number[]): number => positions.reduce((sum, position) => sum + Number(fields[position]), 0);
  return {
    parent: Number(fields[STAT_PARENT]),
    ownMs: ticks(STAT_OWN_TIME) * MS_PER_TICK,
    childMs: ticks(STAT_CHILD_TIME) * MS_PER_TICK,
    threads: Number(fields[STAT_THREADS]),
    start: fields[STAT_START] ?? '',
    hadChildren: fields[STAT_CHILD_MINOR_FAULTS] !== '0' || fields[STAT_CHILD_MAJOR_FAULTS] !== '0',
    hasEnded: fields[STAT_STATE] === 'Z',
    hasEnvironment: hasEnvironment(fields),
  };
}

/** The kernel's own threads never have an environment, and a few other processes were given an empty one. */
function hasEnvironment(fields: readonly string[]): boolean {
  if ((Number(fields[STAT_FLAGS]) & KERNEL_THREAD) !== 0) return false;
  return fields[STAT_ENVIRONMENT_END] === '0' || fields[STAT_ENVIRONMENT_START] !== fields[STAT_ENVIRONMENT_END];
}

/** Undefined when there is no such process, and for one that has ended and not been waited for. */
export function readMemory(pid: number): ProcessMemory | undefined {
  const text = readText(`/proc/${String(pid)}/status`);
  if (text?.includes('VmData:') !== true) return undefined;
  return { held: kilobytes(text, 'RssAnon') + kilobytes(text, 'RssShmem') + kilobytes(text, 'VmSwap'), data: kilobytes(text, 'VmData') };
}

/** The share of a process in the memory that it holds, each page divided by the number of processes that have it; undefined where it may not be read. */
export function readProportionalMemory(pid: number): number | undefined {
  const text = readText(`/proc/${String(pid)}/smaps_rollup`);
  if (text?.includes('Pss_Anon:') !== true) return undefined;
  return kilobytes(text, 'Pss_Anon') + kilobytes(text, 'Pss_Shmem') + kilobytes(text, 'SwapPss');
}

/**
 * Living children of a process. Each thread is looked up by its own number: entries below `/proc/<pid>/task` of a process that is
 * killed right after cost the host's event loop milliseconds when it reaps the process, entries of the single threads cost nothing.
 */
export function childrenOf(pid: number): number[] {
  return namesIn(`/proc/${String(pid)}/task`).flatMap((thread) => childrenOfMainThread(Number(thread)));
}

/** Living children that the first thread of a process has started. */
export function childrenOfMainThread(pid: number): number[] {
  const text = readText(`/proc/${String(pid)}/task/${String(pid)}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** The numbers of all processes. */
export function allPids(): number[] {
  return namesIn('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The value of a variable in the environment a process was started with; undefined when it is not there, or (`''`) when nothing can be read now. */
export function readVariable(pid: number, name: string): string | undefined {
  const text = readText(`/proc/${String(pid)}/environ`) ?? '';
  if (text === '') return '';
  return text.split('\0').find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * BYTES_PER_KB;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/**
 * Processes and threads come and go: one that is not there any more has nothing to say. As UTF-8, because that is one call and not
 * five: the samples of a tree are most of what watching it costs.
 */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
