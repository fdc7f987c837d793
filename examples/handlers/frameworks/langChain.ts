import { createAgent, tool } from 'langchain';
import { defineTask } from 'task-system/task';
import * as z from 'zod';
import { HostChatModel } from './HostChatModel.ts';

/** LangChain, with a small adapter that makes one of its chat models out of `model()`. */
export default defineTask({
  input: z.object({ question: z.string() }),
  async run({ input, context, model, tools, signal }) {
    const agent = createAgent({
      model: new HostChatModel(model('default')),
      systemPrompt: context.instructions,
      tools: (await tools.list()).map(({ modelName, description, inputSchema, execute }) => tool(
        async (asked: unknown) => JSON.stringify(await execute(asked)), { name: modelName, description, schema: z.fromJSONSchema({ ...inputSchema }) },
      )),
    });
    const { messages } = await context.prepare([{ role: 'user', content: input.question }], { maxTokens: 8_000 });
    const answer = await agent.invoke({ messages: messages.map(({ role, content }) => ({ role, content })) }, { signal, recursionLimit: 10 });
    return answer.messages.at(-1)?.text ?? '';
  },
});
