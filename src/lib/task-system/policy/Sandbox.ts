import { createHash } from 'node:crypto';
import { childEnvironment } from './environment.ts';

/** Marks in the environment of task processes, inherited by everything they start. */
export const MARKS = { root: 'TASK_SYSTEM_ROOT', host: 'TASK_SYSTEM_HOST', process: 'TASK_SYSTEM_PROCESS' } as const;

/** The mark of a root: the same for every host that opens it, and telling nothing of the host's paths. */
export function rootMarkOf(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 32);
}

/** How to start one child process. Data only: the caller spawns it. */
export interface LaunchPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Added to the host's niceness. */
  readonly niceness: number;
}

/** What the sandbox needs to know to plan a launch. */
export interface LaunchRequest {
  /** Absolute path of the child's entry script. */
  readonly entry: string;
  /** The directory that becomes the task's workspace. */
  readonly directory: string;
  /** What `rootMarkOf` says of the system's root. */
  readonly rootMark: string;
  /** Identity of the host instance. */
  readonly hostId: string;
  /** Identity of this process within the host. */
  readonly processId: string;
  /** Names of further environment variables that may pass. */
  readonly env: readonly string[];
  readonly niceness: number;
}

/**
 * Turns a request into the command that starts the child. This is the one place where isolation is decided: stronger levels
 * wrap the same Node command. Today's level is `process`: an own process group, an allow-listed environment, an own directory.
 */
export function planLaunch(request: LaunchRequest): LaunchPlan {
  return {
    command: process.execPath,
    // Warnings about experimental features (type stripping on Node 22) are not the task's output.
    args: ['--disable-warning=ExperimentalWarning', request.entry],
    env: childEnvironment(request.env, { [MARKS.root]: request.rootMark, [MARKS.host]: request.hostId, [MARKS.process]: request.processId }),
    cwd: request.directory,
    niceness: request.niceness,
  };
}
