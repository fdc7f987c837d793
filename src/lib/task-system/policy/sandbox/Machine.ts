import { arch, platform } from 'node:os';
import { findProgram } from '../environment.ts';
import { SYSCALL_TABLES, type SyscallTable } from './syscalls.ts';

/** What this machine has to build sandboxes with. Only a look around: whether it works is what a canary finds out. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Whether the host runs as root: then tasks must become somebody else. */
  readonly isRoot: boolean;
  /** Path of the program, if it is installed. */
  readonly bubblewrap: string | undefined;
  readonly syscalls: SyscallTable | undefined;
}

/** Looks around. */
export function lookAround(): Machine {
  return {
    platform: platform(),
    arch: arch(),
    isRoot: process.getuid?.() === 0,
    bubblewrap: platform() === 'linux' ? findProgram('bwrap') : undefined,
    syscalls: SYSCALL_TABLES[arch()],
  };
}
