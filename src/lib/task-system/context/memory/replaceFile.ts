import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const MODE_BITS = 0o7777;
const NEW_FILE_MODE = 0o644;

/** A file as it was when it was read. */
export interface Snapshot {
  readonly text: string;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Reads an open file, one character per byte. Undefined when somebody writes to it meanwhile. */
export async function takeSnapshot(handle: FileHandle): Promise<Snapshot | undefined> {
  const { ino, size, mtimeNs, mode, uid, gid } = await handle.stat({ bigint: true });
  const bytes = Buffer.alloc(Number(size));
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return undefined;
    length += bytesRead;
  }
  const snapshot = { text: bytes.toString('latin1'), ino, size, mtimeNs, mode: Number(mode) & MODE_BITS, uid: Number(uid), gid: Number(gid) };
  return await isUntouched(handle, snapshot) ? snapshot : undefined;
}

/** Whether the open file still has the content that was read from it. */
export async function isUntouched(handle: FileHandle, snapshot: Snapshot): Promise<boolean> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  return size === snapshot.size && mtimeNs === snapshot.mtimeNs;
}

/**
 * Puts a new content in the place of a file: a temporary file beside it, written through to the disk, then renamed. Whoever reads
 * finds the old or the new content, never a part. Mode and owner are those of the old file.
 * @returns false, and changes nothing, when the file is not `old` any more.
 */
export async function replaceFile(path: string, text: string, old: Snapshot | undefined): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', old?.mode ?? NEW_FILE_MODE);
    try {
      if (old !== undefined) await adopt(handle, old);
      await handle.writeFile(Buffer.from(text, 'latin1'));
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!await isStill(path, old)) return false;
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

/** Only root may give a file away; for everybody else it has the right owner already. */
async function adopt(handle: FileHandle, { mode, uid, gid }: Snapshot): Promise<void> {
  await handle.chown(uid, gid).catch(() => undefined);
  await handle.chmod(mode);
}

async function isStill(path: string, old: Snapshot | undefined): Promise<boolean> {
  const now = await stat(path, { bigint: true }).catch(() => undefined);
  if (now === undefined || old === undefined) return now === undefined && old === undefined;
  return now.ino === old.ino && now.size === old.size && now.mtimeNs === old.mtimeNs;
}

/** A rename is on the disk when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
