import type { Duplex, Readable } from 'node:stream';
import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  readonly error?: Error;
}

/** A process that is being started, or was. */
export interface Launched {
  /** The operating system's number; undefined until it is known, and when the process could not be started. */
  readonly pid: number | undefined;
  /** Resolves when it is known whether the process could be started. Never rejects. */
  readonly started: Promise<void>;
  /** Resolves when the process itself has ended, or could not be started; what it wrote may still be on its way. */
  readonly exited: Promise<ProcessExit>;
  /** Whether it surely has no descriptor that was not meant for it. */
  readonly isClean: boolean;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** The host's end of descriptor 3. */
  readonly channel: Duplex | undefined;
}

/** Starts processes. */
export interface Launcher {
  /** Gets ready; what is launched before may hold the event loop up. Never rejects. @param directory an empty one, of its own, that is there until `close`. */
  open(directory: string): Promise<void>;
  /** Starts a process; what can be written to it is there at once, its number a moment later. */
  launch(plan: LaunchPlan): Launched;
  /** Lets go of what it holds. No process that it started may be alive any more. */
  close(): Promise<void>;
}
