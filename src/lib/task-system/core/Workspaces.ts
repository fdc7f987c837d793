import { chownSync, mkdirSync, renameSync } from 'node:fs';
import { lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '../types/Ports.ts';
import { removeEmpty, Removals } from './Removals.ts';

const SLOT_PREFIX = '.slot-';

/** What becomes of a workspace when its attempt is over. */
export type Disposal = 'remove' | 'keep';

/** The directories of tasks under `<root>/workspaces`, and their logs under `<root>/logs`. */
export class Workspaces {
  readonly #directory: string;
  readonly #logs: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #removal: Removals;
  readonly #live = new Set<string>();
  readonly #removals = new Set<Promise<void>>();

  constructor(root: string, clock: Clock, logger: Logger) {
    this.#directory = join(root, 'workspaces');
    this.#logs = join(root, 'logs');
    this.#clock = clock;
    this.#logger = logger;
    this.#removal = new Removals(logger);
  }

  /** Makes the folders and clears away what an earlier host left of processes that had no task yet. */
  async open(): Promise<void> {
    await Promise.all([mkdir(this.#directory, { recursive: true }), mkdir(this.#logs, { recursive: true })]);
    const names = await readdir(this.#directory);
    await Promise.all(names.filter((name) => name.startsWith(SLOT_PREFIX)).map((name) => this.#remove(join(this.#directory, name))));
  }

  /**
   * An empty directory for a process that has no task yet. It is renamed at takeover; a process that stands in it goes along.
   * @param owner the user that the process becomes, where that is not the host's.
   */
  createSlot(processId: string, owner?: number): string {
    const slot = join(this.#directory, `${SLOT_PREFIX}${processId}`);
    mkdirSync(slot, { mode: 0o700 });
    if (owner !== undefined) chownSync(slot, owner, owner);
    return slot;
  }

  /**
   * Turns a slot into the workspace of an attempt. Each attempt has its own, so a late writer cannot reach another's. Synchronous,
   * so that the task is sent to its process in the turn that took it, before the host is held up by starting the successor.
   */
  assign(slot: string, attemptName: string): string {
    const workspace = join(this.#directory, attemptName);
    // Before the rename, so that a sweep never sees a directory that nobody claims.
    this.#live.add(workspace);
    try {
      renameSync(slot, workspace);
    } catch (error) {
      this.#live.delete(workspace);
      throw error;
    }
    return workspace;
  }

  /** Lets a slot be the workspace of an attempt under the name it has: for processes that may not see another. */
  adopt(slot: string): string {
    this.#live.add(slot);
    return slot;
  }

  /** Where the output of an attempt is written: outside its workspace, where the task cannot redirect it. */
  logPath(attemptName: string): string {
    return join(this.#logs, `${attemptName}.log`);
  }

  /** Removes a directory in the background, or keeps it for a look at what went wrong, under another name if one is given. */
  dispose(directory: string, disposal: Disposal, keptName?: string): void {
    this.#live.delete(directory);
    if (disposal === 'keep') {
      if (keptName !== undefined) this.#rename(directory, keptName);
      return;
    }
    const removal = this.#remove(directory).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  /** Removes workspaces of failed attempts and logs that are older than their age limit. */
  async sweep(keepFailedMs: number, keepLogsMs: number): Promise<void> {
    await this.#removeOlder(this.#directory, keepFailedMs);
    await this.#removeOlder(this.#logs, keepLogsMs);
  }

  /** Waits for removals that are under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #rename(directory: string, name: string): void {
    try {
      renameSync(directory, join(this.#directory, name));
    } catch (error) {
      this.#logger.warn(`could not keep ${directory} as ${name}`, { error });
    }
  }

  async #removeOlder(directory: string, ageMs: number): Promise<void> {
    const limit = this.#clock.now() - ageMs;
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (name.startsWith(SLOT_PREFIX) || this.#live.has(path)) continue;
      const info = await lstat(path).catch(() => undefined);
      if (info !== undefined && info.mtimeMs < limit) await this.#remove(path);
    }
  }

  /** Logs are files; a link in the place of either goes itself, and its target stays. */
  async #remove(path: string): Promise<void> {
    // Most workspaces are empty in the end: one call.
    if (await removeEmpty(path)) return;
    const info = await lstat(path).catch(() => undefined);
    if (info === undefined) return;
    if (info.isDirectory()) await this.#removal.remove(path);
    else await unlink(path).catch(() => undefined);
  }
}
