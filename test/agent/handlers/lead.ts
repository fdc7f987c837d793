import { writeFile } from 'node:fs/promises';
import { runAgent } from 'task-system/agent';
import { defineTask } from 'task-system/task';

/** An agent that may start others, with a large file to read. */
export default defineTask({
  async run(context) {
    await writeFile(context.workspace.resolve('large.txt'), 'A line about bees and honey.\n'.repeat(1_500));
    const { text, steps, toolCalls } = await runAgent(context, {
      prompt: JSON.stringify(context.input), subAgents: ['look'], maxTokens: 12_000, reserveTokens: 1_000, ...context.task.metadata,
    });
    return { text, steps, toolCalls };
  },
});
