import type { AnswerOptions, Approval, ApprovalListOptions } from './Approvals.ts';
import type { ListOptions, SubmitOptions } from './Options.ts';
import type { TaskHandle, TaskPage } from './System.ts';
import type { Task } from './Task.ts';
import type { SnapshotFilter } from './Snapshots.ts';

/** What the live feed may ask of the system: for its snapshots and for the commands of clients. See `TaskSystemCore`. */
export interface TaskControl {
  submit(options: SubmitOptions): Promise<Pick<TaskHandle, 'id'>>;
  get(taskId: string): Promise<Task | undefined>;
  list(options?: ListOptions): Promise<TaskPage>;
  /** Tasks as they were at one moment (without inputs and results), and the offset of the newest event at that moment. */
  snapshot(filter: SnapshotFilter): Promise<{ readonly tasks: readonly Task[]; readonly offset: number }>;
  cancel(taskId: string, reason?: string): Promise<boolean>;
  retry(taskId: string): Promise<Pick<TaskHandle, 'id'>>;
  approve(approvalId: string, options: AnswerOptions): Promise<Approval>;
  deny(approvalId: string, options: AnswerOptions): Promise<Approval>;
  approvals(options?: ApprovalListOptions): Promise<readonly Approval[]>;
}
