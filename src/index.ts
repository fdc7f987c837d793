import './checkNode.ts';

export { createTaskSystem } from './lib/task-system/createTaskSystem.ts';
export type { TaskSystem, TaskSystemDeps } from './lib/task-system/index.ts';
export { defineTool } from './lib/task-system/tools/defineTool.ts';
export type { GenerateId } from './lib/task-system/core/ids.ts';
export type { Admittance, Admitted, Authenticate, Authorize, Credentials, FeedAction, FeedSubject, WebSocketAttachment, WebSocketOptions } from './lib/task-system/realtime/WebSocketServer.ts';
// Values by their own files: the barrel would bring the option schemas along, which only a system that is opened needs.
export { deserializeError, serializeError, TaskSystemError } from './lib/task-system/types/Errors.ts';
export { ERROR_CATALOGUE } from './lib/task-system/types/ErrorCatalogue.ts';
export { EVENT_IS_STORED, EVENT_TYPES, isTerminalEvent, TERMINAL_EVENTS } from './lib/task-system/types/Events.ts';
export { ISOLATION_DIMENSIONS, ISOLATION_LEVELS } from './lib/task-system/types/Isolation.ts';
export { PRIORITY_LEVELS } from './lib/task-system/types/Task.ts';
export { isTerminal, TASK_STATES, TRANSITIONS } from './lib/task-system/types/TaskState.ts';
export type {
  CgroupController, CgroupReport, Clock, CloseOptions, Committed, ContextFileOptions, ContextOptions, Created, DimensionReport, DoctorReport, Enforcement, ErrorCode, ErrorEntry, EventDraft,
  EventEnvelope, Hook, HookAnswer, HookContext, HookListeners, HookRegistry, HookVerdict, IsolationDimension, IsolationLevel, JsonObject, JsonValue, LevelReport,
  LimitOptions, ListOptions, Logger, LogLevel, NetworkPolicyOptions, NewTask, PolicyDecision, PolicyLayer, PolicyOptions, PolicyRule,
  PriorityName, ProcessSpawner, ProjectAccess, ProjectCounts, ProjectOptions, ProjectSnapshot, PruneOrder, QueueControl, QueueOptions,
  QueueSnapshot, RecoverOrder, ResolvedLimits, ResolvedOptions, ResolvedPolicy, ResolvedProject, ResolvedQueue, ResolvedRetry,
  ResolvedSandbox, ResolvedStorage, ResolvedSubtasks, ResolvedTaskType, ResolvedTypeSandbox, ResolvedWorkspaces, RetentionOptions, RetryPolicy,
  SandboxOptions, SandboxProblem, SerializedError, Settlement, SchemaOutput, StandardIssue, StandardResult, StandardSchema, StorageOptions, SubmitOptions, SubtaskOptions,
  Task, TaskEvent, TaskEventData, TaskEventListeners, TaskEventMap, TaskEventOf, TaskEventType, TaskFilter, TaskHandle, TaskIsolation,
  TaskOverrides, TaskPage, TaskProgress, TaskRecord, TaskRecordPage, TaskState, TaskStore, TaskSystemCore, TaskSystemOptions,
  TaskTypeOptions, TaskUsage, TerminalState, Timer, ToolLimitOptions, ToolLimits, ToolRule, TypeReport, TypeSandboxOptions, Unsubscribe,
  TreeBounds, WorkspaceOptions,
  KeptFile, NetworkDenial, NetworkOptions, ResolvedNetwork, TaskArtifact,
} from './lib/task-system/types/index.ts';
export { verifyWebhook, type VerifiedWebhook, type VerifyWebhookOptions, type WebhookHeaders } from './lib/task-system/hooks/webhooks/verifyWebhook.ts';
export type {
  ClaimDeliveries, ClaimedDelivery, DeadLetterFilter, DeadLetterListOptions, DeadLetterPage, DeliveryReport, EndpointDue, EndpointSettings, ReplayOrder,
  ReplayTarget, ResolvedWebhooks, RotateSecretOptions, StoredDeadLetter, StoredEndpoint, WebhookAttempt, WebhookControl, WebhookDeadLetter,
  WebhookDeliveryEvent, WebhookDisabledReason, WebhookEndpoint, WebhookEndpointOptions, WebhookEventMap, WebhookEventType, WebhookHealth, WebhookOptions,
  WebhookOutbox, WebhookPayload, WebhookSecret, WebhookTestData,
} from './lib/task-system/types/index.ts';
export type { CallingTask, Tool, ToolAnnotations, ToolCallOptions, ToolInput, ToolLike, ToolOutputChunk, ToolSchema, ToolSet } from './lib/task-system/types/Tools.ts';
export { APPROVAL_STATES, type AnswerOptions, type AnswerScope, type Approval, type ApprovalAnswer, type ApprovalListOptions, type ApprovalState } from './lib/task-system/types/Approvals.ts';
export type { ContextCompaction, ContextFileReport } from './lib/task-system/types/Context.ts';
export type { ActiveMember, FamilyCount, FamilyNumbers, FamilyStore, StopOrder, TreeChange, TreeCommitted } from './lib/task-system/types/FamilyStore.ts';
export type { StartedTask } from './lib/task-system/types/Protocol.ts';
export type { ResolvedContext, ResolvedContextFile } from './lib/task-system/types/ResolvedOptions.ts';
export type { SnapshotFilter } from './lib/task-system/types/Snapshots.ts';
export type { StoreSnapshot } from './lib/task-system/types/TaskStore.ts';
export type { CommandFrame, CommandName, WireTopic } from './lib/task-system/types/Wire.ts';
export type { ApprovalCommitted, ApprovalFilter, ApprovalRequest, ApprovalStore, ApprovalVerdict } from './lib/task-system/types/ApprovalStore.ts';
export type { CancelCause, ChildFailureRule, CompletionRule, FamilyRules, TaskTree } from './lib/task-system/types/Subtasks.ts';
export type { ChildSubmission } from './lib/task-system/types/Options.ts';
export type { SnapshotOptions, WaitingTask, WaitReason } from './lib/task-system/types/System.ts';
export type { BudgetOptions, LedgerAccount, ProjectSpendLimits, ResolvedBudgets, ResolvedSpendLimits, Spend, SpendKind, SpendLedger, SpendLimits } from './lib/task-system/types/Budgets.ts';
export type { ModelCallEnd } from './lib/task-system/types/Events.ts';
export type { HostModel, ModelOptions, ModelPrice, ResolvedModel } from './lib/task-system/types/Models.ts';
export type { McpAddressOptions, McpChange, McpCommonOptions, McpOptions, McpProgramOptions, McpServerOptions, ResolvedMcp, ResolvedMcpServer } from './lib/task-system/types/Mcp.ts';
