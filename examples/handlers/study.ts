import { writeFile } from 'node:fs/promises';
import { defineTask } from 'task-system/task';
import * as z from 'zod';

/**
 * Studies a topic. Where a model would be asked, it only looks at what a model would be told: `context.instructions` for its
 * system prompt, `context.messages` before its first message.
 */
export default defineTask({
  input: z.object({ topic: z.string() }),
  async run({ input, context, workspace }) {
    const notes = context.messages.map(({ content }) => content).join('\n');
    const before = [...notes.matchAll(/Studied (.+?)\./g)].map(([, topic]) => topic);
    await writeFile(workspace.resolve('study.md'), `# ${input.topic}\n`);
    await context.remember(`Studied ${input.topic}.`, { files: ['study.md'] });
    return { knows: before.toReversed(), isToldWhatTheProjectIs: context.instructions.includes('# task-system') };
  },
});
