import type { ChatRequest, ScriptedReply } from './chat.ts';

/** What a model would do that is asked for the stock: it asks a tool, and says what the tool said, as short as the project wants it. */
export function stockScript({ messages }: ChatRequest): ScriptedReply {
  const last = messages.at(-1);
  if (last?.role !== 'tool') return { calls: [{ name: 'stock_find', arguments: { item: 'screws' } }] };
  const count = /"count":(\d+)/.exec(textOf(last.content))?.[1];
  const isShort = messages.some(({ role, content }) => role === 'system' && textOf(content).includes('Answer in one short sentence'));
  return { text: isShort ? `There are ${count ?? 'no'} screws in stock.` : 'I was not told how to answer, so let me begin with the history of the screw.' };
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}
