import type { LaunchPlan } from '../../policy/sandbox/LaunchPlan.ts';
import type { SerializedError } from '../../types/Errors.ts';

/** What the thread of the launcher is asked to do. */
export interface LaunchOrder {
  /** Names the process until it has a number. */
  readonly id: number;
  readonly plan: LaunchPlan;
  /** What the process is to have as descriptors 1, 2 and 3: descriptors of this process, open until the answer has come. */
  readonly descriptors: readonly [stdout: number, stderr: number, channel: number];
}

/** What the thread tells of a process. */
export type LaunchReport =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError }
  | { readonly type: 'exited'; readonly id: number; readonly code: number | null; readonly signal: NodeJS.Signals | null };
