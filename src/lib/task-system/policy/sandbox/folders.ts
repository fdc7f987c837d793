import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER_MODE = 0o755;
/** A folder with so many links and nothing else is copied. */
const MAX_LINKS = 1_000;

/** Makes a folder, and those on the way to it, open to others whatever the host's umask is: the task is another user than who makes it. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
  chmodSync(path, FOLDER_MODE);
}

/** Where a path is in a folder that stands for the root, with the folders on the way. */
export function placeOf(path: string, root: string): string {
  const place = join(root, path);
  makeFolder(dirname(place));
  return place;
}

/** Makes a link or a folder what it is on the host. Tells whether that is all, because it holds nothing but links: otherwise it is only a place. */
export function copyLinks(path: string, place: string): boolean {
  if (lstatSync(path).isSymbolicLink()) {
    symlinkSync(readlinkSync(path), place);
    return true;
  }
  makeFolder(place);
  const links = linksIn(path);
  for (const name of links ?? []) symlinkSync(readlinkSync(join(path, name)), join(place, name));
  return links !== undefined;
}

/** What the host may not read itself, it cannot copy, and its tasks do without. */
export function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** The names in a folder that holds nothing but links, or nothing at all; undefined for others, and where the host may not look. */
function linksIn(path: string): readonly string[] | undefined {
  if (!isReadable(path)) return undefined;
  const names = readdirSync(path);
  return names.length <= MAX_LINKS && names.every((name) => lstatSync(join(path, name)).isSymbolicLink()) ? names : undefined;
}
