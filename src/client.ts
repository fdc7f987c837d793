/**
 * Client of the live feed, for browsers and Node 22 and newer. Without dependencies.
 * @module
 */
export { connect, type ClientAnswer, type ConnectDeps, type ConnectOptions, type FeedClient, type SubscribeOptions, type TokenSource } from './lib/task-system/realtime/client/FeedClient.ts';
export type { ClientTask } from './lib/task-system/realtime/client/ClientTask.ts';
export type { FeedState, FeedStateDetails, FeedStateListener } from './lib/task-system/realtime/client/StateTeller.ts';
export { FeedError } from './lib/task-system/realtime/client/FeedError.ts';
export type { FeedSubscription } from './lib/task-system/realtime/client/FeedSubscription.ts';
export type { WebSocketConstructor, WebSocketLike } from './lib/task-system/realtime/client/WebSocketLike.ts';
export { EVENT_IS_STORED, EVENT_TYPES, isTerminalEvent, type EventEnvelope, type LogLevel, type ModelCallEnd, type NetworkDenial, type TaskEvent, type TaskEventData, type TaskEventMap, type TaskEventOf, type TaskEventType } from './lib/task-system/types/Events.ts';
export type { AnswerOptions, AnswerScope, Approval, ApprovalAnswer, ApprovalListOptions, ApprovalState } from './lib/task-system/types/Approvals.ts';
export type { ContextCompaction, ContextFileReport } from './lib/task-system/types/Context.ts';
export type { ErrorCode, ErrorEntry } from './lib/task-system/types/ErrorCatalogue.ts';
export type { SerializedError } from './lib/task-system/types/Errors.ts';
export type { Enforcement, IsolationDimension, IsolationLevel, TaskIsolation } from './lib/task-system/types/Isolation.ts';
export type { JsonObject, JsonValue } from './lib/task-system/types/Json.ts';
export type { Clock, Timer } from './lib/task-system/types/Ports.ts';
export type { ChildSubmission, ListOptions, RetryPolicy, SubmitOptions } from './lib/task-system/types/Options.ts';
export type { CancelCause, ChildFailureRule, CompletionRule } from './lib/task-system/types/Subtasks.ts';
export type { PriorityName, Task, TaskProgress, TaskUsage } from './lib/task-system/types/Task.ts';
export type { TaskState } from './lib/task-system/types/TaskState.ts';
export type { CommandReplies, ResetReason, TaskSummary, WirePosition, WireTopic } from './lib/task-system/types/Wire.ts';
