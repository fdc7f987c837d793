import { parentsOf } from './Groundwork.ts';
import type { SandboxView } from './SandboxView.ts';
import { SYSTEM_FOLDERS } from './systemFolders.ts';

/** Where a sandboxed task finds its workspace. */
export const INNER_WORKSPACE = '/workspace';

const TMP_BYTES = 64 * 1024 * 1024;
const SHARED_MEMORY_BYTES = 16 * 1024 * 1024;

/** A file or socket of the host that is put somewhere else inside. */
export interface ExtraMount {
  readonly from: string;
  readonly to: string;
  readonly writable: boolean;
}

/** What bubblewrap is asked for. */
export interface SandboxSpec {
  readonly view: SandboxView;
  /** What all sandboxes stand on. */
  readonly groundwork: readonly string[];
  /** The host's directory that becomes the workspace. */
  readonly directory: string;
  readonly extra: readonly ExtraMount[];
  /** The descriptor from which bubblewrap reads the filter of system calls. */
  readonly filterFd: number;
  /** As root the namespaces are made with root's rights, which are given up before the task's code runs; otherwise in a user namespace. */
  readonly asRoot: boolean;
}

/** The arguments that build the sandbox, without the program that runs in it. */
export function bubblewrapArguments({ view, groundwork, directory, extra, filterFd, asRoot }: SandboxSpec): readonly string[] {
  return [
    // Mounting needs rights that the process must not keep; those to change its user go with the change.
    ...(asRoot ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'] : ['--unshare-user', '--disable-userns']),
    '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try',
    '--die-with-parent', '--new-session', '--hostname', 'task', '--seccomp', String(filterFd),
    ...groundwork,
    // bubblewrap would leave /proc/sys writable where the host is root.
    '--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys',
    '--dev', '/dev', ...sizedTmpfs('/dev/shm', SHARED_MEMORY_BYTES), '--remount-ro', '/dev',
    // Before everything that may lie below: a later mount hides the earlier one.
    ...sizedTmpfs('/tmp', TMP_BYTES),
    ...viewMounts(view),
    ...extra.flatMap(({ from, to, writable }) => [...parentsOf(to), writable ? '--bind' : '--ro-bind', from, to]),
    '--bind', directory, INNER_WORKSPACE,
    '--remount-ro', '/', '--chdir', '/',
  ];
}

function sizedTmpfs(path: string, bytes: number): readonly string[] {
  return ['--size', String(bytes), '--perms', '1777', '--tmpfs', path];
}

function viewMounts({ readable, hiddenFiles, hiddenFolders }: SandboxView): readonly string[] {
  const shown = readable.filter((path) => !SYSTEM_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`)));
  return [
    ...shown.flatMap((path) => [...parentsOf(path), '--ro-bind', path, path]),
    // On a mount without devices, opening the null device fails: the name shows, the content does not.
    ...hiddenFiles.flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...hiddenFolders.flatMap((path) => ['--tmpfs', path]),
    ...hiddenFolders.flatMap((path) => ['--remount-ro', path]),
  ];
}
