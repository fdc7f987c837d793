import { parseJson } from '../../types/Json.ts';
import { isRecord } from '../../types/isRecord.ts';
import { toText } from './renderMessage.ts';

/** A message of any chat API: a role, and whatever else belongs to it. */
export interface ContextMessage {
  readonly role: string;
  readonly content?: unknown;
}

/** A call of a tool. */
export interface ReadCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** The result of a call. */
export interface ReadResult {
  readonly id: string;
  readonly text: string;
  readonly isError: boolean;
}

/** A message, as far as compaction needs to understand it. */
export interface ReadMessage {
  readonly texts: readonly string[];
  readonly calls: readonly ReadCall[];
  readonly results: readonly ReadResult[];
  /** Ids by which the parts of an approval find each other. */
  readonly asks: readonly string[];
  readonly answers: readonly string[];
  /** Holds only what the model thought; it belongs to the message after it. */
  readonly isReasoning: boolean;
}

/** Reads a message in the shape of OpenAI's chat API or of the AI SDK. What it does not know it leaves out. */
export function readMessage(message: ContextMessage): ReadMessage {
  const parts: readonly unknown[] = Array.isArray(message.content) ? message.content : [];
  const records = parts.filter(isRecord);
  const isResult = (message.role === 'tool' || message.role === 'function') && !records.some(({ type }) => type === 'tool-result' || type === 'tool-approval-response');
  const own = typeof message.content === 'string' ? [message.content] : records.flatMap(({ type, text }) => (type !== 'reasoning' && typeof text === 'string' ? [text] : []));
  return {
    texts: isResult ? [] : own,
    calls: [...openAiCalls(message), ...records.flatMap((part) => (part['type'] === 'tool-call' ? [{ id: textIn(part, 'toolCallId'), name: textIn(part, 'toolName'), input: part['input'] }] : []))],
    results: isResult ? [openAiResult(message, own)] : records.flatMap((part) => (part['type'] === 'tool-result' ? [sdkResult(part)] : [])),
    asks: idsOf(records, 'tool-approval-request'),
    answers: idsOf(records, 'tool-approval-response'),
    isReasoning: message.role === 'assistant' && records.length > 0 && records.every(({ type }) => type === 'reasoning'),
  };
}

/** What a tool gave back, as text. */
export function outputText(output: unknown): string {
  return toText(isRecord(output) && 'value' in output ? output['value'] : output);
}

function openAiCalls(message: object): readonly ReadCall[] {
  const calls: unknown = Reflect.get(message, 'tool_calls');
  const old: unknown = Reflect.get(message, 'function_call');
  const listed: readonly unknown[] = Array.isArray(calls) ? calls : [];
  return [...listed, ...(isRecord(old) ? [{ id: `function:${textIn(old, 'name')}`, function: old }] : [])].filter(isRecord).map((call) => {
    const called = isRecord(call['function']) ? call['function'] : call;
    return { id: textIn(call, 'id'), name: textIn(called, 'name'), input: tryParse(textIn(called, 'arguments')) };
  });
}

function openAiResult(message: ContextMessage, own: readonly string[]): ReadResult {
  const id: unknown = Reflect.get(message, 'tool_call_id');
  const name: unknown = Reflect.get(message, 'name');
  const text = own.join('\n');
  return { id: typeof id === 'string' ? id : `function:${String(name)}`, text, isError: /^\W{0,2}(?:error|exception|failed)\b/i.test(text) };
}

function sdkResult(part: Readonly<Record<string, unknown>>): ReadResult {
  const { output } = part;
  const type = isRecord(output) ? output['type'] : undefined;
  const text = outputText(output ?? part['result']);
  return { id: textIn(part, 'toolCallId'), text, isError: type === 'error-text' || type === 'error-json' || /^\W{0,2}(?:error|exception|failed)\b/i.test(text) };
}

function idsOf(parts: readonly Readonly<Record<string, unknown>>[], type: string): readonly string[] {
  return parts.flatMap((part) => (part['type'] === type ? [textIn(part, 'approvalId')] : []));
}

function textIn(record: Readonly<Record<string, unknown>>, key: string): string {
  const value = record[key];
  return typeof value === 'string' ? value : '';
}

/** Models sometimes write arguments that are no JSON; then they are text. */
function tryParse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
