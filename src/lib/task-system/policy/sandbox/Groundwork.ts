import { accessSync, chmodSync, constants, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SYSTEM_FOLDERS } from './systemFolders.ts';

/** What a sandboxed task finds as /etc/hosts: that of the host names machines of its network. */
const HOSTS_FILE = '127.0.0.1 localhost task\n::1 localhost\n';

/** What programs need of /etc, none of it private: the linker, time zone, names of services. */
const SETTING_FILES = [
  '/etc/ld.so.cache', '/etc/ssl/openssl.cnf', '/etc/localtime', '/etc/nsswitch.conf', '/etc/protocols', '/etc/services', '/etc/mime.types', '/etc/gitconfig',
];
/** Certificates, and the alternatives of Debian. */
const SETTING_FOLDERS = ['/etc/ssl/certs', '/etc/ca-certificates/extracted', '/etc/pki/tls/certs', '/etc/pki/ca-trust/extracted', '/etc/alternatives'];

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o444;

/**
 * What all sandboxes of a host stand on: the programs and libraries of the system, and an /etc of their own. It is laid once, with
 * as few mounts as will do: for each one bubblewrap reads the list of all others, so they are most of what a sandbox costs.
 */
export class Groundwork {
  readonly #folder: string;
  #laid: readonly string[] | undefined;

  /** @param folder becomes /etc; it is made when the first sandbox needs it, and must stay until the last one is gone. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What bubblewrap is asked for. Changes of the system's settings show in the sandboxes of the next host. */
  get arguments(): readonly string[] {
    this.#laid ??= [...systemMounts(), ...this.#layEtc()];
    return this.#laid;
  }

  #layEtc(): readonly string[] {
    makeFolder(this.#folder);
    const files = SETTING_FILES.filter(isReadable);
    for (const path of files) copyFileSync(path, this.#placeOf(path));
    writeFileSync(this.#placeOf('/etc/hosts'), HOSTS_FILE);
    for (const path of [...files, '/etc/hosts']) chmodSync(this.#placeOf(path), FILE_MODE);
    const folders = SETTING_FOLDERS.filter(existsSync);
    for (const path of folders) makeFolder(this.#placeOf(path));
    return ['--ro-bind', this.#folder, '/etc', ...folders.flatMap((path) => ['--ro-bind', path, path])];
  }

  /** Where a file of /etc is in the folder, with the folders on the way. */
  #placeOf(path: string): string {
    const place = join(this.#folder, path.slice('/etc/'.length));
    makeFolder(dirname(place));
    return place;
  }
}

/** The folders on the way to a path, open to others: those that bubblewrap makes by itself are not, and the task is another user than who makes them. */
export function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), ...folderAt(parent)];
}

function systemMounts(): readonly string[] {
  return SYSTEM_FOLDERS.filter(existsSync).flatMap((path) => [...parentsOf(path), ...mountOf(path)]);
}

function mountOf(path: string): readonly string[] {
  if (lstatSync(path).isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
  return isReadable(path) && readdirSync(path).length === 0 ? folderAt(path) : ['--ro-bind', path, path];
}

/** What the host may not read itself, it cannot copy, and its tasks do without. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function folderAt(path: string): readonly string[] {
  return ['--perms', '0755', '--dir', path];
}

/** Open to others whatever the host's umask is. */
function makeFolder(path: string): void {
  if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, FOLDER_MODE);
}
