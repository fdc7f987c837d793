import type { Readable } from 'node:stream';
import type { AnswerOptions, Approval, ApprovalListOptions } from './Approvals.ts';
import type { TaskEvent, TaskEventMap } from './Events.ts';
import type { HookRegistry } from './Hooks.ts';
import type { DoctorReport } from './Isolation.ts';
import type { CloseOptions, ListOptions, SubmitOptions } from './Options.ts';
import type { JsonValue } from './Json.ts';
import type { PolicyDecision } from './Policy.ts';
import type { TaskTree } from './Subtasks.ts';
import type { Task } from './Task.ts';
import type { WebhookControl } from './Webhooks.ts';

/** A submitted task. */
export interface TaskHandle {
  readonly id: string;
  /**
   * The task's result, once it has completed. Rejects with the error of the task when it fails, with `TASK_CANCELLED` when it is
   * cancelled, with `SYSTEM_CLOSED` when the system closes first (the task goes on when a system opens the same root again).
   */
  result(): Promise<JsonValue>;
  /** Cancels the task; see `TaskSystem.cancel`. */
  cancel(reason?: string): Promise<boolean>;
  /** The task's events from its creation to its end: the stored ones, then live, those that are not stored included. */
  events(): AsyncIterableIterator<TaskEvent>;
}

/** A file that a task has kept with `workspace.keep`. */
export interface TaskArtifact {
  /** As the task named it: relative to its workspace, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Absolute path of the file; it goes when the task is pruned. */
  readonly file: string;
  /** The content. */
  stream(): Readable;
}

/** A page of tasks, newest first. */
export interface TaskPage {
  readonly tasks: readonly Task[];
  /** Pass it to `list` for the next page; undefined on the last one. */
  readonly nextCursor?: string;
}

/** One project in a snapshot of the queue. */
export interface ProjectSnapshot {
  readonly project: string;
  /** Queued and due. */
  readonly ready: number;
  /** Queued with a `runAt` in the future. */
  readonly delayed: number;
  readonly running: number;
  /** Parents that wait for their children. */
  readonly waiting: number;
  readonly paused: boolean;
  readonly maxConcurrent: number;
  readonly weight: number;
}

/** What a task waits for: a slot of all, a place in the lane of its project, the end of a pause or of its delay, its children, or an approval. */
export type WaitReason = 'slot' | 'lane' | 'pause' | 'delay' | 'children' | 'approval';

/** A task that waits, at one moment. */
export interface WaitingTask {
  readonly id: string;
  readonly type: string;
  readonly project: string;
  readonly parentId?: string;
  readonly waitsFor: WaitReason;
  /** Its place among the queued tasks of its project, from 1. Not of a task that waits for its children or for an approval. */
  readonly position?: number;
}

/** What `queue.snapshot` takes. */
export interface SnapshotOptions {
  /** How many queued tasks are told one by one, and how many that wait for children: 0 to 10,000. Without it 100. */
  readonly tasks?: number;
}

/** The queue at one moment. */
export interface QueueSnapshot {
  readonly maxConcurrent: number;
  /** Slots in use. */
  readonly running: number;
  /** Whether everything is paused. */
  readonly paused: boolean;
  /** Processes started ahead of need. */
  readonly spares: number;
  /** Every project that has a task which has not ended, or that is paused; by name. */
  readonly projects: readonly ProjectSnapshot[];
  /** The first queued tasks of each project, in their order, and those that wait for children. */
  readonly tasks: readonly WaitingTask[];
}

/** Looks at and steers the queue. */
export interface QueueControl {
  /** @throws TaskSystemError `OPTIONS_INVALID`. */
  snapshot(options?: SnapshotOptions): Promise<QueueSnapshot>;
  /** No task of the project (without a name: no task at all) is started until `resume`; running ones go on. Outlives a restart. */
  pause(project?: string): Promise<void>;
  resume(project?: string): Promise<void>;
}

/** Listens to events. */
export interface TaskEventListeners {
  /** Calls `listener` for each event of the type; `'*'` for all. Returns a function that removes the listener. */
  on<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<(...args: TaskEventMap[Type]) => void>): () => void;
  /** The same for the next event only. */
  once<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<(...args: TaskEventMap[Type]) => void>): () => void;
  /** Removes a listener. */
  off<Type extends keyof TaskEventMap>(type: Type, listener: NoInfer<(...args: TaskEventMap[Type]) => void>): void;
}

/** What `createTaskSystem` returns, except for the live feed. */
export interface TaskSystemCore extends AsyncDisposable {
  readonly events: TaskEventListeners;
  readonly hooks: HookRegistry;
  readonly queue: QueueControl;
  /** Tells others over HTTP what happens to tasks. */
  readonly webhooks: WebhookControl;
  /**
   * Stores a task and queues it. Resolves when it is on disk.
   * @throws TaskSystemError `TASK_TYPE_UNKNOWN`, `PROJECT_NAME_INVALID`, `SUBMIT_INVALID`, `INPUT_INVALID`, `INPUT_TOO_LARGE`,
   * `QUEUE_FULL`, `SUBMIT_REFUSED`, `TASK_NOT_FOUND` or `PARENT_ENDED` (of the parent), a `TREE_TOO_…` code, `SYSTEM_CLOSED`, or a `STORE_…` code.
   */
  submit(options: SubmitOptions): Promise<TaskHandle>;
  /** The handle of a task that was submitted earlier. It is not checked whether the task exists: `result()` does. */
  handle(taskId: string): TaskHandle;
  /** The task as it stands now, or undefined. */
  get(taskId: string): Promise<Task | undefined>;
  /** A task with everything below it: states, progress and times; undefined when there is no such task. */
  tree(taskId: string): Promise<TaskTree | undefined>;
  /** Tasks, newest first, in pages. @throws TaskSystemError `CURSOR_INVALID`, `OPTIONS_INVALID`. */
  list(options?: ListOptions): Promise<TaskPage>;
  /**
   * Cancels a task. A queued one is cancelled at once; a running one is told, has its grace, and is killed with everything it
   * started. Resolves when that is done: true when this call's cancellation is the outcome, false when the task ended otherwise.
   * @throws TaskSystemError `TASK_NOT_FOUND`.
   */
  cancel(taskId: string, reason?: string): Promise<boolean>;
  /**
   * Submits a failed, cancelled or completed task once more, as a new task with the same type, project, input and settings
   * (`retryOf` names the old one, whose outcome stays).
   * @throws TaskSystemError `TASK_NOT_FOUND`, `TASK_NOT_TERMINAL`, and what `submit` throws.
   */
  retry(taskId: string): Promise<TaskHandle>;
  /**
   * Says whether tasks of a type may call a tool with these arguments, or have to ask, and which rule decides it: the same decision that a running
   * task gets. What a task has used up of its limits, and what its ancestors narrow, is not looked at.
   * @throws TaskSystemError `TASK_TYPE_UNKNOWN`.
   */
  explainPolicy(taskType: string, tool: string, args?: JsonValue): PolicyDecision;
  /**
   * Allows a call of a tool that waits (`policy.ask`): by the id of its approval, or by that of its task when this asks for one thing only.
   * Resolves when the answer is on disk; the call is made as soon as the task has a slot again, also after a restart of the host. The same
   * answer given twice counts once.
   * @throws TaskSystemError `APPROVAL_NOT_FOUND`, `APPROVAL_AMBIGUOUS`, `APPROVAL_CLOSED`, `APPROVAL_EXPIRED`, `OPTIONS_INVALID`.
   */
  approve(approvalId: string, options?: AnswerOptions): Promise<Approval>;
  /**
   * Denies a call of a tool that waits, as `approve` allows one: the task gets `APPROVAL_DENIED` with the reason, and goes on.
   * @throws TaskSystemError as `approve` does.
   */
  deny(approvalId: string, options?: AnswerOptions): Promise<Approval>;
  /** Calls of tools that wait for an answer, or that did; newest first. @throws TaskSystemError `OPTIONS_INVALID`. */
  approvals(options?: ApprovalListOptions): Promise<readonly Approval[]>;
  /**
   * The files that a task has kept with `workspace.keep`, by path: those of the attempt that ended it. Empty while it runs.
   * @throws TaskSystemError `TASK_NOT_FOUND`.
   */
  artifacts(taskId: string): Promise<readonly TaskArtifact[]>;
  /** Starts a canary at each level of isolation and tells what works on this machine, what is missing, and how to get it. */
  doctor(): Promise<DoctorReport>;
  /** Stops: no new tasks, running ones get the grace to finish, the rest goes back to the queue. May be called twice. */
  close(options?: CloseOptions): Promise<void>;
}
