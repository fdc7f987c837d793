import { arch, platform } from 'node:os';
import { findProgram } from '../environment.ts';
import { SYSCALL_TABLES, type SyscallTable } from './syscalls.ts';

/** What this machine has to build sandboxes with. Only a look around: whether it works is what a canary finds out. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Whether the host runs as root: then tasks must become somebody else. */
  readonly isRoot: boolean;
  /** Paths of the programs, if they are installed. */
  readonly bubblewrap: string | undefined;
  readonly setpriv: string | undefined;
  readonly syscalls: SyscallTable | undefined;
}

/** Looks around. */
export function lookAround(): Machine {
  const isLinux = platform() === 'linux';
  return {
    platform: platform(),
    arch: arch(),
    isRoot: process.getuid?.() === 0,
    bubblewrap: isLinux ? findProgram('bwrap') : undefined,
    setpriv: isLinux ? findProgram('setpriv') : undefined,
    syscalls: SYSCALL_TABLES[arch()],
  };
}
