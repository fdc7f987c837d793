import { TaskSystemError, deserializeError, type SerializedError } from '../../types/Errors.ts';
import { isRecord } from '../../types/isRecord.ts';
import type { TaskModelPart, TaskModelResult } from '../../types/Models.ts';
import type { JsonValue } from '../../types/Json.ts';

/** An answer as the SDK wants it: with the dates and addresses that JSON made texts of. */
export function readResult(value: JsonValue, model: string): TaskModelResult {
  const answer = isRecord(value) ? { ...value, response: withDate(value['response']), content: Array.isArray(value['content']) ? value['content'].map(withAddress) : undefined } : undefined;
  if (isResult(answer)) return answer;
  throw new TaskSystemError('MODEL_FAILED', `The model "${model}" answered with something that is no answer`, { model });
}

/** The next parts of a stream, and whether they are the last ones. */
export function readParts(value: JsonValue): { readonly parts: readonly TaskModelPart[]; readonly isDone: boolean } {
  const { parts, isDone } = isRecord(value) ? value : {};
  return { parts: Array.isArray(parts) ? parts.map(revivePart).filter((part) => part !== undefined) : [], isDone: isDone === true };
}

/** The patterns of addresses that a provider loads by itself. */
export function readPatterns(value: JsonValue): Record<string, RegExp[]> {
  const { supportedUrls } = isRecord(value) ? value : {};
  if (!isRecord(supportedUrls)) return {};
  return Object.fromEntries(Object.entries(supportedUrls).map(([media, list]) => [media, Array.isArray(list) ? list.flatMap(toPattern) : []]));
}

function toPattern(pair: unknown): RegExp[] {
  const [source, flags] = isList(pair) ? pair : [];
  return typeof source === 'string' && typeof flags === 'string' ? [new RegExp(source, flags)] : [];
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function revivePart(part: unknown): TaskModelPart | undefined {
  if (!isRecord(part)) return undefined;
  const revived = part['type'] === 'response-metadata' ? withDate(part) : part['type'] === 'error' ? { type: 'error', error: toError(part['error']) } : withAddress(part);
  return isPart(revived) ? revived : undefined;
}

function withDate(value: unknown): unknown {
  return isRecord(value) && typeof value['timestamp'] === 'string' ? { ...value, timestamp: new Date(value['timestamp']) } : value;
}

function withAddress(part: unknown): unknown {
  const data = isRecord(part) ? part['data'] : undefined;
  if (!isRecord(part) || !isRecord(data) || data['type'] !== 'url' || typeof data['url'] !== 'string' || !URL.canParse(data['url'])) return part;
  return { ...part, data: { ...data, url: new URL(data['url']) } };
}

function toError(value: unknown): Error {
  return deserializeError(isSerialized(value) ? value : { name: 'Error', message: 'the host told of an error' });
}

function isSerialized(value: unknown): value is SerializedError {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['message'] === 'string';
}

function isPart(value: unknown): value is TaskModelPart {
  return isRecord(value) && typeof value['type'] === 'string';
}

function isResult(value: unknown): value is TaskModelResult {
  return isRecord(value) && Array.isArray(value['content']) && isRecord(value['usage']) && isRecord(value['finishReason']) && Array.isArray(value['warnings']);
}
