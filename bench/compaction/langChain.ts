import { AIMessage, HumanMessage, SystemMessage, ToolMessage, trimMessages, type BaseMessage } from '@langchain/core/messages';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { ClearToolUsesEdit } from 'langchain';
import { countMessages, parse, type ChatMessage } from './Chat.ts';
import type { Method } from './Method.ts';

/** Counts messages of LangChain as all others are counted. */
export type CountLangChain = (messages: readonly BaseMessage[]) => number;

const count: CountLangChain = (messages) => countMessages(messages.map(fromLangChain));

/** The latest messages that fit, and the system's; the second also begins with the user, as most APIs demand. */
export const trims: readonly Method[] = [
  { name: 'LangChain trimMessages', shrink: (messages, budget) => trim(messages, budget) },
  { name: 'LangChain trimMessages, startOn human', shrink: (messages, budget) => trim(messages, budget, { startOn: 'human' }) },
];

/** Results of tools give way to a word, but for the last three. */
export const clears: Method = {
  name: 'LangChain ClearToolUsesEdit',
  async shrink(messages, budget) {
    const edited = messages.map(toLangChain);
    const edit = new ClearToolUsesEdit({ trigger: { tokens: budget }, keep: { messages: 3 } });
    await edit.apply({ messages: edited, countTokens: count, model: new FakeListChatModel({ responses: [] }) });
    return edited.map(fromLangChain);
  },
};

/** `trimMessages` as its documentation uses it, with an exact counter. */
export async function trimLangChain(messages: BaseMessage[], maxTokens: number, tokenCounter: CountLangChain, extra: { readonly startOn?: 'human' } = {}): Promise<BaseMessage[]> {
  return trimMessages(messages, { maxTokens, tokenCounter, strategy: 'last', includeSystem: true, allowPartial: false, ...extra });
}

/** A message as LangChain has it. */
export function toLangChain({ role, content, tool_calls: calls = [], tool_call_id: id = '' }: ChatMessage): BaseMessage {
  if (role === 'system') return new SystemMessage(content ?? '');
  if (role === 'user') return new HumanMessage(content ?? '');
  if (role === 'tool') return new ToolMessage({ content: content ?? '', tool_call_id: id });
  return new AIMessage({ content: content ?? '', tool_calls: calls.map((call) => ({ id: call.id, name: call.function.name, args: recordOf(parse(call.function.arguments)), type: 'tool_call' })) });
}

/** And back. */
export function fromLangChain(message: BaseMessage): ChatMessage {
  const content = typeof message.content === 'string' ? message.content : JSON.stringify(message.content);
  if (SystemMessage.isInstance(message)) return { role: 'system', content };
  if (HumanMessage.isInstance(message)) return { role: 'user', content };
  if (ToolMessage.isInstance(message)) return { role: 'tool', content, tool_call_id: message.tool_call_id };
  const calls = AIMessage.isInstance(message) ? message.tool_calls ?? [] : [];
  if (calls.length === 0) return { role: 'assistant', content };
  return { role: 'assistant', content: content === '' ? null : content, tool_calls: calls.map(({ id = '', name, args }) => ({ id, type: 'function', function: { name, arguments: JSON.stringify(args) } })) };
}

async function trim(messages: readonly ChatMessage[], budget: number, extra: { readonly startOn?: 'human' } = {}): Promise<readonly ChatMessage[]> {
  return (await trimLangChain(messages.map(toLangChain), budget, count, extra)).map(fromLangChain);
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : { value };
}
