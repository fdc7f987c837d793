import { chmodSync, copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { copyLinks, isReadable, makeFolder, placeOf } from './folders.ts';

/** What a sandboxed task finds as /etc/hosts: that of the host names machines of its network. */
const HOSTS_FILE = '127.0.0.1 localhost task\n::1 localhost\n';

/** What programs need of /etc, none of it private: the linker, time zone, names of services. */
const SETTING_FILES = [
  '/etc/ld.so.cache', '/etc/ssl/openssl.cnf', '/etc/localtime', '/etc/nsswitch.conf', '/etc/protocols', '/etc/services', '/etc/mime.types', '/etc/gitconfig',
];
/** Certificates, and the alternatives of Debian. */
const SETTING_FOLDERS = ['/etc/ssl/certs', '/etc/ca-certificates/extracted', '/etc/pki/tls/certs', '/etc/pki/ca-trust/extracted', '/etc/alternatives'];

const FILE_MODE = 0o444;

/**
 * Copies what programs need of the host's settings.
 * @param root is made; what is copied lies at `etc` in it.
 * @returns the folders that are still to be mounted, each at its own place.
 */
export function laySettings(root: string): readonly string[] {
  makeFolder(root);
  const files = SETTING_FILES.filter(isReadable);
  for (const path of files) copyFileSync(path, placeOf(path, root));
  writeFileSync(placeOf('/etc/hosts', root), HOSTS_FILE);
  for (const path of [...files, '/etc/hosts']) chmodSync(placeOf(path, root), FILE_MODE);
  return SETTING_FOLDERS.filter(existsSync).filter((path) => !copyLinks(path, placeOf(path, root)));
}
