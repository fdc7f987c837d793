import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

const MAX_DEPTH = 4;
const MAX_FILES = 200;

/** Paths of the files below a directory, in order; hidden ones and links are left out, and so is what is beyond all measure. */
export async function listFiles(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
      if (found.length >= MAX_FILES || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isFile()) found.push(relative(directory, join(folder, entry.name)));
      else if (entry.isDirectory() && depth < MAX_DEPTH) await visit(join(folder, entry.name), depth + 1);
    }
  };
  await visit(directory, 1);
  return found;
}
