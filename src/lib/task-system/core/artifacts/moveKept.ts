import { constants } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TaskSystemError } from '../../types/Errors.ts';
import type { Mark } from './AttemptMarks.ts';
import { holdFolder, identify, refused, type FileIdentity } from './KeptFile.ts';

/**
 * Moves a marked file out of a workspace, if it is still what was marked. It is looked at before, through folders that are held open,
 * and once more where nobody but the host can reach it.
 * @param target the directory that it is moved to; made with everything above it.
 * @throws TaskSystemError `ARTIFACT_REFUSED`, `ARTIFACT_CHANGED`; or the error of the system.
 */
export async function moveKept(workspace: string, { path, names, identity }: Mark, target: string): Promise<void> {
  const folder = await holdFolder(workspace, path, names);
  try {
    const source = folder.at(names.at(-1) ?? '');
    const found = await identify(source, path);
    if (!isSame(found, identity) || found.changed !== identity.changed) throw changed(path);
    const place = join(target, ...names);
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await rename(source, place);
    await settleDown(place, path, identity).catch(async (error: unknown) => {
      await rm(place, { force: true, recursive: true });
      throw error;
    });
  } finally {
    await folder.close();
  }
}

/** Makes a file that was moved the host's own, without rights to be executed, if it is the one that was marked. */
async function settleDown(place: string, path: string, identity: FileIdentity): Promise<void> {
  if (!isSame(await identify(place, path), identity)) throw changed(path);
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    throw refused(path, 'cannot be read', error);
  });
  try {
    const info = await handle.stat({ bigint: true });
    if (info.ino !== identity.inode || info.dev !== identity.device || info.nlink !== 1n) throw changed(path);
    const [user, group] = [process.getuid?.(), process.getgid?.()];
    if (user !== undefined && group !== undefined && Number(info.uid) !== user) await handle.chown(user, group);
    await handle.chmod(0o600);
  } finally {
    await handle.close();
  }
}

/** Renaming alone changes the time at which the entry was changed. */
function isSame(left: FileIdentity, right: FileIdentity): boolean {
  return left.device === right.device && left.inode === right.inode && left.bytes === right.bytes && left.modified === right.modified;
}

function changed(path: string): TaskSystemError {
  return new TaskSystemError('ARTIFACT_CHANGED', `"${path}" is not what it was when it was kept`, { path });
}
