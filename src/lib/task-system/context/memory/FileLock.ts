import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { TaskSystemError } from '../../types/Errors.ts';

/** A lock of another machine, whose processes cannot be looked at, counts as left behind after this long. */
const FOREIGN_MS = 60_000;
const MIN_PAUSE_MS = 1;
const MAX_PAUSE_MS = 25;
const STAT_START = 19;

/**
 * Runs `work` while this process alone holds the lock file `path`. A lock whose process is dead is taken over; one that is alive is
 * waited for.
 * @throws TaskSystemError `MEMORY_BUSY` when the lock is not free within `waitMs`; and what `work` throws.
 */
export async function withFileLock<Result>(path: string, waitMs: number, work: () => Promise<Result>): Promise<Result> {
  const mine = `${path}.${randomUUID()}`;
  const deadline = performance.now() + waitMs;
  await writeFile(mine, JSON.stringify({ pid: process.pid, start: startOf(process.pid), host: hostname(), id: mine }), { flag: 'wx' });
  try {
    for (let wait = MIN_PAUSE_MS; !await acquire(mine, path); wait = Math.min(wait * 2, MAX_PAUSE_MS)) {
      if (await reclaim(path)) continue;
      if (performance.now() > deadline) throw new TaskSystemError('MEMORY_BUSY', `${path} was held for ${String(waitMs)} ms`, { path });
      await pause(wait * (0.5 + Math.random()));
    }
  } finally {
    await rm(mine, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** A link appears with its content, all at once: nobody ever reads a lock without an owner. */
async function acquire(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock whose owner is dead. Only one process at a time may do so: between its look and its removal nobody else can put a
 * new lock in that place, because the old one is still there.
 */
async function reclaim(path: string): Promise<boolean> {
  if (!await isAbandoned(path)) return false;
  const guard = `${path}.reclaim`;
  const mine = `${guard}.${randomUUID()}`;
  await writeFile(mine, JSON.stringify({ pid: process.pid, start: startOf(process.pid), host: hostname(), id: mine }), { flag: 'wx' });
  try {
    if (!await acquire(mine, guard)) {
      if (await isAbandoned(guard)) await rename(guard, `${mine}.old`).then(() => unlink(`${mine}.old`), () => undefined);
      return false;
    }
    try {
      if (await isAbandoned(path)) await rm(path, { force: true });
      return true;
    } finally {
      await rm(guard, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('host' in owner) || typeof owner.pid !== 'number') return await isOld(path);
    if (owner.host !== hostname()) return await isOld(path);
    return !isRunning(owner.pid, 'start' in owner ? owner.start : undefined);
  } catch (error) {
    return error instanceof SyntaxError && isOld(path);
  }
}

async function isOld(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && Date.now() - info.mtimeMs > FOREIGN_MS;
}

/** The same number may have been given to another process since. */
function isRunning(pid: number, start: unknown): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
  const now = startOf(pid);
  return now === undefined || typeof start !== 'string' || now === start;
}

/** When a process was started, in ticks since the machine was; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[STAT_START];
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
