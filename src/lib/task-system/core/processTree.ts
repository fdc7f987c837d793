import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

// Positions in /proc/<pid>/stat after the closing parenthesis of the name (proc(5) counts from 1, with pid and name first).
const STAT_STATE = 0;
const STAT_CHILD_MINOR_FAULTS = 8;
const STAT_CHILD_MAJOR_FAULTS = 10;

/** Whether this system has a /proc to look at; elsewhere only process groups can be ended. */
export function hasProc(): boolean {
  return process.platform === 'linux';
}

/**
 * Whether a live process has, or ever had, a child. Cheap and decided by the kernel: it lists the children that live now, and
 * page faults of children that were waited for stay in the parent's record. Without /proc the answer is yes.
 */
export function hasForked(pid: number): boolean {
  if (!hasProc()) return true;
  const stat = readStat(pid);
  if (stat?.[STAT_CHILD_MINOR_FAULTS] !== '0' || stat[STAT_CHILD_MAJOR_FAULTS] !== '0') return true;
  return childrenOf(pid).length > 0;
}

/** All living descendants of a process that are still linked to it, parents first. */
export function descendantsOf(pid: number): number[] {
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const children = childrenOf(next);
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

/** Living processes whose environment carries `mark` (`NAME=value`): also those that left their group and their parent. */
export async function findMarked(mark: string): Promise<number[]> {
  if (!hasProc()) return [];
  const needle = Buffer.from(mark);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const matches = await Promise.all(pids.map(async (pid) => {
    const environment = await readFile(`/proc/${String(pid)}/environ`).catch(() => undefined);
    return environment?.includes(needle) === true && isAlive(pid);
  }));
  return pids.filter((_, index) => matches[index] === true);
}

/** Whether a process exists and is not just a zombie waiting to be reaped. */
export function isAlive(pid: number): boolean {
  if (!hasProc()) return signal(pid, 0);
  const state = readStat(pid)?.[STAT_STATE];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Whether a process group still has a living member. */
export function groupIsAlive(groupId: number): boolean {
  return signal(-groupId, 0);
}

/** Sends a signal to a process, or to a group with a negative id. False when there is nobody to receive it. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/**
 * Each thread is looked up by its own number: entries below `/proc/<pid>/task` of a process that is killed right after cost the
 * host's event loop milliseconds when it reaps the process, entries of the single threads cost nothing.
 */
function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) => {
    const path = `/proc/${thread}/task/${thread}/children`;
    return (readText(path) ?? '').split(' ').filter(Boolean).map(Number);
  });
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`);
  } catch {
    return [];
  }
}

function readStat(pid: number): string[] | undefined {
  const text = readText(`/proc/${String(pid)}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Processes and threads come and go: one that is not there any more has nothing to say. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
