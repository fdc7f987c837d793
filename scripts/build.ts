/**
 * Builds the package into an empty `dist` (or the folder given): scripts in both formats, declarations, and the two programs that
 * it starts by itself. Usage: node scripts/build.ts [folder], or with --if-stale: only the scripts, only if the sources are newer.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { all } from '../tsup.config.ts';
import { buildIfStale } from './buildIfStale.ts';
import { buildPackage, DIST } from './buildPackage.ts';

if (process.argv[2] === '--if-stale') await buildIfStale();
else await buildAll(path.resolve(process.argv[2] ?? DIST));

async function buildAll(target: string): Promise<void> {
  const files = await buildPackage({ configs: all, target, clean: true });
  const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(target, file))).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  process.stdout.write(`${path.basename(target)}: ${files.length} files, ${Math.round(total / 1_024)} KiB\n`);
}
