import { TaskSystemError } from './Errors.ts';

/** Every state a task can be in. `completed`, `failed` and `cancelled` are final. */
export const TASK_STATES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;

/** One of {@link TASK_STATES}. */
export type TaskState = (typeof TASK_STATES)[number];

/** A state that a task never leaves. */
export type TerminalState = 'completed' | 'failed' | 'cancelled';

/**
 * The only moves there are. `queued` covers a task that waits for its `runAt`; `waiting` is a parent that waits for its children,
 * or a task that waits for an approval, and holds no slot, with its process or without one; `running` goes back to `queued` for a retry or after an interruption, and
 * `waiting` does so for the join, or when the host died that had its process.
 */
export const TRANSITIONS = {
  queued: ['running', 'waiting', 'failed', 'cancelled'],
  running: ['completed', 'failed', 'cancelled', 'queued', 'waiting'],
  waiting: ['running', 'queued', 'completed', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<TaskState, readonly TaskState[]>;

/** Whether `state` is final. */
export function isTerminal(state: TaskState): state is TerminalState {
  return TRANSITIONS[state].length === 0;
}

/** Whether the table has a move from `from` to `to`. */
export function canTransition(from: TaskState, to: TaskState): boolean {
  const targets: readonly TaskState[] = TRANSITIONS[from];
  return targets.includes(to);
}

/**
 * Checks one move against the table and returns the new state.
 * @throws TaskSystemError `TASK_ILLEGAL_TRANSITION` when the table has no such move.
 */
export function transition(taskId: string, from: TaskState, to: TaskState): TaskState {
  if (!canTransition(from, to)) {
    throw new TaskSystemError('TASK_ILLEGAL_TRANSITION', `cannot go from "${from}" to "${to}"`, { taskId, from, to });
  }
  return to;
}

/** The table as a Mermaid state diagram, for the docs. */
export function stateDiagram(): string {
  const moves = TASK_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `  ${from} --> ${to}`));
  const ends = TASK_STATES.filter(isTerminal).map((state) => `  ${state} --> [*]`);
  return ['stateDiagram-v2', '  [*] --> queued', ...moves, ...ends].join('\n');
}
