import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { build, type Options } from 'tsup';

/** The root of this repository. */
export const ROOT = path.resolve(import.meta.dirname, '..');

/** Where the build ends up unless said otherwise. */
export const DIST = path.join(ROOT, 'dist');

/** What to build, and where to. */
export interface BuildRequest {
  readonly configs: readonly Options[];
  /** @defaultValue `dist` */
  readonly target?: string;
  /** Whether files of earlier builds are removed. Their names carry hashes, so some would stay. */
  readonly clean: boolean;
}

/**
 * Builds into a folder of its own and moves the finished files over, each in one step: a process that starts meanwhile never
 * reads half a file. Returns the names of the files.
 */
export async function buildPackage({ configs, target = DIST, clean }: BuildRequest): Promise<readonly string[]> {
  const staging = path.join(ROOT, '.cache', `build-${process.pid}`);
  try {
    await rm(staging, { recursive: true, force: true });
    for (const config of configs) await build({ ...config, config: false, outDir: staging });
    const files = await readdir(staging);
    if (clean) await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true });
    for (const file of files) await rename(path.join(staging, file), path.join(target, file));
    return files;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
