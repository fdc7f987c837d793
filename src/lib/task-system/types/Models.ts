import type { JsonObject, JsonValue } from './Json.ts';

/**
 * A language model of the AI SDK 7 (`LanguageModelV4`), such as `openai('gpt-5')`. It stays in the host, with its key; nothing of the
 * SDK is loaded by the library itself.
 */
export interface HostModel {
  readonly specificationVersion: 'v4';
  readonly provider: string;
  readonly modelId: string;
  readonly doGenerate: (options: never) => PromiseLike<unknown>;
  readonly doStream: (options: never) => PromiseLike<unknown>;
}

/** A model, and how it may be used. */
export interface ModelOptions {
  /** A language model of the AI SDK, or with `baseURL` the name under which its server knows it. */
  readonly model: HostModel | string;
  /** Address of any server that speaks the chat protocol of OpenAI, such as `https://api.openai.com/v1`. Needs the package `@ai-sdk/openai-compatible`. @defaultValue none */
  readonly baseURL?: string;
  /** Key of that server. It never leaves the host. @defaultValue none */
  readonly apiKey?: string;
  /** How many calls may be under way at once, over all tasks; more wait for their turn. @defaultValue 16 */
  readonly maxParallel?: number;
  /** How many calls may begin within a minute, over all tasks; more wait. `false`: any number. @defaultValue false */
  readonly requestsPerMinute?: number | false;
  /** How often a call is made at most when the provider refuses it with 429, a status of 5xx, or the connection fails before the first part. @defaultValue 4 */
  readonly maxAttempts?: number;
  /** How long a provider may ask to wait with `Retry-After`, in milliseconds; a longer wait fails the call. @defaultValue 60_000 (1 minute) */
  readonly maxRetryAfterMs?: number;
  /** How long the first part of an answer may take, in milliseconds, before the call fails with `MODEL_TIMEOUT`. @defaultValue 120_000 (2 minutes) */
  readonly firstTokenMs?: number;
  /** How long a call may take altogether, its repetitions and their waits included, in milliseconds. @defaultValue 600_000 (10 minutes) */
  readonly totalMs?: number;
  /** What a million tokens cost, for the budget of `cost`. @defaultValue nothing */
  readonly price?: ModelPrice;
  /** Settings for the provider of every call, as the AI SDK takes them. Those that a task gives are left out, since they can change what a call costs. @defaultValue none */
  readonly providerOptions?: Readonly<Record<string, JsonObject>>;
}

/** What a million tokens cost, in any currency. */
export interface ModelPrice {
  /** Of what is sent. */
  readonly input: number;
  /** Of what is said. */
  readonly output: number;
  /** Of what is sent and was in the provider's cache. @defaultValue `input` */
  readonly cachedInput?: number;
}

/** A model after checking, every default filled in. */
export interface ResolvedModel {
  readonly name: string;
  readonly model: HostModel | { readonly baseURL: string; readonly apiKey?: string; readonly id: string };
  readonly maxParallel: number;
  readonly requestsPerMinute: number | false;
  readonly maxAttempts: number;
  readonly maxRetryAfterMs: number;
  readonly firstTokenMs: number;
  readonly totalMs: number;
  readonly price?: ModelPrice;
  readonly providerOptions: Readonly<Record<string, JsonObject>>;
}

/** How many tokens a call took, as the AI SDK tells it. */
export interface TaskModelUsage {
  readonly inputTokens: { total: number | undefined; noCache: number | undefined; cacheRead: number | undefined; cacheWrite: number | undefined };
  readonly outputTokens: { total: number | undefined; text: number | undefined; reasoning: number | undefined };
}

/** Why a model stopped. */
export interface TaskModelFinish {
  unified: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error' | 'interrupted' | 'other';
  raw: string | undefined;
}

/** What a model said. Other kinds (files, sources and so on) are passed on as the provider gave them. */
export type TaskModelContent =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: string };

/** A part of a streamed answer. Other kinds are passed on as the provider gave them. */
export type TaskModelPart =
  | { type: 'stream-start'; warnings: TaskModelWarning[] }
  | { type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end' | 'tool-input-end'; id: string }
  | { type: 'text-delta' | 'reasoning-delta' | 'tool-input-delta'; id: string; delta: string }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: string }
  | { type: 'finish'; usage: TaskModelUsage; finishReason: TaskModelFinish }
  | { type: 'error'; error: unknown };

/** What a provider has to say about a request. */
export interface TaskModelWarning { type: 'other'; message: string }

/** An answer as a whole. */
export interface TaskModelResult {
  content: TaskModelContent[];
  finishReason: TaskModelFinish;
  usage: TaskModelUsage;
  warnings: TaskModelWarning[];
}

/** What is sent to a model: the call options of the AI SDK. */
export interface TaskModelRequest {
  readonly prompt: readonly object[];
  readonly abortSignal?: AbortSignal | undefined;
}

/**
 * A language model as a task has it: what the AI SDK 7 calls a `LanguageModelV4`. Its calls go through the host, which has the key,
 * counts what they cost and repeats what may be repeated.
 */
export interface TaskModel {
  readonly specificationVersion: 'v4';
  readonly provider: string;
  readonly modelId: string;
  /** Which addresses the provider can load by itself; a task has no network to do so. */
  readonly supportedUrls: PromiseLike<Record<string, RegExp[]>>;
  /** @throws TaskSystemError a `MODEL_…` code, or `BUDGET_SPENT`. */
  readonly doGenerate: (request: TaskModelRequest) => Promise<TaskModelResult>;
  /** @throws TaskSystemError a `MODEL_…` code, or `BUDGET_SPENT`. */
  readonly doStream: (request: TaskModelRequest) => Promise<{ stream: ReadableStream<TaskModelPart> }>;
}

/** How a task uses a model. */
export interface ModelCallOptions {
  /** Whether each call counts as a turn of an agent, for the budget of `turns`. @defaultValue false */
  readonly isTurn?: boolean;
}

/** The models that a task is given. */
export interface StartModels {
  readonly names: readonly string[];
  /** Absolute path of the program that calls them; nothing of it is loaded before it is needed. */
  readonly program: string;
}

/** Asks the host for something that concerns models. */
export type AskModels = (params: JsonValue) => Promise<JsonValue>;

/** What the program that calls models exports. */
export interface ModelProgram {
  readonly createModels: (ask: AskModels) => (name: string, isTurn: boolean) => TaskModel;
}
