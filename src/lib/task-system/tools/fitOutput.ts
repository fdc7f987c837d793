import { TaskSystemError } from '../types/Errors.ts';
import { isBoundedJson, isJsonObject, parseJson, stringifyJson, type JsonValue } from '../types/Json.ts';
import { messageOf } from '../types/messageOf.ts';

/** Texts that are shorter are never cut. */
const SHORTEST = 64;

/** What a call gave, within its bounds. */
export interface FittedOutput {
  readonly value: JsonValue;
  /** As JSON. */
  readonly bytes: number;
  readonly isCut: boolean;
}

/**
 * What a tool returned, as it survives JSON and within a bound: long texts in it are cut, with a mark that says how much is missing.
 * @throws TaskSystemError `TOOL_OUTPUT_INVALID` when it is no JSON, or too large without any long text in it.
 */
export function fitOutput(tool: string, value: unknown, maxBytes: number): FittedOutput {
  const text = write(tool, value);
  const bytes = Buffer.byteLength(text);
  const whole = parseJson(text);
  if (!isBoundedJson(whole)) throw invalid(tool, 'it is nested too deep');
  if (bytes <= maxBytes) return { value: whole, bytes, isCut: false };
  // Cutting all texts to the same length leaves the short ones whole, which say what the long ones are.
  for (let longest = Math.floor(maxBytes / 2); longest >= SHORTEST; longest = Math.floor(longest / 2)) {
    const cut = cutTexts(whole, longest);
    const cutBytes = Buffer.byteLength(JSON.stringify(cut));
    if (cutBytes <= maxBytes) return { value: cut, bytes: cutBytes, isCut: true };
  }
  throw invalid(tool, `it has ${String(bytes)} bytes as JSON, ${String(maxBytes)} are allowed`);
}

/** A copy in which no text is longer, marks not counted. */
function cutTexts(value: JsonValue, longest: number): JsonValue {
  if (typeof value === 'string') return cutText(value, longest);
  if (Array.isArray(value)) {
    const items: readonly JsonValue[] = value;
    return items.map((item) => cutTexts(item, longest));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutTexts(item, longest)]));
}

/** The beginning and the end of a text, and how much is missing between them. */
function cutText(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const head = Math.ceil(longest * 0.75);
  const missing = text.length - longest;
  return `${text.slice(0, head).toWellFormed()}\n[… ${String(missing)} characters left out …]\n${text.slice(text.length - (longest - head)).toWellFormed()}`;
}

function write(tool: string, value: unknown): string {
  if (value === undefined) return 'null';
  try {
    const text = stringifyJson(value);
    if (text !== undefined) return text;
  } catch (error) {
    throw invalid(tool, messageOf(error));
  }
  throw invalid(tool, `a ${typeof value} is not JSON`);
}

function invalid(tool: string, what: string): TaskSystemError {
  return new TaskSystemError('TOOL_OUTPUT_INVALID', `The output of ${tool}: ${what}`, { tool });
}
