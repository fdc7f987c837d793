import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSkippedFolder } from './exclusions.ts';

/** A file as a folder lists it. */
export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
}

/** A folder with everything below it that is to be scanned. */
export interface FolderNode {
  /** Relative to the code base, with `/`; '' is the code base itself. */
  readonly path: string;
  /** Its own files, by name. */
  readonly files: readonly ListedFile[];
  readonly folders: readonly FolderNode[];
}

/** Where to look and what to leave out. */
export interface CodeBase {
  /** Absolute path. */
  readonly root: string;
  /** Absolute paths of folders to leave out, beside those that {@link isSkippedFolder} names. */
  readonly exclude: readonly string[];
}

/** Lists the whole tree, without reading a file. `onFolder` is called once per folder. Folders that cannot be read are empty. */
export async function survey(codeBase: CodeBase, onFolder: (path: string) => void = () => undefined, path = ''): Promise<FolderNode> {
  onFolder(path);
  const { files, folders } = await listFolder(codeBase, path);
  const nodes: FolderNode[] = [];
  for (const folder of folders) nodes.push(await survey(codeBase, onFolder, folder));
  return { path, files, folders: nodes };
}

/** One folder: its files by name and the paths of the folders to go into. Links are not followed, so there are no loops. */
export async function listFolder(codeBase: CodeBase, path: string): Promise<{ files: ListedFile[]; folders: string[] }> {
  const absolute = join(codeBase.root, path);
  const entries = await readdir(absolute, { withFileTypes: true }).catch(() => []);
  entries.sort((a, b) => compareNames(a.name, b.name));
  const files: ListedFile[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (entry.isFile()) {
      const stats = await lstat(join(absolute, entry.name)).catch(() => undefined);
      if (stats !== undefined) files.push({ name: entry.name, bytes: stats.size });
    } else if (entry.isDirectory() && !isSkippedFolder(entry.name) && !codeBase.exclude.includes(join(absolute, entry.name))) {
      folders.push(joinPath(path, entry.name));
    }
  }
  return { files, folders };
}

/** Joins paths inside the code base, which always use `/`. */
export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Order of names that is the same on every machine. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How many folders and files a tree holds. */
export function countNodes(node: FolderNode): { readonly folders: number; readonly files: number } {
  return node.folders.map(countNodes).reduce(
    (sum, counts) => ({ folders: sum.folders + counts.folders, files: sum.files + counts.files }),
    { folders: 1, files: node.files.length },
  );
}
