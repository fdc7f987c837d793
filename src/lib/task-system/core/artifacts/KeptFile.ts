import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TaskSystemError } from '../../types/Errors.ts';

const MAX_PATH_BYTES = 1_024;
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 16;
/** The longest tick of a kernel (100 a second), and how many of them are waited for. */
const TICK_MS = 10;
const MAX_LOOKS = 5;
const NANOSECONDS = 1_000_000n;
const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A file of a workspace as it was when it was looked at. Whatever writes to it afterwards shows in it. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly bytes: number;
  readonly modified: bigint;
  /** Also changed by what leaves content and time of writing alone: another mode, owner, name or link. */
  readonly changed: bigint;
}

/** A folder of a workspace that is held open: what is asked of it is asked of this folder, whatever its path leads to by now. */
export interface HeldFolder {
  /** Path of a name in it. */
  readonly at: (name: string) => string;
  readonly close: () => Promise<void>;
}

/**
 * Checks what a task calls the path of an artifact.
 * @returns its names, from the workspace down.
 * @throws TaskSystemError `ARTIFACT_REFUSED`.
 */
export function namesOf(path: string): readonly string[] {
  const names = path.split('/');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES || names.length > MAX_DEPTH) throw refused(path, `is longer than ${String(MAX_PATH_BYTES)} bytes or deeper than ${String(MAX_DEPTH)} names`);
  for (const name of names) {
    if (name === '' || name === '.' || name === '..') throw refused(path, 'is not the plain path of a file in the workspace');
    // What lies in such files is followed by other programs: git, editors, package managers.
    if (name.startsWith('.')) throw refused(path, `has a hidden name in it, "${name}": programs of the host may trust such files`);
    if (/[\p{Cc}\\]/u.test(name) || Buffer.byteLength(name) > MAX_NAME_BYTES) throw refused(path, 'has a name in it with control characters, backslashes or more than 255 bytes');
  }
  return names;
}

/**
 * Opens the folder of a file, one name after the other and following no link: not even one that takes the place of a folder meanwhile.
 * @throws TaskSystemError `ARTIFACT_REFUSED` when one of the names is no folder.
 */
export async function holdFolder(workspace: string, path: string, names: readonly string[]): Promise<HeldFolder> {
  let handle = await open(workspace, FOLDER_FLAGS);
  let place = workspace;
  try {
    for (const name of names.slice(0, -1)) {
      place = join(placeOf(handle, place), name);
      const next = await open(place, FOLDER_FLAGS);
      await handle.close();
      handle = next;
    }
  } catch (error) {
    await handle.close();
    throw refused(path, folderProblem(error), error);
  }
  const folder = placeOf(handle, place);
  return { at: (name) => join(folder, name), close: () => handle.close() };
}

/**
 * Looks at a file without opening it, so that no FIFO and no device notices.
 * @throws TaskSystemError `ARTIFACT_REFUSED` when it is not a regular file with one name.
 */
export async function identify(file: string, path: string): Promise<FileIdentity> {
  const info = await lstat(file, { bigint: true }).catch((error: unknown) => { throw refused(path, fileProblem(error), error); });
  if (!info.isFile()) throw refused(path, `is ${kindOf(info)}`);
  if (info.nlink !== 1n) throw refused(path, `has ${String(info.nlink)} names: it may be a file of somebody else`);
  return { device: info.dev, inode: info.ino, bytes: Number(info.size), modified: info.mtimeNs, changed: info.ctimeNs };
}

/**
 * The same, once whatever is written to the file from then on will show in its times: kernels before 6.13 count those in ticks, and a
 * second change in one tick leaves no trace. A file that is written to all the time shows that by itself.
 * @throws TaskSystemError `ARTIFACT_REFUSED`.
 */
export async function identifyForGood(file: string, path: string): Promise<FileIdentity> {
  let identity = await identify(file, path);
  for (let look = 0; look < MAX_LOOKS && isFresh(identity); look++) {
    await sleep(TICK_MS);
    identity = await identify(file, path);
  }
  return identity;
}

/** An error of the catalogue for a path that cannot be an artifact. */
export function refused(path: string, why: string, cause?: unknown): TaskSystemError {
  return new TaskSystemError('ARTIFACT_REFUSED', `"${path.slice(0, MAX_PATH_BYTES)}" ${why}`, { path: path.slice(0, MAX_PATH_BYTES) }, cause === undefined ? {} : { cause });
}

function isFresh({ changed }: FileIdentity): boolean {
  return Date.now() - Number(changed / NANOSECONDS) <= TICK_MS;
}

/** On Linux the descriptor itself; elsewhere there is only its path. */
function placeOf(handle: FileHandle, path: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${String(handle.fd)}` : path;
}

function kindOf(info: BigIntStats): string {
  if (info.isSymbolicLink()) return 'a link';
  if (info.isDirectory()) return 'a folder: keep its files one by one';
  if (info.isFIFO()) return 'a FIFO';
  if (info.isSocket()) return 'a socket';
  return 'a device';
}

function folderProblem(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ELOOP' || code === 'ENOTDIR') return 'lies behind a link, or behind something that is no folder';
  return code === 'ENOENT' ? 'does not exist' : `cannot be reached (${code})`;
}

function fileProblem(error: unknown): string {
  const code = codeOf(error);
  return code === 'ENOENT' ? 'does not exist' : `cannot be looked at (${code})`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
