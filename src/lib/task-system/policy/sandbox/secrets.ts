import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** How deep below a folder is looked; deeper ones hold what was generated or downloaded. */
const MAX_DEPTH = 3;
const MAX_ENTRIES = 5_000;

/** Names of files that hold passwords and keys by custom. */
const SECRET_FILE = /^(\.env(\..+)?|\.envrc|\.npmrc|\.yarnrc\.yml|\.netrc|\.pgpass|\.htpasswd|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519)|.+\.(pem|key|p12|pfx))$/i;
/** `.env.example` and the like are meant to be read. */
const EXAMPLE = /\.(example|sample|template|dist)$/i;
/** Folders of the same kind. */
const SECRET_FOLDERS = ['.ssh', '.aws', '.azure', '.gnupg', '.kube', '.docker', '.config'];
/** Not looked into: large, and no place for secrets. */
const SKIPPED_FOLDERS = ['node_modules'];

/** What of a folder no task is to see. */
export interface Secrets {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Finds files and folders that hold secrets by their name, and sockets, a few levels deep. What cannot be read is no concern: the task cannot read it either. */
export function findSecrets(folder: string): Secrets {
  const files: string[] = [];
  const folders: string[] = [];
  const open: { readonly path: string; readonly depth: number }[] = [{ path: folder, depth: 1 }];
  let seen = 0;
  for (let next = open.shift(); next !== undefined && seen < MAX_ENTRIES; next = open.shift()) {
    for (const entry of list(next.path)) {
      seen++;
      const path = join(next.path, entry.name);
      // A socket is a door to another program, and mounting it read-only leaves it open.
      if (entry.isSocket() || (entry.isFile() && isSecretFile(entry.name))) files.push(path);
      else if (!entry.isDirectory()) continue;
      else if (SECRET_FOLDERS.includes(entry.name)) folders.push(path);
      else if (entry.name === '.git') files.push(...list(path).filter(({ name }) => name === 'config').map(({ name }) => join(path, name)));
      else if (next.depth < MAX_DEPTH && !SKIPPED_FOLDERS.includes(entry.name)) open.push({ path, depth: next.depth + 1 });
    }
  }
  return { files, folders };
}

function isSecretFile(name: string): boolean {
  return SECRET_FILE.test(name) && !EXAMPLE.test(name);
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
