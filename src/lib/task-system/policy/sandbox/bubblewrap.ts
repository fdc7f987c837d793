import { dirname, relative } from 'node:path';
import { COMPILE_CACHE_NAME } from '../compileCache.ts';
import type { SandboxView } from './SandboxView.ts';
import { isOfSystem } from './systemFolders.ts';

/** Where a sandboxed task finds its workspace. */
export const INNER_WORKSPACE = '/workspace';

/** Where a sandboxed process finds compiled code of its program. */
export const INNER_COMPILED = `/${COMPILE_CACHE_NAME}`;

const TMP_BYTES = 64 * 1024 * 1024;
const SHARED_MEMORY_BYTES = 16 * 1024 * 1024;

/** A file, folder or socket of the host, and where it is inside, to be read. */
export interface Mount {
  readonly from: string;
  readonly to: string;
}

/** What all sandboxes of a kind have in common. */
export interface SandboxSpec {
  readonly view: SandboxView;
  /** The folder of the host that becomes the root; it has a place for everything that is mounted, but for what lies in /tmp. */
  readonly root: string;
  /** What is mounted before everything else. */
  readonly mounts: readonly Mount[];
  /** The descriptor from which bubblewrap reads the filter of system calls. */
  readonly filterFd: number;
  /** As root the namespaces are made with root's rights, which are given up before the task's code runs; otherwise in a user namespace. */
  readonly asRoot: boolean;
}

/** The arguments that build a sandbox around the directory in which bubblewrap is started: it becomes the workspace. */
export function bubblewrapArguments({ view, root, mounts, filterFd, asRoot }: SandboxSpec): readonly string[] {
  return [
    // Mounting needs rights that the process must not keep; those to change its user go with the change.
    ...(asRoot ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'] : ['--unshare-user', '--disable-userns']),
    '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try',
    '--die-with-parent', '--new-session', '--hostname', 'task', '--seccomp', String(filterFd),
    '--ro-bind', root, '/', ...mounts.flatMap(readOnly),
    // bubblewrap would leave /proc/sys writable where the host is root.
    '--proc', '/proc', ...readOnly({ from: '/proc/sys', to: '/proc/sys' }),
    '--dev', '/dev', ...sizedTmpfs('/dev/shm', SHARED_MEMORY_BYTES), '--remount-ro', '/dev',
    // Before everything that may lie below: a later mount hides the earlier one.
    ...sizedTmpfs('/tmp', TMP_BYTES),
    ...viewMounts(view),
    '--bind', '.', INNER_WORKSPACE, '--chdir', '/',
  ];
}

/**
 * What only one process has. These are in the list of processes, and the task sees them: the paths are told from the directory in which
 * bubblewrap is started, and say nothing of where that is.
 */
export function processArguments(directory: string, mounts: readonly Mount[]): readonly string[] {
  return mounts.flatMap(({ from, to }) => readOnly({ from: relative(directory, from), to }));
}

/** What of a view the folders of the system do not show already. */
export function shownOf({ readable }: SandboxView): readonly string[] {
  return readable.filter((path) => !isOfSystem(path));
}

/** Whether it is bubblewrap that makes the place for a path, when /tmp is there. */
export function isInTmp(path: string): boolean {
  return path.startsWith('/tmp/');
}

function viewMounts(view: SandboxView): readonly string[] {
  const { hiddenFiles, hiddenFolders } = view;
  return [
    ...shownOf(view).flatMap((path) => [...(isInTmp(path) ? parentsOf(path) : []), ...readOnly({ from: path, to: path })]),
    // On a mount without devices, opening the null device fails: the name shows, the content does not.
    ...hiddenFiles.flatMap((path) => readOnly({ from: '/dev/null', to: path })),
    ...hiddenFolders.flatMap((path) => ['--tmpfs', path]),
    ...hiddenFolders.flatMap((path) => ['--remount-ro', path]),
  ];
}

function readOnly({ from, to }: Mount): readonly string[] {
  return ['--ro-bind', from, to];
}

function sizedTmpfs(path: string, bytes: number): readonly string[] {
  return ['--size', String(bytes), '--perms', '1777', '--tmpfs', path];
}

/** The folders on the way to a path, open to others: those that bubblewrap makes by itself are not, and the task is another user than who makes them. */
function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), '--perms', '0755', '--dir', parent];
}
