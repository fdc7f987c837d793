import type { LanguageModelV4CallOptions, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { TaskSystemError } from '../types/Errors.ts';
import type { JsonObject, JsonValue } from '../types/Json.ts';
import { isRecord } from '../types/isRecord.ts';
import type { ResolvedModel } from '../types/Models.ts';

/**
 * What a task may set of a call. Not `headers`, which could carry a key to somebody else, and not `providerOptions` of the call, which
 * can name a dearer model.
 */
const FIELDS = [
  'maxOutputTokens', 'temperature', 'stopSequences', 'topP', 'topK', 'presencePenalty', 'frequencyPenalty', 'responseFormat', 'seed', 'tools', 'toolChoice',
  'includeRawChunks', 'reasoning',
] as const;

/** A request as the model of the SDK takes it, but for the signal. @throws TaskSystemError `MODEL_REQUEST_INVALID`. */
export function readRequest(options: JsonObject, model: ResolvedModel): LanguageModelV4CallOptions {
  const prompt: unknown = reviveAddresses(options['prompt'] ?? null);
  if (!isPrompt(prompt)) throw new TaskSystemError('MODEL_REQUEST_INVALID', `The request to "${model.name}" has no prompt`, { model: model.name });
  const chosen = Object.fromEntries(FIELDS.filter((field) => options[field] !== undefined).map((field) => [field, options[field]]));
  return { ...chosen, prompt, providerOptions: copyOf(model.providerOptions) };
}

/** What a request asks for that is not passed on, for its warnings. */
export function ignoredFields(options: JsonObject): readonly string[] {
  return ['providerOptions', 'headers'].filter((field) => {
    const value = options[field];
    return isRecord(value) && Object.keys(value).some((key) => key.toLowerCase() !== 'user-agent');
  });
}

/** The tools of a request that run at the provider, by id. */
export function providerTools(options: JsonObject): readonly { readonly id: string; readonly args: JsonValue }[] {
  const { tools } = options;
  if (!Array.isArray(tools)) return [];
  return tools.filter((tool) => !isRecord(tool) || tool['type'] !== 'function').map((tool: unknown) => ({
    id: isRecord(tool) && typeof tool['id'] === 'string' ? tool['id'] : 'unknown',
    args: isRecord(tool) && isRecord(tool['args']) ? asJson(tool['args']) : null,
  }));
}

/** Files by their address: JSON made texts of the URLs. */
function reviveAddresses(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map((item: JsonValue) => reviveAddresses(item));
  if (!isRecord(value)) return value;
  if (value['type'] === 'url' && typeof value['url'] === 'string' && URL.canParse(value['url'])) return { ...value, url: new URL(value['url']) };
  return value['content'] === undefined && value['data'] === undefined
    ? value
    : { ...value, ...(value['content'] === undefined ? {} : { content: reviveAddresses(asJson(value['content'])) }), ...(value['data'] === undefined ? {} : { data: reviveAddresses(asJson(value['data'])) }) };
}

function asJson(value: unknown): JsonValue {
  return isJson(value) ? value : null;
}

/** What is inside of a value that came out of JSON is JSON. */
function isJson(value: unknown): value is JsonValue {
  return value !== undefined;
}

function isPrompt(value: unknown): value is LanguageModelV4Prompt {
  return Array.isArray(value) && value.length > 0 && value.every((message: unknown) => isRecord(message) && typeof message['role'] === 'string' && message['content'] !== undefined);
}

function copyOf(options: ResolvedModel['providerOptions']): NonNullable<LanguageModelV4CallOptions['providerOptions']> {
  const copy: unknown = structuredClone(options);
  return isOptions(copy) ? copy : {};
}

function isOptions(value: unknown): value is NonNullable<LanguageModelV4CallOptions['providerOptions']> {
  return isRecord(value);
}
