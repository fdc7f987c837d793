import { constants } from 'node:fs';
import { open, readlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TaskSystemError } from '../../types/Errors.ts';
import { isInside } from '../files/openInside.ts';
import type { StoredEntry } from './MemoryEntry.ts';
import { idsIn, writeEntry } from './MemoryText.ts';
import { syncFolder } from './replaceFile.ts';

const TAIL_BYTES = 262_144;

/**
 * Appends entries to an archive, unless they stand among its last ones already, and waits until they are on the disk.
 * @returns whether anything was written.
 * @throws TaskSystemError `MEMORY_REFUSED` when the archive is not a regular file of its folder.
 */
export async function appendToArchive(path: string, entries: readonly StoredEntry[]): Promise<boolean> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  const handle = await open(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_RDWR, 0o644);
  try {
    const info = await handle.stat();
    const isElsewhere = process.platform === 'linux' && !isInside(dirname(path), await readlink(`/proc/self/fd/${String(handle.fd)}`));
    if (!info.isFile() || isElsewhere) throw new TaskSystemError('MEMORY_REFUSED', `${path} is not a regular file of its folder`, { path });
    const length = Math.min(info.size, TAIL_BYTES);
    const tail = Buffer.alloc(length);
    await handle.read(tail, 0, length, info.size - length);
    const known = new Set(idsIn(tail.toString('latin1')));
    const missing = entries.filter(({ ids }) => !ids.every((id) => known.has(id)));
    if (missing.length === 0) return false;
    // After a write that was cut off by a full disk the next entry starts on a line of its own.
    const start = length === 0 || tail.at(-1) === 10 ? '' : '\n';
    await handle.appendFile(Buffer.from(start + missing.map((entry) => writeEntry(entry, '\n')).join(''), 'latin1'));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(path));
  return true;
}
