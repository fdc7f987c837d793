import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findSecrets } from './secrets.ts';
import { SYSTEM_FOLDERS } from './systemFolders.ts';

/** What a sandboxed process sees of the host's files beside its workspace. Absolute paths, the same inside as outside. */
export interface SandboxView {
  /** Files and folders that can be read, outermost first; none lies within another. */
  readonly readable: readonly string[];
  /** Files within them that cannot. */
  readonly hiddenFiles: readonly string[];
  /** Folders within them that look empty. */
  readonly hiddenFolders: readonly string[];
}

/** What a view is made of. */
export interface ViewRequest {
  /** Absolute path of the child's entry script. */
  readonly entry: string;
  /** Absolute path of the directory of the whole system: databases and the workspaces of others. Never seen. */
  readonly root: string;
  /** The handler module, as a `file:` URL. */
  readonly moduleUrl?: string;
  /** Further files and folders that the task type names. */
  readonly read?: readonly string[];
}

/**
 * Works out what a task may see: the handler's own folder and the packages on its resolution path, this library, the Node that
 * runs it, and what the type names; without the files and folders that hold secrets by their name.
 */
export function viewOf({ entry, root, moduleUrl, read = [] }: ViewRequest): SandboxView {
  const folders = [...moduleUrl?.startsWith('file:') === true ? [dirname(fileURLToPath(moduleUrl))] : [], ...read].filter(existsSync).flatMap(withTarget);
  const library = unique([libraryFolder(entry), ownFolder()]);
  const packages = [...library, ...folders].flatMap(packagesFor);
  const readable = outermost([process.execPath, ...library, ...folders, ...packages]);
  const secrets = folders.filter((folder) => statSync(folder).isDirectory()).map(findSecrets);
  // Named in so many words, a file is shown even if its name says that it is a secret.
  const isMeant = (path: string): boolean => !read.includes(path);
  return {
    readable,
    hiddenFiles: unique(secrets.flatMap(({ files }) => files)).filter(isMeant),
    hiddenFolders: unique([...secrets.flatMap(({ folders: found }) => found), ...withTarget(root)]).filter((path) => isMeant(path) && isWithinAny(path, [...readable, ...SYSTEM_FOLDERS])),
  };
}

/** The folder of the library that a child needs: the built one, or the sources when it is run from them. */
function libraryFolder(entry: string): string {
  const folder = dirname(entry);
  return basename(folder) === 'child' && basename(dirname(folder)) === 'core' ? dirname(dirname(folder)) : folder;
}

/** Where this library itself lies: a child may load more of it than its entry. */
function ownFolder(): string {
  const file = fileURLToPath(import.meta.url);
  return file.endsWith('.ts') ? dirname(dirname(dirname(file))) : dirname(file);
}

/** Whether a path is a folder, or lies within it. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

/** Where Node looks for packages from a folder, and the manifest that says how its files are to be read. */
function packagesFor(folder: string): readonly string[] {
  const ancestors = ancestorsOf(folder);
  const modules = ancestors.map((ancestor) => join(ancestor, 'node_modules')).filter(existsSync);
  const manifest = ancestors.map((ancestor) => join(ancestor, 'package.json')).find(existsSync);
  return [...modules, ...manifest === undefined ? [] : [manifest]];
}

function ancestorsOf(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestorsOf(parent)];
}

/** A path that leads over links is meant as it is written, and Node resolves it: both have to be there. */
function withTarget(path: string): readonly string[] {
  if (!existsSync(path)) return [path];
  const target = realpathSync(path);
  return target === path ? [path] : [path, target];
}

function outermost(paths: readonly string[]): readonly string[] {
  const sorted = unique(paths).sort((left, right) => left.length - right.length);
  return sorted.filter((path, index) => !isWithinAny(path, sorted.slice(0, index)));
}

function isWithinAny(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => isWithin(path, folder));
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
