import type { ErrorEntry } from './ErrorEntry.ts';

/** Errors of trees of tasks. */
export const treeErrors = {
  TASK_CHILD_FAILED: {
    summary: 'A child of the task failed or was cancelled, and its rules make that its own failure.',
    cause: '`error.cause` is the error of the child, `error.details.childId` its id.',
    fix: 'See the code of the cause. Catch the error of `child.result()` in the handler, or choose another `completion` or `onChildFailure`.',
    retryable: true,
  },
  WAITING_FULL: {
    summary: 'Too many handlers wait for their children or for approvals at once.',
    cause: 'As many processes as `queue.maxWaiting` allows are parked already.',
    fix: 'Return from the handler instead of awaiting its children: such a parent waits without a process (see `join`). Or raise `queue.maxWaiting`; each takes about 45 MB.',
    retryable: true,
  },
  PARENT_ENDED: {
    summary: 'The parent has ended: it takes no more children.',
    cause: 'A child was submitted to a task that is completed, failed or cancelled.',
    fix: 'Submit children while the parent is queued, runs or waits; submit the task without `parentId` if it may stand alone.',
    retryable: false,
  },
  TREE_TOO_DEEP: {
    summary: 'The tree of tasks may not grow that deep.',
    cause: 'Sub-tasks start sub-tasks, more levels of them than `subtasks.maxDepth` (default 5) allows; often a recursion without end.',
    fix: 'Let the parent split the work further, or raise `subtasks.maxDepth`.',
    retryable: false,
  },
  TREE_TOO_WIDE: {
    summary: 'The task has as many children as it may have.',
    cause: 'More children than `subtasks.maxChildren` (default 100), ended ones included; often a loop without end.',
    fix: 'Give each child more to do, put a level between, or raise `subtasks.maxChildren`.',
    retryable: false,
  },
  TREE_TOO_LARGE: {
    summary: 'The tree has as many tasks as it may have.',
    cause: 'More tasks below one root than `subtasks.maxTasks` (default 1,000) allows, ended ones included.',
    fix: 'Give each task more to do, start several trees, or raise `subtasks.maxTasks`.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
