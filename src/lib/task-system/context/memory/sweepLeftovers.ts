import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** No write takes this long, and no wait for a lock: who left a file of this age behind is dead. */
const OLD_MS = 600_000;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** How the temporary files of a memory file and of its lock go on after its name. */
const LEFTOVER = new RegExp(`^(?:${UUID}\\.tmp|lock(?:\\.reclaim)?\\.${UUID}(?:\\.old)?)$`);

/**
 * Removes what writers of a memory file left beside it when they were killed. Takes only names that nobody else gives, only regular
 * files, and only old ones. Fails silently: the next one will do it.
 * @returns how many were removed.
 */
export async function sweepLeftovers(path: string, now = Date.now()): Promise<number> {
  const start = `.${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  const leftovers = names.filter((name) => name.startsWith(start) && LEFTOVER.test(name.slice(start.length)));
  const removed = await Promise.all(leftovers.map((name) => removeOld(join(dirname(path), name), now)));
  return removed.filter((isRemoved) => isRemoved).length;
}

async function removeOld(path: string, now: number): Promise<boolean> {
  try {
    const info = await lstat(path);
    if (!info.isFile() || now - info.mtimeMs < OLD_MS) return false;
    await rm(path);
    return true;
  } catch {
    return false;
  }
}
