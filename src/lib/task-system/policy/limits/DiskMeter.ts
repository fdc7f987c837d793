import { closeSync, constants, lstatSync, openSync, opendirSync, type Dirent } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { join } from 'node:path';

/** What every entry counts at least: an empty file takes its place too. */
const SMALLEST_BYTES = 4_096;
const BLOCK_BYTES = 512;
/** How many entries are looked at before others get a turn: about half a millisecond. */
const ENTRIES_PER_TURN = 256;
/** Paths longer than this are begun anew at a descriptor: the system refuses those above 4,096 bytes. */
const LONG_PATH = 3_000;
const MAX_DESCRIPTORS = 64;

/** What a directory holds. */
export interface DiskUsage {
  /** Bytes on disk, not the length of files with holes; at least 4 KiB for each entry, files with several names once. */
  readonly bytes: number;
  readonly entries: number;
}

type Step = { readonly kind: 'directory'; readonly path: string } | { readonly kind: 'close'; readonly descriptor: number };

/**
 * Measures what lies below a directory without following links, in small steps, so that the event loop never waits long. Stops as
 * soon as more than `stopAbove` bytes were seen. What cannot be read counts nothing.
 */
export async function measureDirectory(directory: string, stopAbove = Infinity): Promise<DiskUsage> {
  const walk = new Walk(directory);
  try {
    for (let seen = 0; walk.next() && walk.bytes <= stopAbove; seen++) {
      if (seen % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await nextTurn();
    }
    return { bytes: walk.bytes, entries: walk.entries };
  } finally {
    walk.close();
  }
}

/** One entry at a time. */
class Walk {
  bytes = 0;
  entries = 0;
  readonly #steps: Step[];
  readonly #linked = new Set<string>();
  #open: { readonly path: string; readonly directory: ReturnType<typeof opendirSync> } | undefined;
  #descriptors = 0;

  constructor(directory: string) {
    this.#steps = [{ kind: 'directory', path: directory }];
  }

  /** Looks at the next entry; false when there is none. */
  next(): boolean {
    if (this.#open === undefined) return this.#step();
    const entry = attempt(() => this.#open?.directory.readSync());
    if (entry === null || entry === undefined) this.#leave();
    else this.#count(entry, join(this.#open.path, entry.name));
    return true;
  }

  close(): void {
    this.#leave();
    for (const step of this.#steps) if (step.kind === 'close') closeSync(step.descriptor);
  }

  #step(): boolean {
    const step = this.#steps.pop();
    if (step === undefined) return false;
    if (step.kind === 'close') this.#release(step.descriptor);
    else this.#enter(step.path);
    return true;
  }

  #enter(path: string): void {
    const base = path.length > LONG_PATH && process.platform === 'linux' ? this.#anchor(path) : path;
    const directory = attempt(() => opendirSync(base, { bufferSize: ENTRIES_PER_TURN }));
    if (directory !== undefined) this.#open = { path: base, directory };
  }

  /** A short path to the same directory, good until its descriptor is closed: when everything below it was seen. */
  #anchor(path: string): string {
    if (this.#descriptors >= MAX_DESCRIPTORS) return path;
    const descriptor = attempt(() => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
    if (descriptor === undefined) return path;
    this.#descriptors++;
    // Anchors that nothing is left to be done under, as in a long chain of directories.
    for (let last = this.#steps.at(-1); last?.kind === 'close'; last = this.#steps.at(-1)) {
      this.#steps.pop();
      this.#release(last.descriptor);
    }
    this.#steps.push({ kind: 'close', descriptor });
    return `/proc/self/fd/${String(descriptor)}`;
  }

  #release(descriptor: number): void {
    closeSync(descriptor);
    this.#descriptors--;
  }

  #leave(): void {
    attempt(() => { this.#open?.directory.closeSync(); });
    this.#open = undefined;
  }

  #count(entry: Dirent, path: string): void {
    this.entries++;
    if (entry.isDirectory()) {
      this.bytes += SMALLEST_BYTES;
      this.#steps.push({ kind: 'directory', path });
      return;
    }
    const info = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
    if (info === undefined) return;
    if (info.nlink > 1) {
      const identity = `${String(info.dev)}:${String(info.ino)}`;
      if (this.#linked.has(identity)) return;
      this.#linked.add(identity);
    }
    // Windows tells no blocks.
    this.bytes += Math.max(SMALLEST_BYTES, info.blocks === 0 && process.platform === 'win32' ? info.size : info.blocks * BLOCK_BYTES);
  }
}

/** A task changes its files while they are looked at: one that is gone, or may not be read, has nothing to say. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
