import type { BuiltInTools } from './BuiltInTools.ts';
import type { JsonObject, JsonValue } from './Json.ts';
import type { StartedTask } from './Protocol.ts';
import type { SchemaOutput, StandardSchema } from './StandardSchema.ts';

/** What a tool says of itself, in the words of MCP. Hints for people and models; no decision rests on them. */
export interface ToolAnnotations {
  readonly title?: string | undefined;
  /** It changes nothing. */
  readonly readOnlyHint?: boolean | undefined;
  /** It may destroy something. */
  readonly destructiveHint?: boolean | undefined;
  /** Calling it again with the same input changes nothing more. */
  readonly idempotentHint?: boolean | undefined;
  /** It reaches beyond the machine. */
  readonly openWorldHint?: boolean | undefined;
}

/** The task on whose behalf a tool is called. A host tool gets it from the host's own books, whatever the task says. */
export type CallingTask = Pick<StartedTask, 'id' | 'type' | 'project' | 'attempt' | 'metadata' | 'rootId' | 'parentId'>;

/** What a tool gets beside its input; a superset of what the AI SDK's tools are written against. */
export interface ToolCallOptions {
  /** Names the call in the events of its task. */
  readonly toolCallId: string;
  /** Aborted when the call is out of time or cancelled, or when its task is being stopped. */
  readonly abortSignal: AbortSignal;
  /** The conversation, if an SDK made the call and passes it on; else empty. */
  readonly messages: readonly unknown[];
  readonly task: CallingTask;
  /** Tells whoever made the call of output that comes bit by bit. Of a tool of the host, nobody hears it. */
  readonly onOutput: (chunk: ToolOutputChunk) => void;
}

/** A bit of output of a call that is under way. */
export interface ToolOutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** A Standard Schema, a JSON Schema, or a schema of the AI SDK. */
export type ToolSchema = StandardSchema | JsonObject;

/** What `execute` is given for an input schema. */
export type ToolInput<Schema> = Schema extends StandardSchema ? SchemaOutput<Schema> : JsonObject;

/** A tool: a named function that a handler, or the model it drives, may call where the policy allows it. Made by `defineTool`. */
export interface Tool<Schema extends ToolSchema | undefined = ToolSchema | undefined, Output = unknown> {
  /** What policies call it: letters, digits and `_ . : / -`, up to 128 characters. */
  readonly name: string;
  /** For the model: what it does and when to use it. @defaultValue '' */
  readonly description?: string;
  /** Checks the input before the call is decided; what it makes of the input is what is decided and executed. @defaultValue any JSON object */
  readonly inputSchema?: Schema;
  /** Checks what `execute` returns. @defaultValue anything that survives JSON */
  readonly outputSchema?: ToolSchema;
  /** Does the work. What it returns must survive JSON; of an async iterable, the last value counts. */
  readonly execute: (input: ToolInput<Schema>, options: ToolCallOptions) => Output | Promise<Output> | AsyncIterable<Output>;
  /**
   * Where `execute` runs: in the process of the task, or in the host, for what needs secrets or connections of the host.
   * @defaultValue `'host'` in the option `tools` of `createTaskSystem`, `'task'` elsewhere
   */
  readonly runsIn?: 'task' | 'host';
  /** How long a call may take, in milliseconds; a policy can lower it. @defaultValue 60_000 */
  readonly timeoutMs?: number;
  readonly annotations?: ToolAnnotations;
}

/** Anything with the shape of a tool: made by `defineTool`, by the AI SDK's `tool`, or listed by an MCP server. */
export interface ToolLike {
  /** In a record, the key is the name of a tool that has none. */
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
  readonly outputSchema?: unknown;
  readonly execute?: ((...args: never[]) => unknown) | undefined;
  readonly runsIn?: 'task' | 'host' | undefined;
  readonly timeoutMs?: number | undefined;
  readonly annotations?: ToolAnnotations | undefined;
}

/** Tools by name, or a list of tools that have their names. */
export type ToolSet = Readonly<Record<string, ToolLike>> | readonly ToolLike[];

/** What may be said of one call. */
export interface CallOptions {
  /** Aborts the call. */
  readonly signal?: AbortSignal;
  /** Hears output as it comes, of tools that give some (`shell.run`). @defaultValue it becomes `task:log` events */
  readonly onOutput?: (chunk: ToolOutputChunk) => void;
}

/** Runs tools that have a list and a function for all of them, such as those of an MCP client. */
export type ExecuteAny = (name: string, input: JsonObject, options: ToolCallOptions) => unknown;

/** A schema as JSON Schema that is a Standard Schema as well: SDKs take it as it is, and it is written as JSON without the rest. */
export type ListedSchema = JsonObject & {
  readonly '~standard': StandardSchema<unknown, JsonObject>['~standard'] & {
    readonly jsonSchema: { readonly input: (options?: unknown) => Record<string, unknown>; readonly output: (options?: unknown) => Record<string, unknown> };
  };
};

/** A tool that the policy may allow, ready for a model: the AI SDK, OpenAI-compatible APIs and others take it as it is. */
export interface ListedTool {
  /** What policies and `tools.call` call it: `fs.read`. */
  readonly name: string;
  /** What a model may call it, for models allow few characters: `fs_read`. No two tools of a list have the same one. */
  readonly modelName: string;
  readonly description: string;
  readonly inputSchema: ListedSchema;
  readonly runsIn: 'task' | 'host';
  readonly annotations: ToolAnnotations;
  /** `tools.call` with this tool. */
  readonly execute: (input: unknown, options?: { readonly abortSignal?: AbortSignal | undefined }) => Promise<JsonValue>;
}

/** What a tool takes, by its name. */
export type InputOf<Name extends string> = Name extends keyof BuiltInTools ? BuiltInTools[Name]['input'] : unknown;

/** What a tool gives, by its name. */
export type OutputOf<Name extends string> = Name extends keyof BuiltInTools ? BuiltInTools[Name]['output'] : JsonValue;

/** See `TaskTools.call`. */
export type CallTool = <Name extends string>(name: Name, input?: InputOf<Name>, options?: CallOptions) => Promise<OutputOf<Name>>;

/** See `TaskTools.wrap`. */
export type WrapTools = <Tools extends ToolSet>(tools: Tools, execute?: ExecuteAny) => Tools;

/** The tools of a task. Nothing of them is loaded before one of these is used. */
export interface TaskTools {
  /**
   * Calls a tool by its name: a built-in one, one of the handler (`defineTask({ tools })`, `wrap`), or one of the host. The input is
   * checked, the host decides by the policy of the task, and the call is told as `task:tool:start` and `task:tool:end`.
   * @throws TaskSystemError `TOOL_DENIED`, `TOOL_UNKNOWN`, `TOOL_INPUT_INVALID`, `TOOL_TIMEOUT`, `TOOL_OUTPUT_INVALID`, `TOOL_FAILED`,
   * `TOOL_BUSY`, `TOOL_ABORTED`; or what the handler's own tool throws.
   */
  readonly call: CallTool;
  /**
   * The same tools, with an `execute` that does what `call` does: hand them to a model, and each of its calls is checked, decided,
   * limited and told. Fields of an SDK's own stay as they are. From then on `call` knows them too.
   * @param execute runs the tools that have no function of their own.
   * @throws TaskSystemError `TOOL_INVALID` when one cannot be used as a tool, or has the name of a built-in one.
   */
  readonly wrap: WrapTools;
  /** The tools that the policy may allow, built-in ones, those of the handler and those of the host; by name. */
  readonly list: () => Promise<readonly ListedTool[]>;
}

/** What the program of the tools needs of the process it lives in. */
export interface ToolPorts {
  readonly call: (method: 'toolStart' | 'toolEnd' | 'toolRun' | 'toolList' | 'remember', params: JsonValue) => Promise<JsonValue>;
  readonly task: CallingTask;
  /** Absolute path of the workspace. */
  readonly workspace: string;
  /** Aborted when the task is being stopped. */
  readonly signal: AbortSignal;
  /** The tools of the handler's definition. */
  readonly tools?: ToolSet;
  /** Absolute path of the project's directory, where the task may look at it. */
  readonly project?: string;
  /** Hears output that comes bit by bit, where the caller does not. */
  readonly onOutput?: (chunk: ToolOutputChunk) => void;
}

/** What the program of the tools exports. */
export interface ToolsProgram {
  readonly createTools: (ports: ToolPorts) => TaskTools;
}
