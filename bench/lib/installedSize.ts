import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Megabytes that `npm install task-system` puts on disk: what is in the package, and everything it depends on. */
export async function ownInstalledSize(): Promise<number> {
  // Scripts are left out: the package was built a moment ago, and packing would build it again.
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 });
  const unpacked = /"unpackedSize":\s*(\d+)/.exec(stdout)?.[1];
  if (unpacked === undefined) throw new Error('npm pack names no size');
  return Number(unpacked) / 1e6 + await installedSize(await dependenciesOf(ROOT));
}

/** Megabytes of packages and everything they depend on, as they lie in node_modules. */
export async function installedSize(names: readonly string[]): Promise<number> {
  const seen = new Set<string>();
  for (let next = [...names], name = next.pop(); name !== undefined; name = next.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    next = [...next, ...await dependenciesOf(folderOf(name)).catch(() => [])];
  }
  const sizes = await Promise.all([...seen].map((name) => bytesIn(folderOf(name))));
  return sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
}

function folderOf(name: string): string {
  return path.join(ROOT, 'node_modules', name);
}

async function dependenciesOf(folder: string): Promise<string[]> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const dependencies: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'dependencies') : undefined;
  return typeof dependencies === 'object' && dependencies !== null ? Object.keys(dependencies) : [];
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
