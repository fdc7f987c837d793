/**
 * Builds the package into an empty `dist` (or the folder given): scripts in both formats, declarations, and the two programs that
 * it starts by itself. Usage: node scripts/build.ts [folder]
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { all } from '../tsup.config.ts';
import { buildPackage, DIST } from './buildPackage.ts';

const target = path.resolve(process.argv[2] ?? DIST);
const files = await buildPackage({ configs: all, target, clean: true });
const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(target, file))).size));
const total = sizes.reduce((sum, size) => sum + size, 0);
process.stdout.write(`${path.basename(target)}: ${files.length} files, ${Math.round(total / 1_024)} KiB\n`);
