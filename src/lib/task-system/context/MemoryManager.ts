import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TaskSystemError } from '../types/Errors.ts';
import { openInside, placeInside, type OpenedFile, type OpenRefusal } from './files/openInside.ts';
import { appendToArchive } from './memory/archive.ts';
import { withFileLock } from './memory/FileLock.ts';
import { renderEntry, type MemoryEntry, type StoredEntry } from './memory/MemoryEntry.ts';
import { addEntry } from './memory/MemoryText.ts';
import { isUntouched, replaceFile, takeSnapshot, type Snapshot } from './memory/replaceFile.ts';
import { sweepLeftovers } from './memory/sweepLeftovers.ts';

const LOCK_WAIT_MS = 15_000;
/** How often a file is read again that somebody else writes to. */
const MAX_TRIES = 40;
const RETRY_PAUSE_MS = 10;
/** How long an editor that has the replaced file open is waited for. */
const LINGER_MS = 3;
/** A file that is being saved may look damaged for a moment; when it was changed this recently, it is looked at again. */
const SETTLE_MS = 200;
const MAX_BYTES = 32 * 1024 * 1024;

/** A memory file of a project. */
export interface MemoryTarget {
  /** Absolute path of the project's directory. */
  readonly directory: string;
  /** Name of the file inside it, such as `MEMORY.md`. */
  readonly file: string;
  /** Name of the file for entries that had to leave, beside the first. */
  readonly archive: string;
  /** What the entries may take together, in tokens; older ones move to the archive. */
  readonly maxTokens: number;
}

/** What became of an entry. */
export interface MemoryWritten {
  /** `known`: the task had its entry already. `archived`: the memory file could not take it, the archive did. */
  readonly kind: 'added' | 'known' | 'archived';
  /** The lines that were added to the file, and those that were taken out of it. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** How many entries moved to the archive for want of room. */
  readonly evicted: number;
  /** With `archived`: why. */
  readonly reason?: TaskSystemError;
}

/** A text that was saved into a file which had just been replaced, and what it was replaced with. */
interface Stray {
  readonly saved: string;
  readonly ours: string;
}

interface Place {
  readonly target: MemoryTarget;
  /** Real path of the memory file. */
  readonly path: string;
  readonly archivePath: string;
}

/**
 * Writes the entries of ended tasks into the memory files of projects. One write at a time per file in this process, a lock file
 * against others, and a careful eye on editors, who know of no lock: what a person writes is kept byte for byte, also when it is
 * saved while an entry is being written.
 */
export class MemoryManager {
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #lockWaitMs: number;
  /** Files that this process has looked after already. */
  readonly #swept = new Set<string>();

  /** @param options `lockWaitMs`: how long a lock that somebody holds is waited for, in milliseconds; 15,000 unless given. */
  constructor({ lockWaitMs = LOCK_WAIT_MS }: { readonly lockWaitMs?: number } = {}) {
    this.#lockWaitMs = lockWaitMs;
  }

  /**
   * Adds the entry of a task; resolves when it is on the disk. A task has one entry, however often this is called.
   * @throws TaskSystemError `MEMORY_REFUSED` (the file lies outside, is no regular file), `MEMORY_BUSY`, `MEMORY_FAILED` (the
   * system's own words are the cause).
   */
  async write(target: MemoryTarget, entry: MemoryEntry): Promise<MemoryWritten> {
    const key = join(target.directory, target.file);
    const before = this.#queues.get(key) ?? Promise.resolve();
    const work = before.then(() => writeSafely(target, (place) => this.#sweepAndUpdate(place, renderEntry(entry)), this.#lockWaitMs));
    const done = work.catch(() => undefined).finally(() => { if (this.#queues.get(key) === done) this.#queues.delete(key); });
    this.#queues.set(key, done);
    return work;
  }

  async #sweepAndUpdate(place: Place, entry: StoredEntry): Promise<MemoryWritten> {
    if (!this.#swept.has(place.path)) await sweepLeftovers(place.path);
    this.#swept.add(place.path);
    return update(place, entry);
  }
}

async function writeSafely(target: MemoryTarget, work: (place: Place) => Promise<MemoryWritten>, lockWaitMs: number): Promise<MemoryWritten> {
  try {
    const place = await findPlace(target);
    const lock = join(dirname(place.path), `.${basename(place.path)}.lock`);
    return await withFileLock(lock, lockWaitMs, () => work(place));
  } catch (error) {
    if (TaskSystemError.isInstance(error)) throw error;
    throw new TaskSystemError('MEMORY_FAILED', `${join(target.directory, target.file)} was not changed`, { file: target.file }, { cause: error });
  }
}

async function findPlace(target: MemoryTarget): Promise<Place> {
  const opened = await openInside(target.directory, target.file);
  const path = typeof opened === 'string' ? await newPlace(target, opened) : opened.path;
  if (typeof opened !== 'string') await opened.handle.close();
  return { target, path, archivePath: join(dirname(path), basename(target.archive)) };
}

async function newPlace({ directory, file }: MemoryTarget, refusal: OpenRefusal): Promise<string> {
  const path = refusal === 'missing' ? await placeInside(directory, file) : undefined;
  if (path !== undefined) return path;
  throw refused(join(directory, file), refusal === 'missing' ? 'its directory does not exist' : `it is ${refusal}`);
}

/** Under the lock: read, edit, replace; again when somebody else was quicker. */
async function update(place: Place, entry: StoredEntry): Promise<MemoryWritten> {
  let stray: Stray | undefined;
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    if (attempt > 0) await pause(RETRY_PAUSE_MS);
    const opened = await openInside(place.target.directory, place.target.file);
    if (typeof opened === 'string' && opened !== 'missing') throw refused(place.path, `it is ${opened}`);
    const file = typeof opened === 'string' ? undefined : opened;
    try {
      const result = await tryOnce(place, entry, file, stray);
      if (result !== undefined && 'kind' in result) return result;
      stray = result ?? stray;
    } finally {
      await file?.handle.close();
    }
  }
  throw new TaskSystemError('MEMORY_BUSY', `${place.path} changed ${String(MAX_TRIES)} times while it was being written`, { path: place.path });
}

/** @returns undefined to try again; a {@link Stray} when an editor saved into the file that was just replaced. */
async function tryOnce(place: Place, entry: StoredEntry, file: OpenedFile | undefined, stray: Stray | undefined): Promise<MemoryWritten | Stray | undefined> {
  const problem = file === undefined ? undefined : await unwritable(file, place.path);
  if (problem !== undefined) return archiveOnly(place, entry, problem);
  const old = file === undefined ? undefined : await takeSnapshot(file.handle);
  if (file !== undefined && old === undefined) return undefined;
  const base = await baseOf(place, old, stray);
  const edit = addEntry(base, entry, place.target.maxTokens);
  // An editor empties the file before it fills it again.
  if ((edit.kind === 'damaged' || base === '') && stray === undefined && isRecent(old)) return undefined;
  if (edit.kind === 'damaged') return archiveOnly(place, entry, new TaskSystemError('MEMORY_DAMAGED', `${place.path} was not changed`, { path: place.path }));
  if (edit.kind === 'known') return { kind: 'known', added: [], removed: [], evicted: 0 };
  // First there, then gone here: between the two an entry may stand twice, never nowhere.
  if (edit.evicted.length > 0) await appendToArchive(place.archivePath, edit.evicted);
  if (!await replaceFile(place.path, edit.text, old)) return undefined;
  if (file === undefined || old === undefined) return { kind: 'added', added: edit.added, removed: edit.removed, evicted: edit.evicted.length };
  // Who opened the file just before it was replaced saves a moment later, into the old one.
  await pause(LINGER_MS);
  if (!await isUntouched(file.handle, old)) return { saved: await settled(file.handle), ours: edit.text };
  return { kind: 'added', added: edit.added, removed: edit.removed, evicted: edit.evicted.length };
}

/**
 * What the entry is added to: the file, or what an editor saved into the file before it, which it had open when that was replaced.
 * When somebody has changed the new file as well, nobody can say which is right: the other text goes into a file beside it.
 */
async function baseOf(place: Place, old: Snapshot | undefined, stray: Stray | undefined): Promise<string> {
  if (stray === undefined) return old?.text ?? '';
  if (old?.text === stray.ours) return stray.saved;
  await replaceFile(`${place.path}.saved-${String(Date.now())}`, stray.saved, undefined);
  return old?.text ?? '';
}

/** The content of a file that somebody is saving, once it has been left alone for a moment. */
async function settled(handle: FileHandle): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const snapshot = await takeSnapshot(handle);
    await pause(RETRY_PAUSE_MS);
    const isDone = snapshot !== undefined && snapshot.text !== '' && await isUntouched(handle, snapshot);
    if (isDone || attempt === MAX_TRIES) return snapshot?.text ?? '';
  }
}

async function unwritable(file: OpenedFile, path: string): Promise<TaskSystemError | undefined> {
  const { mode, size } = await file.handle.stat();
  // Root may write to everything; that a file is marked read-only is still somebody's wish.
  if ((mode & 0o222) === 0) return refused(path, 'it is read-only');
  if (size > MAX_BYTES) return refused(path, `it has ${String(size)} bytes, ${String(MAX_BYTES)} are allowed`);
  const head = Buffer.alloc(2);
  await file.handle.read(head, 0, 2, 0);
  const isWide = head.equals(Buffer.of(0xff, 0xfe)) || head.equals(Buffer.of(0xfe, 0xff));
  return isWide ? refused(path, 'it is UTF-16, not UTF-8') : undefined;
}

/** What the memory file cannot take is kept where it can be found. */
async function archiveOnly(place: Place, entry: StoredEntry, reason: TaskSystemError): Promise<MemoryWritten> {
  const isNew = await appendToArchive(place.archivePath, [entry]);
  return { kind: isNew ? 'archived' : 'known', added: isNew ? entry.lines : [], removed: [], evicted: 0, reason };
}

function isRecent(snapshot: Snapshot | undefined): boolean {
  return snapshot !== undefined && Math.abs(Date.now() - Number(snapshot.mtimeNs / 1_000_000n)) < SETTLE_MS;
}

function refused(path: string, why: string): TaskSystemError {
  return new TaskSystemError('MEMORY_REFUSED', `${path}: ${why}`, { path, why });
}
