import { constants } from 'node:fs';
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

/** Why a file is not opened. */
export type OpenRefusal = 'missing' | 'outside' | 'not a regular file' | 'unreadable';

/** A file of a directory, open for reading. */
export interface OpenedFile {
  readonly handle: FileHandle;
  /** Where it really lies, without links. */
  readonly path: string;
}

/**
 * Opens a file of a directory for reading, if it really lies there: links are followed only as long as they stay inside. What was
 * opened is looked at, not what the path said before. Neither a FIFO nor a device holds the caller up.
 */
export async function openInside(directory: string, name: string): Promise<OpenedFile | OpenRefusal> {
  let handle: FileHandle | undefined;
  try {
    const root = await realpath(directory);
    const path = await realpath(join(root, name));
    if (!isInside(root, path)) return 'outside';
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const refusal = await refuse(handle, root);
    if (refusal === undefined) return { handle, path };
    await handle.close();
    return refusal;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    return refusalOf(error);
  }
}

/** The real path at which a file would be made in a directory; undefined when its folder lies elsewhere or does not exist. */
export async function placeInside(directory: string, name: string): Promise<string | undefined> {
  try {
    const root = await realpath(directory);
    const path = join(root, name);
    const folder = await realpath(dirname(path));
    return folder === root || isInside(root, folder) ? join(folder, name.slice(name.lastIndexOf('/') + 1)) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a path lies below a directory; both without links. */
export function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function refuse(handle: FileHandle, root: string): Promise<OpenRefusal | undefined> {
  if (!(await handle.stat()).isFile()) return 'not a regular file';
  if (process.platform !== 'linux') return undefined;
  // A folder on the way may have been replaced by a link between the look at the path and the opening.
  return isInside(root, await readlink(`/proc/self/fd/${String(handle.fd)}`)) ? undefined : 'outside';
}

function refusalOf(error: unknown): OpenRefusal {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  if (code === 'ELOOP') return 'outside';
  return code === 'ENXIO' || code === 'EISDIR' ? 'not a regular file' : 'unreadable';
}
