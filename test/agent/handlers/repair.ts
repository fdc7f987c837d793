import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runAgent } from 'task-system/agent';
import { defineTask } from 'task-system/task';

/** A small repository with a mistake in it, a test that shows it, and a long history. */
const REPOSITORY = {
  'src/stock.mjs': 'export function countStock(items) {\n  let total = 0;\n  for (let index = 1; index < items.length; index++) total += items[index];\n  return total;\n}\n',
  'src/price.mjs': 'export function priceOf(count, price) {\n  return count * price;\n}\n',
  'test/stock.test.mjs': "import assert from 'node:assert';\nimport { test } from 'node:test';\nimport { countStock } from '../src/stock.mjs';\n\ntest('counts every item', () => { assert.equal(countStock([1, 2, 3]), 6); });\n",
  'HISTORY.md': 'A line of what was changed, by whom, and when it was.\n'.repeat(1_200),
};

export default defineTask({
  async run(context) {
    for (const [path, content] of Object.entries(REPOSITORY)) {
      await mkdir(context.workspace.resolve(dirname(path)), { recursive: true });
      await writeFile(context.workspace.resolve(path), content);
    }
    const { text, steps, toolCalls } = await runAgent(context, { prompt: 'Mend this repository.', subAgents: ['look'], maxTokens: 9_000, reserveTokens: 1_000 });
    return { text, steps, toolCalls, attempt: context.task.attempt };
  },
});
