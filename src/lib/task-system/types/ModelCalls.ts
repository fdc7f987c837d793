import type { JsonObject, JsonValue } from './Json.ts';

/** The largest request to a model, as JSON, in bytes: a million tokens of text. */
export const MAX_MODEL_REQUEST_BYTES = 4 * 1024 * 1024;

/** The largest answer of a model, as JSON, in bytes. */
export const MAX_MODEL_RESPONSE_BYTES = 1024 * 1024;

/** How many calls of models one task may have under way: together their answers stay below what may wait for a child that does not read. */
export const MAX_OPEN_MODEL_CALLS = 6;

/** What a task asks of the models of its host. `call` is a number of the task's own choice. */
export type ModelOrder =
  /** Makes a call. Answered by the result, or once the stream has begun. */
  | { readonly op: 'generate' | 'stream'; readonly call: number; readonly model: string; readonly options: JsonObject; readonly isTurn?: true }
  /** Waits for more of a stream. Answered by a {@link ModelParts}. Asking is what makes room: nothing is sent that nobody waits for. */
  | { readonly op: 'pull'; readonly call: number }
  | { readonly op: 'abort'; readonly call: number }
  /** Answered by a {@link ModelDescription}. */
  | { readonly op: 'describe'; readonly model: string };

/** The next parts of a stream, in order; `isDone` after the last one. */
export interface ModelParts {
  readonly parts: readonly JsonValue[];
  readonly isDone: boolean;
}

/** What a task has to know of a model before it calls it. */
export interface ModelDescription {
  /** Source and flags of the patterns, by type of media. */
  readonly supportedUrls: Readonly<Record<string, readonly (readonly [source: string, flags: string])[]>>;
}
