import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { prlimitArgs, type KernelLimits } from './rlimits.ts';

const PATHS = ['/usr/bin/prlimit', '/bin/prlimit'];

/** util-linux's `prlimit`: sets limits of the kernel on a process that runs already, or on one that is about to be started. */
export class Prlimit {
  readonly #path: string | undefined;
  #hasWorked = false;

  /** @param paths where it is looked for. */
  constructor(paths: readonly string[] = PATHS) {
    this.#path = process.platform === 'linux' ? paths.find(isExecutable) : undefined;
  }

  /** Whether this machine has it. */
  get isPresent(): boolean {
    return this.#path !== undefined;
  }

  /** Limits a process that runs. False when that was not possible. */
  apply(pid: number, limits: KernelLimits): Promise<boolean> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      execFile(path, ['--pid', String(pid), ...prlimitArgs(limits)], { env: {}, ...asOwnerOf(pid) }, (error) => {
        this.#hasWorked ||= error === null;
        resolve(error === null);
      });
    });
  }

  /** Where it is. Undefined until limits were seen to work here. */
  get proven(): string | undefined {
    return this.#hasWorked ? this.#path : undefined;
  }
}

/** Where the host is root, a sandboxed task is another user; in a container not even root may set limits of others, but each user its own. */
function asOwnerOf(pid: number): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  try {
    const { uid, gid } = statSync(`/proc/${String(pid)}`);
    return uid === 0 ? {} : { uid, gid };
  } catch {
    return {};
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
