import type { StartContext } from './Context.ts';
import type { SerializedError } from './Errors.ts';
import type { JsonValue } from './Json.ts';
import type { StartModels } from './Models.ts';
import type { Task } from './Task.ts';

/** Version of the messages between host and child; both ends come from one build, so it only guards against mixed files. */
export const PROTOCOL_VERSION = 1;

/** The descriptor of the channel in the child. */
export const CHANNEL_FD = 3;

/** What a child may ask its host for; each is answered by one part of the host (see `HostCalls`). */
export const HOST_METHODS = ['spawn', 'remember', 'context', 'model', 'toolStart', 'toolEnd', 'toolRun', 'toolList', 'keep', 'wait', 'outcome', 'children'] as const;

/** Name of something a child may ask for. */
export type HostMethod = (typeof HOST_METHODS)[number];

/** Why an attempt is being stopped, as the child is told. */
export type AbortCause = 'cancelled' | 'timeout' | 'shutdown' | 'limit';

/** What the host tells the child. */
export type ParentMessage =
  /** Asks for nothing: what a process does for the first time it does slowly, and a spare has the time for it. */
  | { readonly type: 'rehearse' }
  /** Before anything of a task is loaded: close the descriptors that were inherited without need. Only sent where there may be some. */
  | { readonly type: 'clean' }
  /** Comes first, and as early as the host knows which handler it will be: while the task is still being stored. */
  | { readonly type: 'load'; readonly version: number; readonly moduleUrl: string; readonly workspace: string; readonly env: Readonly<Record<string, string>>; readonly project?: string }
  /** With `join`, the attempt is to run the `join` of the handler, which gets what `run` returned. */
  | { readonly type: 'start'; readonly task: StartedTask; readonly resultBytes: number; readonly context?: StartContext; readonly models?: StartModels; readonly join?: { readonly returned: JsonValue } }
  | { readonly type: 'abort'; readonly cause: AbortCause; readonly reason: string }
  /** The answer to a `call`. */
  | { readonly type: 'reply'; readonly id: number; readonly value: JsonValue }
  | { readonly type: 'reply'; readonly id: number; readonly error: SerializedError };

/** The task as the child knows it. */
export type StartedTask = Pick<Task, 'id' | 'type' | 'project' | 'input' | 'attempt' | 'maxAttempts' | 'metadata' | 'rootId'> & { readonly parentId?: string };
