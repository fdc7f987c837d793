import { generateText, isStepCount } from 'ai';
import { defineTask } from 'task-system/task';
import * as z from 'zod';

/** The AI SDK: `model()` is one of its models, and `tools.list()` gives tools that it takes as they are. */
export default defineTask({
  input: z.object({ question: z.string() }),
  async run({ input, context, model, tools, signal }) {
    const { text } = await generateText({
      model: model('default'),
      instructions: context.instructions,
      prompt: input.question,
      tools: Object.fromEntries((await tools.list()).map((tool) => [tool.modelName, tool])),
      stopWhen: isStepCount(5),
      prepareStep: async ({ messages }) => ({ messages: [...(await context.prepare(messages, { maxTokens: 8_000 })).messages] }),
      abortSignal: signal,
      maxRetries: 0, // the host repeats what may be repeated
    });
    return text;
  },
});
