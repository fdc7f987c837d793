/**
 * What handler modules import. Light on purpose: every task process loads it.
 * @module
 */
export { defineTask } from './lib/task-system/core/defineTask.ts';
export { defineTool } from './lib/task-system/tools/defineTool.ts';
export { compact, type CompactionReport, type CompactOptions, type Compaction } from './lib/task-system/context/ContextCompactor.ts';
export type { NoteMessage } from './lib/task-system/context/compaction/note.ts';
export type { Pins } from './lib/task-system/context/compaction/selectAtoms.ts';
export type { Summarize, SummaryOutcome } from './lib/task-system/context/compaction/summary.ts';
export type { ContextMessage } from './lib/task-system/context/messages/readMessage.ts';
export { createTokenCounter, type TokenCounter, type TokenCounterOptions } from './lib/task-system/context/TokenCounter.ts';
export type { TokenEncoding } from './lib/task-system/context/tokens/loadTokenizer.ts';
export type {
  ContextCompaction, ContextFileReport, ContextReport, NotesMessage, PrepareContext, PreparedContext, PrepareOptions, TaskProjectContext,
} from './lib/task-system/types/Context.ts';
export type { SerializedError } from './lib/task-system/types/Errors.ts';
export type { LogLevel } from './lib/task-system/types/Events.ts';
export type { JoinContext, KeptFile, TaskContext, TaskDefinition, TaskLog, TaskSubtasks, TaskWorkspace } from './lib/task-system/types/Handler.ts';
export type { Enforcement, IsolationDimension, IsolationLevel, TaskIsolation } from './lib/task-system/types/Isolation.ts';
export type { JsonObject, JsonValue } from './lib/task-system/types/Json.ts';
export type {
  ModelCallOptions, TaskModel, TaskModelContent, TaskModelFinish, TaskModelPart, TaskModelRequest, TaskModelResult, TaskModelUsage, TaskModelWarning,
} from './lib/task-system/types/Models.ts';
export type { ChildSubmission, RetryPolicy, SubmitOptions } from './lib/task-system/types/Options.ts';
export type { Clock, Timer } from './lib/task-system/types/Ports.ts';
export type { StartedTask } from './lib/task-system/types/Protocol.ts';
export type { SchemaOutput, StandardIssue, StandardResult, StandardSchema } from './lib/task-system/types/StandardSchema.ts';
export type {
  BuiltInTools, FileEditInput, FileEditOutput, FileEntry, FileListInput, FileListOutput, FileMatch, FileReadInput, FileReadOutput, FileRemoveInput, FileRemoveOutput,
  FileSearchInput, FileSearchOutput, FileStatOutput, FileWriteInput, FileWriteOutput, HttpFetchInput, HttpFetchOutput, MemoryRememberInput, ShellRunInput, ShellRunOutput,
} from './lib/task-system/types/BuiltInTools.ts';
export type {
  CallingTask, CallOptions, CallTool, ExecuteAny, InputOf, ListedSchema, ListedTool, OutputOf, TaskTools, Tool, ToolAnnotations, ToolCallOptions, ToolInput, ToolLike, ToolOutputChunk, ToolSchema, ToolSet, WrapTools,
} from './lib/task-system/types/Tools.ts';
export type { PriorityName, Task, TaskProgress, TaskUsage } from './lib/task-system/types/Task.ts';
export type { TaskState, TerminalState } from './lib/task-system/types/TaskState.ts';
export type { ChildFailureRule, CompletionRule, Subtask, SubtaskOutcome } from './lib/task-system/types/Subtasks.ts';
