/**
 * An agent mends a small broken program: it looks, finds the mistake, corrects it, and remembers what it did. Start it with
 * `node examples/agent.ts`. With OPENAI_BASE_URL and OPENAI_API_KEY (and OPENAI_MODEL) it is a real model that works, otherwise a
 * scripted one on the loopback. It uses `.task-system/agent`, or the folder that is named.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTaskSystem, type ModelOptions } from 'task-system';
import { mendScript } from './scripted/mendScript.ts';
import { ScriptedModel } from './scripted/ScriptedModel.ts';

const base = path.resolve(process.argv[2] ?? '.task-system/agent');
const project = path.join(base, 'project');
await rm(project, { recursive: true, force: true });
await mkdir(project, { recursive: true });
await writeFile(path.join(project, 'PROJECT.md'), '# Shop\n\nA shop that counts its stock. Keep functions small; never change the tests.\n');

const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey, OPENAI_MODEL: name = 'gpt-5' } = process.env;
const scripted = baseURL === undefined || apiKey === undefined ? await ScriptedModel.start(mendScript(), { apiKey: 'scripted-key' }) : undefined;
const model: ModelOptions = scripted === undefined ? { baseURL: baseURL ?? '', apiKey: apiKey ?? '', model: name } : { baseURL: scripted.baseURL, apiKey: 'scripted-key', model: 'scripted' };
console.log(scripted === undefined ? `The model is ${name} at ${baseURL ?? ''}.` : 'The model is a script: set OPENAI_BASE_URL and OPENAI_API_KEY for a real one.');

const tasks = await createTaskSystem({
  root: path.join(base, 'root'),
  tasks: { mend: { module: new URL('./handlers/mend.ts', import.meta.url), policy: { allow: ['fs.*'] }, budget: { modelCalls: 30, cost: 1 } } },
  projects: { shop: { dir: project } },
  models: { default: { ...model, price: { input: 2, output: 10 } } },
});
tasks.events.on('task:progress', ({ data }) => { console.log(`${String(Math.round(data.percent)).padStart(3)} % ${data.message ?? ''}`); });
tasks.events.on('task:tool:end', ({ data }) => { console.log(`      ${data.tool}: ${data.outcome}`); });
tasks.events.on('task:model:end', ({ data }) => { console.log(`      ${data.model}: ${String(data.inputTokens)} tokens in, ${String(data.outputTokens)} out`); });

const handle = await tasks.submit({ type: 'mend', project: 'shop', input: { complaint: 'The stock is always one too low.' } });
const result = await handle.result();
await tasks.close();
await scripted?.close();
console.log(JSON.stringify(result, null, 2));
console.log(`remembered: ${/completed.*$/m.exec(await readFile(path.join(project, 'MEMORY.md'), 'utf8'))?.[0] ?? 'nothing'}`);
