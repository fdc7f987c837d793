import { TokenLimiterProcessor } from '@mastra/core/processors';
import { pruneMessages, type ModelMessage } from 'ai';
import { parse, type ChatMessage } from './Chat.ts';
import type { Method } from './Method.ts';

type Prune = NonNullable<Parameters<typeof pruneMessages>[0]['toolCalls']>;

/** Calls and results go, but for those of the last messages, or all of them. It knows no budget. */
export const prunes: readonly Method[] = [
  { name: 'AI SDK pruneMessages, before last 6', shrink: (messages) => prune(messages, 'before-last-6-messages') },
  { name: 'AI SDK pruneMessages, all', shrink: (messages) => prune(messages, 'all') },
];

/** The latest messages that fit by its own estimate; "best-fit" leaves gaps where one is too large. */
export const limiters: readonly Method[] = (['best-fit', 'contiguous'] as const).map((trimMode) => ({
  name: `Mastra TokenLimiter, ${trimMode}`,
  async shrink(messages, budget) {
    const prompt = messages.map(toSdk);
    const limiter = new TokenLimiterProcessor({ limit: budget, trimMode });
    try {
      // All that it reads of its argument is the prompt.
      const work: unknown = Reflect.get(limiter, 'processLLMRequest');
      const result: unknown = typeof work === 'function' ? await Reflect.apply(work, limiter, [{ prompt }]) : undefined;
      const trimmed: unknown = typeof result === 'object' && result !== null ? Reflect.get(result, 'prompt') : prompt;
      const kept: ReadonlySet<unknown> = new Set(Array.isArray(trimmed) ? trimmed : []);
      return messages.filter((_, place) => kept.has(prompt[place]));
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('TokenLimiterProcessor:')) return undefined;
      throw error;
    }
  },
}));

function prune(messages: readonly ChatMessage[], toolCalls: Prune): Promise<readonly ChatMessage[]> {
  return Promise.resolve(pruneMessages({ messages: messages.map(toSdk), toolCalls }).map(fromSdk));
}

function toSdk({ role, content, tool_calls: calls = [], tool_call_id: toolCallId = '' }: ChatMessage): ModelMessage {
  const text = content === null || content === '' ? [] : [{ type: 'text' as const, text: content }];
  if (role === 'system') return { role, content: content ?? '' };
  if (role === 'user') return { role, content: text };
  if (role === 'tool') return { role, content: [{ type: 'tool-result', toolCallId, toolName: 'tool', output: { type: 'text', value: content ?? '' } }] };
  return { role: 'assistant', content: [...text, ...calls.map(({ id, function: { name, arguments: input } }) => ({ type: 'tool-call' as const, toolCallId: id, toolName: name, input: parse(input) }))] };
}

function fromSdk({ role, content }: ModelMessage): ChatMessage {
  if (typeof content === 'string') return { role, content };
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  const [result] = content.flatMap((part) => (part.type === 'tool-result' ? [part] : []));
  if (role === 'tool' && result !== undefined) return { role, content: result.output.type === 'text' ? result.output.value : JSON.stringify(result.output), tool_call_id: result.toolCallId };
  const calls = content.flatMap((part) => (part.type === 'tool-call' ? [{ id: part.toolCallId, type: 'function' as const, function: { name: part.toolName, arguments: JSON.stringify(part.input) } }] : []));
  return { role, content: text === '' && calls.length > 0 ? null : text, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}
