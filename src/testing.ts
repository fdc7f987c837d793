/**
 * Helpers for the tests of apps that use this library.
 * @module
 */
export { FakeClock } from './lib/task-system/testing/FakeClock.ts';
export { runTask, type LoggedLine, type SpawnedTask, type TestRun, type TestRunOptions, type ToolCall } from './lib/task-system/testing/runTask.ts';
export type {
  ContextCompaction, ContextFileReport, ContextReport, NotesMessage, PrepareContext, PreparedContext, PrepareOptions, TaskProjectContext,
} from './lib/task-system/types/Context.ts';
export type { SerializedError } from './lib/task-system/types/Errors.ts';
export type { HostModel, ModelCallOptions, ModelOptions, ModelPrice, TaskModel, TaskModelContent, TaskModelFinish, TaskModelPart, TaskModelRequest, TaskModelResult, TaskModelUsage, TaskModelWarning } from './lib/task-system/types/Models.ts';
export type { LogLevel, ModelCallEnd } from './lib/task-system/types/Events.ts';
export type { JoinContext, KeptFile, TaskContext, TaskDefinition, TaskLog, TaskSubtasks, TaskWorkspace } from './lib/task-system/types/Handler.ts';
export type { Enforcement, IsolationDimension, IsolationLevel, TaskIsolation } from './lib/task-system/types/Isolation.ts';
export type { JsonObject, JsonValue } from './lib/task-system/types/Json.ts';
export type { ChildSubmission, RetryPolicy, SubmitOptions } from './lib/task-system/types/Options.ts';
export type { NetworkPolicyOptions, PolicyOptions, PolicyRule, ProjectAccess, ToolLimitOptions, ToolRule } from './lib/task-system/types/Policy.ts';
export type { Clock, Timer } from './lib/task-system/types/Ports.ts';
export type { StartedTask } from './lib/task-system/types/Protocol.ts';
export type { ResolvedSubmit } from './lib/task-system/types/ResolvedOptions.ts';
export type { SchemaOutput, StandardIssue, StandardResult, StandardSchema } from './lib/task-system/types/StandardSchema.ts';
export type {
  BuiltInTools, FileEditInput, FileEditOutput, FileEntry, FileListInput, FileListOutput, FileMatch, FileReadInput, FileReadOutput, FileRemoveInput, FileRemoveOutput,
  FileSearchInput, FileSearchOutput, FileStatOutput, FileWriteInput, FileWriteOutput, HttpFetchInput, HttpFetchOutput, MemoryRememberInput, ShellRunInput, ShellRunOutput,
} from './lib/task-system/types/BuiltInTools.ts';
export type {
  CallingTask, CallOptions, CallTool, ExecuteAny, InputOf, ListedSchema, ListedTool, OutputOf, TaskTools, Tool, ToolAnnotations, ToolCallOptions, ToolInput, ToolLike, ToolOutputChunk, ToolSchema, ToolSet, WrapTools,
} from './lib/task-system/types/Tools.ts';
export type { ChildFailureRule, CompletionRule, FamilyRules, Subtask, SubtaskOutcome } from './lib/task-system/types/Subtasks.ts';
export type { PriorityName, Task, TaskProgress, TaskUsage } from './lib/task-system/types/Task.ts';
export type { TaskState, TerminalState } from './lib/task-system/types/TaskState.ts';
export type { TaskOverrides } from './lib/task-system/types/TaskStore.ts';
