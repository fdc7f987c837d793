import type { AnswerScope, Approval } from './Approvals.ts';
import type { SerializedError } from './Errors.ts';
import type { Task, TaskProgress } from './Task.ts';

/** What every hook receives. */
export interface HookContext {
  /** The task as it is stored after the change (of `onTaskCreate`: as it will be). */
  readonly task: Task;
  /** Aborted when the hook has used up its time (15 seconds) or the system closes. */
  readonly signal: AbortSignal;
}

/** A lifecycle hook. May return a promise. */
export type Hook<Context extends HookContext = HookContext> = (context: Context) => unknown;

/** What an `onTaskApproval` hook may return. Anything else, or nothing: it has no opinion, and somebody else answers. */
export type HookAnswer = 'allow' | 'deny' | HookVerdict;

/** An answer with what belongs to it. */
export interface HookVerdict {
  readonly decision: 'allow' | 'deny';
  /** For the log. @defaultValue 'a hook' */
  readonly by?: string;
  readonly reason?: string;
  /** @defaultValue 'once' */
  readonly remember?: AnswerScope;
}

/** Removes a hook. */
export type Unsubscribe = () => void;

/** The lifecycle hooks, as options. */
export interface HookListeners {
  /** Before a task is stored. Awaited; throwing (or taking longer than 15 s) refuses the task with `SUBMIT_REFUSED`. */
  readonly onTaskCreate?: Hook;
  /** An attempt starts. */
  readonly onTaskStart?: Hook;
  /** Progress, at most 10 times a second per task, the last one always. While a hook is busy only the newest waits. */
  readonly onTaskProgress?: Hook<HookContext & { readonly progress: TaskProgress }>;
  /** The task has completed. */
  readonly onTaskComplete?: Hook;
  /** The task has failed for good. */
  readonly onTaskFail?: Hook<HookContext & { readonly error: SerializedError }>;
  /** The task was cancelled. */
  readonly onTaskCancel?: Hook<HookContext & { readonly reason: string }>;
  /**
   * A call of a tool waits for an answer: `'allow'`, `'deny'`, or nothing, when somebody else is to answer. A no of one hook outweighs the
   * yes of another. What throws, or takes longer than 15 s, has no opinion.
   */
  readonly onTaskApproval?: Hook<HookContext & { readonly approval: Approval }>;
}

/** `tasks.hooks`: registers lifecycle hooks. Each call returns a function that removes the hook again. */
export type HookRegistry = { readonly [Name in keyof HookListeners]-?: (hook: NonNullable<HookListeners[Name]>) => Unsubscribe };
