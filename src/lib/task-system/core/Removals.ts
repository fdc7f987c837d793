import { rmdir } from 'node:fs/promises';
import type { Logger } from '../types/Ports.ts';
import { removeTrees } from './removeTrees.ts';

/** How many directories one process removes. */
const BATCH = 64;

/** Removes directories in the background, one batch at a time, so that many that end together do not start as many processes. */
export class Removals {
  readonly #logger: Logger;
  readonly #waiting = new Set<string>();
  #running: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Resolves when the directory, and what else waits, is gone or was given up. Never rejects. */
  async remove(path: string): Promise<void> {
    this.#waiting.add(path);
    await this.settle();
  }

  /** Waits until nothing is left to do. */
  async settle(): Promise<void> {
    while (this.#waiting.size > 0 || this.#running !== undefined) {
      this.#running ??= this.#removeBatch().finally(() => { this.#running = undefined; });
      await this.#running;
    }
  }

  async #removeBatch(): Promise<void> {
    const paths = [...this.#waiting].slice(0, BATCH);
    for (const path of paths) this.#waiting.delete(path);
    await removeTrees(paths).catch((error: unknown) => { this.#logger.warn(`could not remove all of ${paths.join(', ')}`, { error }); });
  }
}

/** Removes a directory if there is nothing in it. False when there is, or when it is no directory. */
export function removeEmpty(path: string): Promise<boolean> {
  return rmdir(path).then(() => true, isMissing);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
