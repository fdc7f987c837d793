import type { Approval, ApprovalAnswer, ApprovalState } from './Approvals.ts';
import type { TaskEvent } from './Events.ts';
import type { JsonValue } from './Json.ts';

/** A list of approvals, with every default filled in. */
export interface ApprovalFilter {
  readonly taskId?: string;
  readonly project?: string;
  readonly state: ApprovalState;
  readonly limit: number;
}

/** A call that is to be answered. */
export interface ApprovalRequest {
  readonly taskId: string;
  /** The fence of the attempt that asks. */
  readonly fence: number;
  readonly tool: string;
  /** The arguments as they may be shown. */
  readonly input: JsonValue;
  /** The same for the same arguments, and for no others. */
  readonly fingerprint: string;
  /** What an answer for the whole task would cover; undefined: the same arguments alone. */
  readonly scope?: string;
  readonly rule: string;
  readonly reason: string;
  readonly deadline: number;
  readonly time: number;
}

/** How an approval ends by somebody's word. */
export interface ApprovalVerdict extends ApprovalAnswer {
  readonly state: 'allowed' | 'denied' | 'closed';
}

/** An approval, and the events that were stored with it. */
export interface ApprovalCommitted {
  readonly approval: Approval;
  readonly events: readonly TaskEvent[];
}

/** The part of a store that keeps approvals. The rules of `TaskStore` hold for it; approvals go with their task. */
export interface ApprovalStore {
  /**
   * Finds what answers this call, or stores that it waits. What answers it: an answer for the task of the same scope or the same arguments;
   * an answer for the same arguments that no call was given yet; a denial of the same arguments in an earlier attempt; or one that is still
   * open. Undefined when the fence is stale.
   */
  ask(request: ApprovalRequest): Promise<ApprovalCommitted | undefined>;

  /** Gives an answer to a call: one that counts once is used up. False when it was used up before, or the fence is stale. */
  take(id: string, fence: number): Promise<boolean>;

  /** Ends an open approval. Undefined when it is not open, or its deadline has passed: then nothing was written. */
  decide(id: string, verdict: ApprovalVerdict, time: number): Promise<ApprovalCommitted | undefined>;

  /** Ends open approvals whose deadline has passed, a batch of them, and tells when the next one is due. */
  expire(time: number): Promise<{ readonly ended: readonly ApprovalCommitted[]; readonly nextDue?: number }>;

  get(id: string): Promise<Approval | undefined>;
  /** Newest first. */
  list(filter: ApprovalFilter): Promise<readonly Approval[]>;
}
