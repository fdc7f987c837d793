import type { ErrorEntry } from './ErrorEntry.ts';

/** Codes of calls that wait for an answer. */
export const approvalErrors = {
  APPROVAL_DENIED: {
    summary: 'Somebody was asked whether a call of a tool may be made, and said no.',
    cause: '`details.by` is who, `details.reason` why, if a reason was given. A denial `for the task` also counts for later calls of the same rule.',
    fix: 'Do it another way, or do without. A model gets the message as the result of its call.',
    retryable: false,
  },
  APPROVAL_EXPIRED: {
    summary: 'Nobody said in time whether a call of a tool may be made, so it may not.',
    cause: 'No answer came within `policy.approvalTimeoutMs` (default 10 minutes); or the answer came after that.',
    fix: 'Answer earlier, raise `policy.approvalTimeoutMs` (and `timeoutMs` of the type, which goes on meanwhile), or answer by the hook `onTaskApproval`.',
    retryable: true,
  },
  APPROVAL_NOT_FOUND: {
    summary: 'There is no such approval, or the task asks for none.',
    cause: 'The id is wrong, the task was pruned, or what it asked for was answered already.',
    fix: 'Look at `await tasks.approvals()`.',
    retryable: false,
  },
  APPROVAL_CLOSED: {
    summary: 'The call does not wait for this answer any more.',
    cause: 'Somebody gave the other answer first, or the task ended. `details.state` and `details.by` tell.',
    fix: 'Nothing, unless the task should be cancelled.',
    retryable: false,
  },
  APPROVAL_AMBIGUOUS: {
    summary: 'The task asks for several things at once.',
    cause: 'An answer was given with the id of the task.',
    fix: 'Answer with the id of the approval: `tasks.approvals({ taskId })` lists them.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
