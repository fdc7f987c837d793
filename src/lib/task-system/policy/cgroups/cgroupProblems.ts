import type { SerializedError } from '../../types/Errors.ts';
import type { CgroupController, SandboxProblem } from '../../types/Isolation.ts';

const HOW = 'Give the host a part of the tree of cgroups v2: under systemd with `Delegate=yes` and `DelegateSubgroup=host` in its unit, '
  + 'in Docker with `--cgroupns=private` and `-v /sys/fs/cgroup:/sys/fs/cgroup:rw`; then set `sandbox.cgroup` to its directory, or to "own".';

/** What each of them is for. */
const PURPOSE = {
  memory: 'what all processes of a task hold in memory together',
  pids: 'how many processes and threads a task has',
  cpu: 'how many processors a task uses at once (`limits.cpus`)',
} as const satisfies Record<CgroupController, string>;

/** Nobody has given the host a part of the tree. */
export const NO_CGROUP: SandboxProblem = { what: '`sandbox.cgroup` is not set: what all processes of a task use together is watched, not held by the kernel.', fix: HOW };

/** There is no such directory. */
export const NO_CGROUP2: SandboxProblem = { what: 'There is no group of cgroups v2 here: `cgroup.controllers` is missing.', fix: HOW };

/** Why the kernel does not limit one thing, although there are groups. */
export function explainController(controller: CgroupController): SandboxProblem {
  return {
    what: `The controller "${controller}" is not passed on to the groups of tasks: the kernel does not hold ${PURPOSE[controller]}.`,
    fix: `Name it in \`Delegate=\` of the systemd unit (a user's: of user@.service), see that no process is in the directory of \`sandbox.cgroup\` itself, and that no cgroup v1 uses "${controller}".`,
  };
}

/** Why groups could not be used at all. */
export function explainGroups({ code, message }: Pick<SerializedError, 'code' | 'message'>): SandboxProblem {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { what: `The host may not make groups there, or not move processes into them: ${message}`, fix: `The host itself must run inside the part that it is given. ${HOW}` };
    case 'ENOENT':
      return { what: `The kernel does not know what is needed: ${message}`, fix: 'Use Linux 5.14 or newer, where a group can be ended with one word (`cgroup.kill`).' };
    case 'EBUSY':
      return { what: `Somebody else is in the group: ${message}`, fix: 'Give the host a group in which no process is, or "own" to have its processes moved aside.' };
    default:
      return { what: `Control groups do not work there: ${message}`, fix: HOW };
  }
}
