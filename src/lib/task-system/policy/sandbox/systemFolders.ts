const IN_USR = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'libexec', 'share', 'include', 'games'];
const IN_LOCAL = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libexec', 'share', 'include', 'etc', 'games'];

/**
 * Where systems keep their programs and libraries: every task sees them. Not all of `/usr`: apps and their data lie there as well, in
 * containers mostly in `/usr/src/app`.
 */
export const SYSTEM_FOLDERS: readonly string[] = [
  ...IN_USR.map((name) => `/usr/${name}`), ...IN_LOCAL.map((name) => `/usr/local/${name}`), '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32',
];

/** Whether a path is one of them, or lies in one. */
export function isOfSystem(path: string): boolean {
  return SYSTEM_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`));
}
