import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scripts } from '../tsup.config.ts';
import { buildPackage, DIST, ROOT } from './buildPackage.ts';

const STAMP = path.join(DIST, '.built');

/** Makes `dist` match the sources, so that `import 'task-system'` works in tests, examples and the demo. Leaves the declarations out. */
export async function buildIfStale(): Promise<void> {
  const started = Date.now();
  if (await isFresh()) return;
  await buildPackage({ configs: scripts, clean: false });
  await writeFile(STAMP, '');
  // What changed while the build ran is newer than the stamp.
  await utimes(STAMP, started / 1_000, started / 1_000);
}

async function isFresh(): Promise<boolean> {
  const built = await modified(STAMP);
  const sources = await readdir(path.join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  const inputs = [...sources.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)), path.join(ROOT, 'tsup.config.ts')];
  const times = await Promise.all(inputs.map(modified));
  return Math.max(...times) < built;
}

async function modified(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    return 0;
  }
}
