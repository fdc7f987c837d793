import { readdir, readFile } from 'node:fs/promises';
import { childrenOf, hasProc, readStat } from '../policy/procfs.ts';

/** How often the list of processes is read before the answer is "not sure": where new ones appear all the time. */
const MAX_ROUNDS = 10;
/** How often in a row nobody may be in doubt: a process that is just being started is not in the list for a moment. */
const CLEAR_ROUNDS = 2;

/**
 * Whether a live process has, or ever had, a child. Cheap and decided by the kernel: it lists the children that live now, and
 * page faults of children that were waited for stay in the parent's record. A process that has ended has passed its children on,
 * so of a zombie the answer is yes, as where there is no /proc: then only process groups can be ended.
 */
export function hasForked(pid: number): boolean {
  if (!hasProc() || childrenOf(pid).length > 0) return true;
  const stat = readStat(pid);
  return stat === undefined || stat.hasEnded || stat.hadChildren;
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

/** A process and all its living descendants, parents first; none of a process that was never started. */
export function familyOf(pid: number | undefined): readonly number[] {
  return pid === undefined ? [] : [pid, ...descendantsOf(pid)];
}

/**
 * Living processes whose environment carries `mark` (`NAME=value`): also those that left their group and their parent. A process
 * that ends while it is looked at may have started another one just before; then the list is read again.
 * @returns undefined when none was seen but that is not sure: ask again in a moment.
 */
export async function findMarked(mark: string): Promise<number[] | undefined> {
  if (!hasProc()) return [];
  const needle = Buffer.from(mark);
  const known = new Set<number>();
  for (let round = 0, clear = 0; round < MAX_ROUNDS; round++) {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => !known.has(pid));
    const looks = await Promise.all(pids.map((pid) => lookAt(pid, needle)));
    const marked = pids.filter((_, index) => looks[index] === 'marked');
    if (marked.length > 0) return marked;
    clear = looks.every((look) => look === 'other') ? clear + 1 : 0;
    if (clear === CLEAR_ROUNDS) return [];
    for (const [index, pid] of pids.entries()) if (looks[index] !== 'unclear') known.add(pid);
  }
  return undefined;
}

/** Whether a process exists and is not just a zombie waiting to be reaped. */
export function isAlive(pid: number): boolean {
  if (!hasProc()) return signal(pid, 0);
  return readStat(pid)?.hasEnded === false;
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

/** What a process is to somebody who looks for a mark. */
async function lookAt(pid: number, needle: Buffer): Promise<'marked' | 'other' | 'gone' | 'unclear'> {
  const environment = await readEnvironment(pid);
  const isReadable = environment !== undefined && environment.length > 0;
  if (isReadable && !environment.includes(needle)) return 'other';
  if (!isAlive(pid)) return 'gone';
  if (isReadable) return 'marked';
  return environment !== undefined && readStat(pid)?.hasEnvironment === true ? 'unclear' : 'other';
}

/** Empty when there is none (now), undefined when it is somebody else's. */
async function readEnvironment(pid: number): Promise<Buffer | undefined> {
  try {
    return await readFile(`/proc/${String(pid)}/environ`);
  } catch (error) {
    const isDenied = error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
    return isDenied ? undefined : Buffer.alloc(0);
  }
}
