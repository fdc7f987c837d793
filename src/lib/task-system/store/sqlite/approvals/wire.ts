import type { ApprovalFilter, ApprovalRequest, ApprovalVerdict } from '../../../types/ApprovalStore.ts';
import type { Row } from '../Row.ts';

/** One thing asked of the approvals. */
export type ApprovalOp =
  | readonly ['ask', request: ApprovalRequest]
  | readonly ['take', id: string, fence: number]
  | readonly ['decide', id: string, verdict: ApprovalVerdict, time: number]
  | readonly ['expire', time: number]
  | readonly ['get', id: string]
  | readonly ['list', filter: ApprovalFilter];

/** What the approvals say to one operation; which fields are there depends on the operation. */
export interface ApprovalReply {
  /** Approvals, with their columns. */
  readonly rows?: readonly Row[];
  /** Events as JSON texts: those of the only row, or one for each. */
  readonly events?: readonly string[];
  readonly taken?: boolean;
  readonly nextDue?: number;
}
