import { Agent, Runner, tool, user } from '@openai/agents';
import { aisdk } from '@openai/agents-extensions/ai-sdk';
import { defineTask } from 'task-system/task';
import * as z from 'zod';

/** OpenAI Agents JS, with its own adapter for models of the AI SDK. Its traces would go to OpenAI, so they are off. */
export default defineTask({
  input: z.object({ question: z.string() }),
  async run({ input, context, model, tools, signal }) {
    const agent = new Agent({
      name: 'clerk',
      instructions: context.instructions,
      // @ts-expect-error -- the adapter's own types do not stand `exactOptionalPropertyTypes`
      model: aisdk(model('default')),
      tools: (await tools.list()).map(({ modelName, description, inputSchema, execute }) => tool({
        name: modelName, description, strict: false, execute: (asked) => execute(asked),
        // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- the types of the SDK know a few kinds of JSON Schema only
        parameters: { type: 'object', properties: Object(inputSchema['properties'] ?? {}), required: Object(inputSchema['required'] ?? []), additionalProperties: true },
      })),
    });
    const { messages } = await context.prepare([{ role: 'user', content: input.question }], { maxTokens: 8_000 });
    const { finalOutput } = await new Runner({ tracingDisabled: true }).run(agent, messages.map(({ content }) => user(content)), { maxTurns: 5, signal });
    return String(finalOutput);
  },
});
