export { ERROR_CATALOGUE, type ErrorCode, type ErrorEntry } from './ErrorCatalogue.ts';
export { deserializeError, serializeError, TaskSystemError, type SerializedError } from './Errors.ts';
export {
  EVENT_IS_STORED, EVENT_TYPES, isEventType, isTerminalEvent, TERMINAL_EVENTS, type EventDraft, type EventEnvelope, type LogLevel, type NetworkDenial, type TaskEvent,
  type TaskEventData, type TaskEventMap, type TaskEventOf, type TaskEventType,
} from './Events.ts';
export type { KeptFile, TaskContext, TaskDefinition, TaskLog, TaskSubtasks, TaskWorkspace } from './Handler.ts';
export type { Hook, HookAnswer, HookContext, HookListeners, HookRegistry, HookVerdict, Unsubscribe } from './Hooks.ts';
export {
  isAtLeast, ISOLATION_DIMENSIONS, ISOLATION_LEVELS, type CgroupController, type CgroupReport, type DimensionReport, type DoctorReport, type Enforcement, type IsolationDimension, type IsolationLevel, type LevelReport, type SandboxProblem,
  type TaskIsolation, type TypeReport,
} from './Isolation.ts';
export { isJsonObject, parseJson, type JsonObject, type JsonValue } from './Json.ts';
export type {
  CloseOptions, ContextFileOptions, ContextOptions, LimitOptions, ListOptions, NetworkOptions, ProjectOptions, QueueOptions, RetentionOptions, RetryPolicy, SandboxOptions, StorageOptions, SubtaskOptions,
  SubmitOptions, TaskSystemOptions, TaskTypeOptions, TypeSandboxOptions, WebhookOptions, WorkspaceOptions,
} from './Options.ts';
export { parseCloseOptions, parseListOptions, parseSubmitOptions, requireTaskType } from './parseCalls.ts';
export { mergeRetry, parseTaskSystemOptions } from './parseOptions.ts';
export type {
  NetworkPolicyOptions, PolicyDecision, PolicyLayer, PolicyOptions, PolicyRule, ProjectAccess, ResolvedPolicy, ToolLimitOptions, ToolLimits, ToolRule,
} from './Policy.ts';
export { resolvePolicy } from './resolvePolicy.ts';
export { systemClock, type Clock, type EventSource, type Logger, type ProcessSpawner, type Timer } from './Ports.ts';
export { assertProjectName, isProjectName } from './ProjectName.ts';
export {
  CHANNEL_FD, PROTOCOL_VERSION, type AbortCause, type ParentMessage, type StartedTask,
} from './Protocol.ts';
export {
  DEFAULTS, type ResolvedClose, type ResolvedLimits, type ResolvedNetwork, type ResolvedList, type ResolvedOptions, type ResolvedProject, type ResolvedQueue,
  type ResolvedRetry, type ResolvedSandbox, type ResolvedStorage, type ResolvedSubmit, type ResolvedSubtasks, type ResolvedTaskType, type ResolvedTypeSandbox, type ResolvedWebhooks, type ResolvedWorkspaces,
} from './ResolvedOptions.ts';
export { describeIssues, type SchemaOutput, type StandardIssue, type StandardResult, type StandardSchema } from './StandardSchema.ts';
export type {
  ProjectSnapshot, QueueControl, QueueSnapshot, TaskArtifact, TaskEventListeners, TaskHandle, TaskPage, TaskSystemCore,
} from './System.ts';
export { PRIORITY_LEVELS, type PriorityName, type Task, type TaskProgress, type TaskUsage } from './Task.ts';
export type { TaskControl } from './TaskControl.ts';
export { canTransition, isTerminal, stateDiagram, TASK_STATES, transition, TRANSITIONS, type TaskState, type TerminalState } from './TaskState.ts';
export type {
  DeadLetterListOptions, DeadLetterPage, ReplayTarget, RotateSecretOptions, WebhookAttempt, WebhookControl, WebhookDeadLetter, WebhookDeliveryEvent,
  WebhookDisabledReason, WebhookEndpoint, WebhookEndpointOptions, WebhookEventMap, WebhookEventType, WebhookHealth, WebhookPayload, WebhookTestData,
} from './Webhooks.ts';
export type {
  ClaimDeliveries, ClaimedDelivery, DeadLetterFilter, DeliveryReport, EndpointDue, EndpointSettings, ReplayOrder, StoredDeadLetter, StoredEndpoint,
  WebhookOutbox, WebhookSecret,
} from './WebhookOutbox.ts';
export type {
  Committed, Created, NewTask, ProjectCounts, PruneOrder, RecoverOrder, Settlement, TaskFilter, TaskOverrides, TaskRecord, TaskRecordPage, TaskStore, TreeBounds,
} from './TaskStore.ts';
