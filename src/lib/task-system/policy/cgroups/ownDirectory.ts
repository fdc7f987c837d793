import { dirname, join, posix } from 'node:path';
import { codeOf, type CgroupFiles } from './CgroupFiles.ts';

/** Where the host's own processes go: a group that passes limits on has no processes of its own. */
const HOST_GROUP = 'task-system.host';
/** Processes that are just being started come late. */
const MAX_ROUNDS = 10;

/**
 * The directory of the group that this process is in; of the one above, where it was moved aside already. Undefined where there is no
 * cgroup v2.
 */
export function ownDirectory(files: Pick<CgroupFiles, 'read'>): string | undefined {
  const path = /^0::(\/.*)$/m.exec(files.read('/proc/self/cgroup') ?? '')?.[1];
  const mount = (files.read('/proc/self/mountinfo') ?? '').split('\n').map((line) => line.split(' ')).find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2');
  const [, , , root, target] = mount ?? [];
  if (path === undefined || root === undefined || target === undefined) return undefined;
  // Where only a part of the tree is mounted (in a container), that part begins at `root`.
  const below = posix.relative(root, path);
  const directory = below.startsWith('..') ? target : join(target, below);
  return directory.endsWith(`/${HOST_GROUP}`) ? dirname(directory) : directory;
}

/**
 * Moves the processes of a group (this one, and in a container all others of it) into a group below it, so that it can pass limits on.
 * The topmost group of a machine can do that as it is.
 */
export async function stepAside(directory: string, files: CgroupFiles): Promise<void> {
  if (files.read(join(directory, 'cgroup.type')) === undefined) return;
  const aside = join(directory, HOST_GROUP);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const pids = (files.read(join(directory, 'cgroup.procs')) ?? '').split('\n').filter(Boolean);
    if (pids.length === 0) return;
    await files.make(aside);
    // One that has ended in the meantime need not be moved.
    for (const pid of pids) await files.write(join(aside, 'cgroup.procs'), pid).catch((error: unknown) => { if (codeOf(error) !== 'ESRCH') throw error; });
  }
}
