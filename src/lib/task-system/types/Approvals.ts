import type { JsonValue } from './Json.ts';

/** Every state of an approval: it waits, was answered, was not answered in time, or is of no use any more since its task ended. */
export const APPROVAL_STATES = ['open', 'allowed', 'denied', 'expired', 'closed'] as const;

/** One of {@link APPROVAL_STATES}. */
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** What an answer counts for: this one call, or all calls of the task that the same rules of its policy ask for. */
export type AnswerScope = 'once' | 'task';

/** A call of a tool that has to be allowed by somebody, and what became of it. */
export interface Approval {
  /** `<id of the task>.<number>`. */
  readonly id: string;
  readonly taskId: string;
  readonly project: string;
  readonly taskType: string;
  /** The attempt that asked first. */
  readonly attempt: number;
  readonly tool: string;
  /** A copy of the arguments without secrets; what is long is cut, and says so. */
  readonly input: JsonValue;
  /** The rule of the policy that asks, such as `tasks.deploy.policy.ask[0]`. */
  readonly rule: string;
  /** Why it is asked for, in one sentence. */
  readonly reason: string;
  readonly state: ApprovalState;
  readonly createdAt: number;
  /** Without an answer until then, the call is denied. */
  readonly deadline: number;
  /** When it was answered, expired or closed. */
  readonly endedAt?: number;
  readonly answer?: ApprovalAnswer;
}

/** The task that asked for an approval with this id, if it is one. */
export function taskOfApproval(approvalId: string): string | undefined {
  return /^(.+)\.\d+$/s.exec(approvalId)?.[1];
}

/** Who answered what. */
export interface ApprovalAnswer {
  readonly by: string;
  readonly reason?: string;
  readonly remember: AnswerScope;
}

/** What `tasks.approve` and `tasks.deny` take. */
export interface AnswerOptions {
  /** Who answers, for the log: up to 256 characters. @defaultValue 'the application' */
  readonly by?: string;
  /** Why, for the log and, of a denial, for the task: up to 1,024 characters. @defaultValue none */
  readonly reason?: string;
  /**
   * What the answer counts for: `'once'` for this call; `'task'` also for the later calls of this task that the same rules of `ask` cover,
   * in this attempt and in others. @defaultValue 'once'
   */
  readonly remember?: AnswerScope;
}

/** Which approvals `tasks.approvals` lists. */
export interface ApprovalListOptions {
  readonly taskId?: string;
  readonly project?: string;
  /** @defaultValue 'open' */
  readonly state?: ApprovalState;
  /** 1 to 1,000. @defaultValue 100 */
  readonly limit?: number;
}
