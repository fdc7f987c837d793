import { BaseChatModel, type BaseChatModelCallOptions, type BindToolsInput } from '@langchain/core/language_models/chat_models';
import { AIMessage, ToolMessage, type BaseMessage } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';
import type { Runnable } from '@langchain/core/runnables';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import type { TaskModel } from 'task-system/task';

interface HostCallOptions extends BaseChatModelCallOptions {
  readonly tools?: readonly BindToolsInput[];
}

/** A chat model of LangChain whose calls go through the host of the task. */
export class HostChatModel extends BaseChatModel<HostCallOptions> {
  readonly #model: TaskModel;

  constructor(model: TaskModel) {
    super({ maxRetries: 0 });
    this.#model = model;
  }

  _llmType(): string {
    return 'task-system';
  }

  override bindTools(tools: BindToolsInput[], more: Partial<HostCallOptions> = {}): Runnable {
    return this.withConfig({ ...more, tools });
  }

  async _generate(messages: BaseMessage[], { tools = [], signal }: this['ParsedCallOptions']): Promise<ChatResult> {
    const request = { prompt: messages.map(toPrompt), tools: tools.map(toTool), abortSignal: signal };
    const { content } = await this.#model.doGenerate(request);
    const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const calls = content.filter((part) => part.type === 'tool-call');
    const message = new AIMessage({ content: text, tool_calls: calls.map(({ toolCallId, toolName, input }) => ({ id: toolCallId, name: toolName, args: argumentsOf(input) })) });
    return { generations: [{ text, message }] };
  }
}

/** A model may write anything; the tool says what is wrong with it. */
function argumentsOf(input: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(input);
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : { input };
}

function toTool(tool: BindToolsInput): object {
  const { name, description, parameters } = convertToOpenAITool(tool).function;
  return { type: 'function', name, description, inputSchema: parameters };
}

function toPrompt(message: BaseMessage): object {
  const { type, text } = message;
  if (type === 'system') return { role: 'system', content: text };
  if (ToolMessage.isInstance(message)) return { role: 'tool', content: [{ type: 'tool-result', toolCallId: message.tool_call_id, toolName: message.name ?? '', output: { type: 'text', value: text } }] };
  const said = text === '' ? [] : [{ type: 'text', text }];
  if (!AIMessage.isInstance(message)) return { role: 'user', content: said };
  const calls = (message.tool_calls ?? []).map(({ id = '', name, args }) => ({ type: 'tool-call', toolCallId: id, toolName: name, input: args }));
  return { role: 'assistant', content: [...said, ...calls] };
}
