import type { IsolationLevel, SandboxProblem } from '../../types/Isolation.ts';
import type { CanaryFacts } from './canaryFacts.ts';
import type { Machine } from './Machine.ts';

const INSTALL = 'Install it: `apt-get install bubblewrap` (Debian, Ubuntu), `dnf install bubblewrap` (Fedora), `apk add bubblewrap` (Alpine).';
const NAMESPACES = 'Allow namespaces: in Docker with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined` and, as root, `--cap-add SYS_ADMIN`; '
  + 'on Ubuntu 24.04 with an AppArmor profile for bwrap or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`; elsewhere with `sysctl user.max_user_namespaces=10000`.';

/** What keeps this machine from the level `kernel` before anything is tried. */
export function missingParts({ platform, arch, bubblewrap, syscalls }: Machine): readonly SandboxProblem[] {
  if (platform !== 'linux') return [{ what: `The level "kernel" needs Linux, this is ${platform}.`, fix: 'Run the host on Linux, or in a Linux container or virtual machine.' }];
  return [
    ...(bubblewrap === undefined ? [{ what: 'bubblewrap (the program `bwrap`) is not installed.', fix: INSTALL }] : []),
    ...(syscalls === undefined ? [{ what: `There is no filter of system calls for the processor ${arch}.`, fix: 'Run the host on x64 or arm64.' }] : []),
  ];
}

/** Why a canary did not come back. */
export function explainFailure(level: IsolationLevel, said: string, { isRoot }: Machine): SandboxProblem {
  const who = isRoot ? 'root' : 'a user without rights';
  if (level !== 'kernel') return { what: `A process at this level could not be started: ${said}`, fix: 'See the message; the Node that runs the host must be 22.18 or newer.' };
  return { what: `bubblewrap is installed, but it could not build a sandbox for ${who}: ${said}`, fix: NAMESPACES };
}

/** Why a canary that came back was not content. */
export function explainFact(level: IsolationLevel, fact: keyof CanaryFacts): SandboxProblem {
  return { what: `A canary at the level "${level}" reports that ${LEAKS[fact]}.`, fix: 'Please report it with what `tasks.doctor()` returns; until then use another machine or container for untrusted code.' };
}

const LEAKS: Readonly<Record<keyof CanaryFacts, string>> = {
  writesWorkspace: 'it cannot write its own workspace',
  cannotReadOutside: 'it can read files of the host',
  cannotWriteOutside: 'it can write folders of the host',
  cannotWriteLibrary: 'it can write the library',
  cannotWriteKernelSettings: 'it can write /proc/sys',
  hasOwnProcesses: 'it sees the processes of the host',
  hasOwnNetwork: 'it has the network of the host',
  hasFilter: 'there is no filter of system calls',
  cannotOpenUnixSocket: 'it can open unix sockets',
  cannotGainRights: 'it has, or can gain, rights of root',
  isNotRoot: 'it runs as root',
  cannotStartPrograms: 'it can start programs',
  hasNoForeignDescriptors: 'it holds open files of the host',
};
