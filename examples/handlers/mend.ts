import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { runAgent } from 'task-system/agent';
import { defineTask } from 'task-system/task';
import * as z from 'zod';

/** A program with a mistake in it. */
const BROKEN = `/** How many there are, of all items together. */
export function countStock(items) {
  let total = 0;
  for (let index = 1; index < items.length; index++) total += items[index];
  return total;
}
`;

export default defineTask({
  input: z.object({ complaint: z.string() }),
  async run(context) {
    const { input, workspace } = context;
    const program = workspace.resolve('stock.mjs');
    await writeFile(program, BROKEN);
    const { text, steps, toolCalls, plan } = await runAgent(context, {
      instructions: 'You mend small programs. Look at the files first, change as little as possible, then say what was wrong in one sentence.',
      prompt: `${input.complaint} The program is in stock.mjs.`,
      maxSteps: 20,
    });
    const mended: unknown = await import(pathToFileURL(program).href);
    return { text, steps, toolCalls, plan: plan.map(({ text: step, status }) => `${step}: ${status}`), isMended: countsRight(mended) };
  },
});

/** What the agent says of its work is one thing; whether the program works is another. */
function countsRight(program: unknown): boolean {
  if (typeof program !== 'object' || program === null || !('countStock' in program) || typeof program.countStock !== 'function') return false;
  return Reflect.apply(program.countStock, undefined, [[1, 2, 3]]) === 6;
}
