import { createTokenCounter } from 'task-system/task';

/** A message in the shape of OpenAI's chat API. Every method gives back this shape, so that all are counted alike. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly ChatCall[];
  readonly tool_call_id?: string;
}

/** A call of a tool. */
export interface ChatCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** The one exact counter that all methods share, and by which all are judged. */
export const { countMessage, countMessages } = createTokenCounter();

/** A conversation out of any JSON that has this shape. Arguments are written anew, so that equal ones have equal text. */
export function readChat(value: unknown): readonly ChatMessage[] {
  if (!Array.isArray(value)) throw new TypeError('a conversation is a list of messages');
  return value.map((message: unknown) => {
    const role = field(message, 'role');
    const content = field(message, 'content');
    const calls = field(message, 'tool_calls');
    const id = field(message, 'tool_call_id');
    return {
      role: String(role),
      content: typeof content === 'string' ? content : null,
      ...(Array.isArray(calls) && calls.length > 0 ? { tool_calls: calls.map(readCall) } : {}),
      ...(typeof id === 'string' ? { tool_call_id: id } : {}),
    };
  });
}

/** Everything in a conversation that a model can read, one text after the other. */
export function textOf(messages: readonly ChatMessage[]): string {
  return messages.flatMap(({ content, tool_calls: calls = [] }) => [content ?? '', ...calls.flatMap(({ function: { arguments: text } }) => [text, ...leavesOf(parse(text))])]).join('\n');
}

/** The values of a JSON value, as text. */
export function leavesOf(value: unknown): readonly string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}

/** Arguments as a model wrote them; what is no JSON is a text. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readCall(call: unknown): ChatCall {
  const called = field(call, 'function');
  const text = String(field(called, 'arguments'));
  const value = parse(text);
  return { id: String(field(call, 'id')), type: 'function', function: { name: String(field(called, 'name')), arguments: value === text ? text : JSON.stringify(value) } };
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
