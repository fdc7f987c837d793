import { parseJson } from '../../types/Json.ts';
import { isRecord } from '../../types/isRecord.ts';
import { outputText, type ContextMessage } from './readMessage.ts';
import { toText } from './renderMessage.ts';

/** Makes a text of a tool's result shorter, or leaves it. */
export type EditText = (text: string) => string;

/** A copy of a message whose tool results are edited. What is not changed is shared with the original. */
export function editResults<Message extends ContextMessage>(message: Message, edit: EditText): Message {
  const content: unknown = message.content;
  if (Array.isArray(content) && content.some((part) => isRecord(part) && part['type'] === 'tool-result')) {
    return Object.assign({}, message, { content: content.map((part: unknown) => (isRecord(part) && part['type'] === 'tool-result' ? editSdkResult(part, edit) : part)) });
  }
  if (message.role !== 'tool' && message.role !== 'function') return message;
  // A tool message that only answers an approval has nothing to shorten.
  if (Array.isArray(content) && content.every((part) => isRecord(part) && part['type'] === 'tool-approval-response')) return message;
  return Object.assign({}, message, { content: edit(typeof content === 'string' ? content : textOfParts(content)) });
}

/** A copy of a message in which no text is longer than `limit` characters; its shape, names and ids stay. */
export function shortenTexts<Message extends ContextMessage>(message: Message, limit: number): Message {
  const edit: EditText = (text) => headAndTail(text, limit);
  const edited = editResults(message, edit);
  const content: unknown = edited.content;
  const calls: unknown = Reflect.get(edited, 'tool_calls');
  return Object.assign({}, edited, {
    ...(typeof content === 'string' ? { content: edit(content) } : {}),
    ...(Array.isArray(content) ? { content: content.map((part: unknown) => shortenPart(part, edit)) } : {}),
    ...(Array.isArray(calls) ? { tool_calls: calls.map((call: unknown) => shortenCall(call, edit)) } : {}),
  });
}

/** Beginning and end of a text, with a mark between them that says how much is missing. Never longer than the text. */
function headAndTail(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, Math.ceil(limit * 0.6)).toWellFormed();
  const tail = limit < 2 ? '' : text.slice(text.length - Math.floor(limit * 0.4)).toWellFormed();
  const cut = `${head}\n[... ${text.length - head.length - tail.length} characters left out ...]\n${tail}`;
  return cut.length < text.length ? cut : text;
}

function editSdkResult(part: Readonly<Record<string, unknown>>, edit: EditText): object {
  const { output } = part;
  const text = outputText(output);
  const edited = edit(text);
  if (edited === text) return part;
  const isError = isRecord(output) && (output['type'] === 'error-text' || output['type'] === 'error-json');
  return { ...part, output: { type: isError ? 'error-text' : 'text', value: edited } };
}

function shortenPart(part: unknown, edit: EditText): unknown {
  if (!isRecord(part)) return part;
  if (part['type'] === 'text' && typeof part['text'] === 'string') return { ...part, text: edit(part['text']) };
  return part['type'] === 'tool-call' ? { ...part, input: shortenLeaves(part['input'], edit) } : part;
}

function shortenCall(call: unknown, edit: EditText): unknown {
  const called = isRecord(call) ? call['function'] : undefined;
  const text = isRecord(called) ? called['arguments'] : undefined;
  if (!isRecord(call) || !isRecord(called) || typeof text !== 'string') return call;
  return { ...call, function: { ...called, arguments: shortenArguments(text, edit) } };
}

/** Stays JSON, because APIs refuse arguments that are none. */
function shortenArguments(text: string, edit: EditText): string {
  try {
    return JSON.stringify(shortenLeaves(parseJson(text), edit));
  } catch {
    return JSON.stringify({ text: edit(text) });
  }
}

function shortenLeaves(value: unknown, edit: EditText): unknown {
  if (typeof value === 'string') return edit(value);
  if (Array.isArray(value)) return value.map((item: unknown) => shortenLeaves(item, edit));
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortenLeaves(item, edit)])) : value;
}

function textOfParts(content: unknown): string {
  if (!Array.isArray(content)) return toText(content ?? '');
  return content.map((part: unknown) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : toText(part))).join('\n');
}
