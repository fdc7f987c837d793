/**
 * Bring your own framework: the same question, answered by a task with the AI SDK, one with OpenAI Agents JS and one with LangChain.
 * Each has the model of the host, a tool of the host under policy, and the notes of the project. Start it with
 * `node examples/frameworks.ts`; it needs the packages `ai`, `@openai/agents`, `@openai/agents-extensions`, `langchain` and
 * `@langchain/core`. It uses `.task-system/frameworks`, or the folder that is named.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTaskSystem, defineTool } from 'task-system';
import { ScriptedModel } from './scripted/ScriptedModel.ts';
import { stockScript } from './scripted/stockScript.ts';

const base = path.resolve(process.argv[2] ?? '.task-system/frameworks');
const project = path.join(base, 'project');
await mkdir(project, { recursive: true });
await writeFile(path.join(project, 'PROJECT.md'), '# Shop\n\nAnswer in one short sentence.\n');

// The connection to the stock stays in the host: a task can ask, where its policy allows it.
const stock = new Map<unknown, number>([['screws', 1_250], ['nails', 980]]);
const findStock = defineTool({
  name: 'stock.find',
  description: 'Says how many of an item are in stock.',
  inputSchema: { type: 'object', properties: { item: { type: 'string' } }, required: ['item'] },
  execute: ({ item = '' }) => ({ item, count: stock.get(item) ?? 0 }),
});

const model = await ScriptedModel.start(stockScript, { apiKey: 'the-key' });
const policy = { allow: ['stock.find'] };
const tasks = await createTaskSystem({
  root: path.join(base, 'root'),
  models: { default: { baseURL: model.baseURL, apiKey: 'the-key', model: 'scripted' } },
  tools: [findStock],
  projects: { shop: { dir: project } },
  tasks: {
    'AI SDK': { module: new URL('./handlers/frameworks/aiSdk.ts', import.meta.url), policy },
    'OpenAI Agents JS': { module: new URL('./handlers/frameworks/openaiAgents.ts', import.meta.url), policy },
    LangChain: { module: new URL('./handlers/frameworks/langChain.ts', import.meta.url), policy },
  },
});
tasks.events.on('task:tool:end', ({ data }) => { console.log(`  ${data.tool}: ${data.outcome}`); });

for (const type of ['AI SDK', 'OpenAI Agents JS', 'LangChain']) {
  const handle = await tasks.submit({ type, project: 'shop', input: { question: 'How many screws do we have?' } });
  console.log(`${type}:`, await handle.result());
}
await tasks.close();
await model.close();
