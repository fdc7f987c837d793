import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';
import type { SerializedError } from '../../types/Errors.ts';

/** stdout, stderr and the channel. */
export const SOCKETS_PER_PROCESS = 3;

/** The numbers of the connections whose far ends a process is to have as descriptors 1, 2 and 3. */
export type SocketNumbers = readonly [stdout: number, stderr: number, channel: number];

/** What the helper is asked to do. */
export type LaunchOrder =
  | {
    readonly type: 'connect';
    /** Where the host listens; a name within it is `SOCKET_NAME`. */
    readonly directory: string;
    /** What a connection has to say to be believed. */
    readonly secret: string;
    /** How many connections are kept ready. */
    readonly size: number;
  }
  | {
    readonly type: 'start';
    /** Names the process until it has a number. */
    readonly id: number;
    readonly plan: LaunchPlan;
    readonly sockets: SocketNumbers;
  };

/** What the helper tells of a process. */
export type LaunchReport =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError }
  /** Told once, by one that shares a limit of processor time with what it starts. */
  | { readonly type: 'tired' }
  | { readonly type: 'exited'; readonly id: number; readonly code: number | null; readonly signal: NodeJS.Signals | null };
