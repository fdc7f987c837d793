import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SandboxView } from './SandboxView.ts';
import { SYSTEM_FOLDERS } from './systemFolders.ts';

/** Where a sandboxed task finds its workspace. */
export const INNER_WORKSPACE = '/workspace';

/** What a sandboxed task finds as /etc/hosts: that of the host names machines of its network. */
export const HOSTS_FILE = '127.0.0.1 localhost task\n::1 localhost\n';

const TMP_BYTES = 64 * 1024 * 1024;
const SHARED_MEMORY_BYTES = 16 * 1024 * 1024;

/** What programs need of /etc, none of it private: the linker, certificates, alternatives of Debian, time zone, names of services. */
const SETTINGS = [
  '/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/ssl/certs', '/etc/ssl/openssl.cnf', '/etc/ca-certificates', '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted', '/etc/alternatives', '/etc/localtime', '/etc/nsswitch.conf', '/etc/protocols', '/etc/services', '/etc/mime.types', '/etc/gitconfig',
];

/** A file or socket of the host that is put somewhere else inside. */
export interface ExtraMount {
  readonly from: string;
  readonly to: string;
  readonly writable: boolean;
}

/** What bubblewrap is asked for. */
export interface SandboxSpec {
  readonly view: SandboxView;
  /** The host's directory that becomes the workspace. */
  readonly directory: string;
  readonly extra: readonly ExtraMount[];
  /** The descriptor from which bubblewrap reads the filter of system calls. */
  readonly filterFd: number;
  /** The descriptor from which it reads what becomes /etc/hosts. */
  readonly hostsFd: number;
  /** As root the namespaces are made with root's rights, which are given up before the task's code runs; otherwise in a user namespace. */
  readonly asRoot: boolean;
}

/** The arguments that build the sandbox, without the program that runs in it. */
export function bubblewrapArguments({ view, directory, extra, filterFd, hostsFd, asRoot }: SandboxSpec): readonly string[] {
  return [
    // Mounting needs rights that the process must not keep; those to change its user go with the change.
    ...(asRoot ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'] : ['--unshare-user', '--disable-userns']),
    '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try',
    '--die-with-parent', '--new-session', '--hostname', 'task', '--seccomp', String(filterFd),
    ...systemMounts(),
    ...parents('/etc/hosts'), '--perms', '0444', '--ro-bind-data', String(hostsFd), '/etc/hosts',
    // bubblewrap would leave /proc/sys writable where the host is root.
    '--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys',
    '--dev', '/dev', ...sizedTmpfs('/dev/shm', SHARED_MEMORY_BYTES), '--remount-ro', '/dev',
    // Before everything that may lie below: a later mount hides the earlier one.
    ...sizedTmpfs('/tmp', TMP_BYTES),
    ...viewMounts(view),
    ...extra.flatMap(({ from, to, writable }) => [...parents(to), writable ? '--bind' : '--ro-bind', from, to]),
    '--bind', directory, INNER_WORKSPACE,
    '--remount-ro', '/', '--chdir', '/',
  ];
}

function systemMounts(): readonly string[] {
  const system = SYSTEM_FOLDERS.filter(existsSync).flatMap((path) => [...parents(path), ...lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]]);
  const settings = SETTINGS.filter(existsSync).flatMap((path) => [...parents(path), '--ro-bind', path, path]);
  return [...system, ...settings];
}

function sizedTmpfs(path: string, bytes: number): readonly string[] {
  return ['--size', String(bytes), '--perms', '1777', '--tmpfs', path];
}

function viewMounts({ readable, hiddenFiles, hiddenFolders }: SandboxView): readonly string[] {
  const shown = readable.filter((path) => !SYSTEM_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`)));
  return [
    ...shown.flatMap((path) => [...parents(path), '--ro-bind', path, path]),
    // On a mount without devices, opening the null device fails: the name shows, the content does not.
    ...hiddenFiles.flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...hiddenFolders.flatMap((path) => ['--tmpfs', path]),
    ...hiddenFolders.flatMap((path) => ['--remount-ro', path]),
  ];
}

/** Folders that bubblewrap makes by itself are closed to others, and the task is another user than who makes them. */
function parents(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parents(parent), '--perms', '0755', '--dir', parent];
}
