import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SandboxView } from './SandboxView.ts';

/**
 * Node's flags for a process that may read what the view shows and write its own directory, and may start no other programs,
 * threads, native code or WASI. `node:sqlite` does not ask the permission model, so it is switched off.
 * @param network whether it may use the network, where this version of Node asks for that (25 and later; earlier ones cannot forbid it).
 */
export function permissionFlags(view: SandboxView, directory: string, network = false): readonly string[] {
  return [
    '--permission', '--no-experimental-sqlite', ...network && process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [],
    // A folder that is named with its content in so many words also covers what is made there later.
    ...[...view.readable.flatMap((path) => withoutHidden(path, view)), ...view.readable.flatMap(manifestsAbove), directory, join(directory, '*')].map((path) => `--allow-fs-read=${path}`),
    ...[directory, join(directory, '*')].map((path) => `--allow-fs-write=${path}`),
  ];
}

/** Node can only be told what may be read: a folder with something hidden in it is told entry by entry, as it is now. */
function withoutHidden(path: string, { hiddenFiles, hiddenFolders }: Pick<SandboxView, 'hiddenFiles' | 'hiddenFolders'>): readonly string[] {
  const hidden = [...hiddenFiles, ...hiddenFolders];
  if (hidden.includes(path)) return [];
  if (!hidden.some((each) => each.startsWith(`${path}/`))) return [path];
  return readdirSync(path).flatMap((name) => withoutHidden(join(path, name), { hiddenFiles, hiddenFolders }));
}

/** Node asks each folder above a module for a package.json, and a refusal ends the import, where a missing file does not. */
function manifestsAbove(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [join(parent, 'package.json'), ...manifestsAbove(parent)];
}
