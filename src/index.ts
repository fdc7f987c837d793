import './checkNode.ts';

export { createTaskSystem, type TaskSystem, type TaskSystemDeps } from './lib/task-system/index.ts';
export type { GenerateId } from './lib/task-system/core/ids.ts';
export type { Admittance, Admitted, Authenticate, Authorize, Credentials, FeedAction, FeedSubject, WebSocketAttachment, WebSocketOptions } from './lib/task-system/realtime/WebSocketServer.ts';
export {
  deserializeError, ERROR_CATALOGUE, EVENT_TYPES, ISOLATION_DIMENSIONS, ISOLATION_LEVELS, isTerminal, isTerminalEvent, PRIORITY_LEVELS, serializeError, TASK_STATES, TaskSystemError,
  TERMINAL_EVENTS, TRANSITIONS, type Clock, type CloseOptions, type ContextFileOptions, type ContextOptions, type Committed, type Created, type DoctorReport, type Enforcement, type ErrorCode, type ErrorEntry, type EventDraft, type EventEnvelope, type Hook, type HookContext,
  type HookListeners, type HookRegistry, type IsolationDimension, type IsolationLevel, type JsonObject, type JsonValue, type LevelReport, type LimitOptions, type ListOptions, type Logger, type LogLevel, type NewTask,
  type PriorityName, type ProcessSpawner, type ProjectCounts, type ProjectOptions, type ProjectSnapshot, type PruneOrder, type QueueControl, type QueueOptions, type QueueSnapshot, type RecoverOrder,
  type ResolvedLimits, type ResolvedOptions, type ResolvedProject, type ResolvedQueue, type ResolvedRetry, type ResolvedSandbox, type ResolvedStorage,
  type ResolvedTaskType, type ResolvedTypeSandbox, type ResolvedWorkspaces, type RetentionOptions, type RetryPolicy, type SandboxOptions, type SandboxProblem, type SerializedError, type Settlement, type StandardIssue, type StandardResult, type StandardSchema,
  type StorageOptions, type SubmitOptions, type Task, type TaskEvent, type TaskEventData, type TaskEventListeners, type TaskEventMap,
  type TaskEventOf, type TaskEventType, type TaskFilter, type TaskHandle, type TaskIsolation, type TaskOverrides, type TaskPage, type TaskProgress, type TaskRecord,
  type TaskRecordPage, type TaskState, type TaskStore, type TaskSystemCore,
  type TaskSystemOptions, type TaskTypeOptions, type TerminalState, type Timer, type TypeReport, type TypeSandboxOptions, type Unsubscribe, type WorkspaceOptions,
  type NetworkPolicyOptions, type PolicyDecision, type PolicyLayer, type PolicyOptions, type PolicyRule, type ProjectAccess, type ResolvedPolicy,
  type ToolLimitOptions, type ToolLimits, type ToolRule,
} from './lib/task-system/types/index.ts';
